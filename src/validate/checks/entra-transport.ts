import { checksOf } from "../check.ts";
import { must, mustAnswer, mustBe, mustFindOne } from "../expect.ts";
import { randomEmail, randomId } from "../random.ts";
import { servesBurst } from "./shared.ts";

const TUTORIAL = "Microsoft: Develop a SCIM endpoint";
const SEEN = "seen in requests of Entra";
const SCIM_JSON = "application/scim+json";

/** What Entra expects of an endpoint's answers, whatever is asked. */
export const entraTransportChecks = checksOf("entra", [
  {
    id: "entra-media-type",
    area: "Transport",
    title: "Answers are application/scim+json",
    rule: { says: "Every success and every error with a body is application/scim+json.", source: TUTORIAL },
    fix: "Send Content-Type: application/scim+json with lists, resources and errors.",
    run: async (session) => {
      const { id } = await session.user();
      for (const answer of [
        await session.get("User", id),
        await session.filtered("User", `userName eq "${randomEmail()}"`),
        await session.get("User", randomId()),
      ])
        must(
          answer.text === "" || answer.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() === SCIM_JSON,
          `${answer.request} was answered with Content-Type ${answer.headers["content-type"] ?? "(none)"}.`,
        );
    },
  },
  {
    id: "entra-encoding",
    area: "GET /Users",
    title: "Blanks in a filter may be +, and @ may be escaped or not",
    rule: { says: "Filters come with + or %20 for blanks, and with @ as it is or as %40.", source: SEEN },
    fix: "Decode the query as application/x-www-form-urlencoded before you parse the filter.",
    run: async (session) => {
      const { id, userName } = await session.user();
      const named = userName as string;
      for (const filter of [`userName+eq+%22${named}%22`, `userName%20eq%20%22${encodeURIComponent(named)}%22`])
        mustFindOne(await session.ask("GET", `${session.users.endpoint}?filter=${filter}`), id);
    },
  },
  {
    id: "entra-create-location",
    severity: "should",
    area: "POST /Users",
    title: "A creation says where the user is",
    rule: { says: "201 comes with the user, its id, meta.location and a Location header.", source: "RFC 7644 §3.3" },
    fix: "Send the header Location, and meta.location in the body, with the same absolute URL.",
    run: async (session) => {
      const answer = mustAnswer(await session.post("User", session.body("User")), 201);
      const { id, meta } = answer.json ?? {};
      must(typeof id === "string" && id !== "", "The answer to POST has no id of text.");
      const location = answer.headers.location;
      must(location?.endsWith(encodeURIComponent(id)) === true, `The header Location is ${location ?? "absent"}.`);
      mustBe(meta?.location, location, "meta.location");
    },
  },
  {
    id: "entra-broken-body",
    severity: "should",
    area: "Errors",
    title: "A body that is not JSON is refused with a SCIM error",
    rule: {
      says: "Errors are 4xx with a SCIM error body: Entra quotes the detail in its log.",
      source: "RFC 7644 §3.12",
    },
    fix: "Answer a request that can't be parsed with 400 and a SCIM error, never with 500 or HTML.",
    run: async (session) => {
      const answer = mustAnswer(await session.ask("POST", session.users.endpoint, '{"userName": '), 400);
      must(Array.isArray(answer.json?.schemas), "The body of the 400 is not a SCIM error.");
    },
  },
  {
    id: "entra-rate",
    severity: "should",
    area: "Transport",
    title: "25 requests at once are all answered",
    rule: { says: "At least 25 requests a second are served without 429.", source: TUTORIAL },
    fix: "Allow 25 requests a second for each tenant; queue short bursts instead of refusing them.",
    postern: "`limits` and the callers' rates in the configuration.",
    run: servesBurst,
  },
  {
    id: "entra-unauthenticated",
    area: "Transport",
    title: "Requests without credentials are refused",
    rule: { says: "A request without a token is answered with 401.", source: "RFC 7644 §2" },
    fix: "Refuse requests without valid credentials with 401.",
    run: async (session) => {
      const answer = await session.ask("GET", `${session.users.endpoint}?count=1`, undefined, { anonymous: true });
      mustAnswer(answer, 401);
    },
  },
]);
