import { isObject } from "../../scim/schema.ts";
import { checksOf, type Draft, type NotAsked } from "../check.ts";
import { must, mustAnswer, mustBe, mustFindOne } from "../expect.ts";
import { Skip } from "../outcome.ts";
import { randomEmail, randomId } from "../random.ts";
import { needed, patchBody, type Session } from "../session.ts";
import { recreated } from "./interop-changes.ts";
import { changesSeveral, servesBurst } from "./shared.ts";

/** Where the rules are written. */
export const IPSIE = "draft-schreiber-scim-ipsie-profile-00";
const SHARED = `${IPSIE}, shared prerequisites`;
const AL1 = `${IPSIE}, AL1`;

/** What IPSIE asks at every level, and at level 1. */
export const ipsieAl1Checks = checksOf("ipsie-al1", [
  {
    id: "ipsie-oauth",
    area: "Authentication",
    title: "Requests are authorised with OAuth 2.0 bearer tokens",
    rule: { says: "All SCIM requests are authorised with OAuth 2.0; others are refused.", source: SHARED },
    fix: "Refuse requests without a token with 401, and list oauthbearertoken or oauth2 in authenticationSchemes.",
    run: async (session) => {
      const path = `${session.users.endpoint}?count=1`;
      mustAnswer(await session.ask("GET", path, undefined, { anonymous: true }), 401);
      const schemes = session.discovery.config.json?.authenticationSchemes;
      const types = (Array.isArray(schemes) ? schemes : []).map((each) => String(each?.type));
      must(
        types.some((type) => type === "oauthbearertoken" || type === "oauth2"),
        `authenticationSchemes are ${types.join(", ") || "absent"}.`,
      );
    },
  },
  {
    id: "ipsie-oauth-metadata",
    area: "Authentication",
    title: "The token endpoint is found in OAuth metadata",
    rule: {
      says: "The application exposes authorization server metadata, RFC 8414, with its token_endpoint.",
      source: SHARED,
    },
    fix: "Serve /.well-known/oauth-authorization-server at the issuer's origin, with issuer and token_endpoint.",
    postern: "It is served where a token endpoint is configured.",
    run: async (session) => {
      const metadata = await metadataOf(session);
      mustBe(metadata.token_endpoint, session.target.tokenUrl, "token_endpoint");
      must(typeof metadata.issuer === "string", "The metadata has no issuer.");
    },
  },
  {
    id: "ipsie-client-authentication",
    area: "Authentication",
    title: "Clients can authenticate with a signed JWT",
    rule: { says: "The grant is client_credentials, with JWT client authentication, RFC 7523 §2.2.", source: SHARED },
    fix: "Support private_key_jwt, and say so in token_endpoint_auth_methods_supported.",
    run: async (session) => {
      const { token_endpoint_auth_methods_supported: methods, grant_types_supported: grants } =
        await metadataOf(session);
      must(
        Array.isArray(methods) && methods.includes("private_key_jwt"),
        "token_endpoint_auth_methods_supported lacks private_key_jwt.",
      );
      must(
        Array.isArray(grants) && grants.includes("client_credentials"),
        "grant_types_supported lacks client_credentials.",
      );
    },
  },
  {
    id: "ipsie-scope",
    area: "Authentication",
    title: "The scope scim is supported",
    rule: { says: "The access token has the scope scim, and no broader permissions.", source: SHARED },
    fix: "Give tokens with the scope scim, and list it in scopes_supported.",
    run: async (session) => {
      const { scopes_supported: scopes } = await metadataOf(session);
      must(Array.isArray(scopes) && scopes.includes("scim"), "scopes_supported of the OAuth metadata lacks scim.");
    },
  },
  {
    id: "ipsie-rate",
    area: "Transport",
    title: "25 requests at once are all answered",
    rule: { says: "At least 25 SCIM requests a second are supported for each tenant.", source: SHARED },
    fix: "Allow 25 requests a second for each tenant.",
    postern: "`limits` and the callers' rates in the configuration.",
    run: servesBurst,
  },
  {
    id: "ipsie-bulk",
    area: "Bulk",
    title: "Bulk is supported",
    rule: { says: "The endpoint /Bulk is supported, RFC 7644 §3.7.", source: SHARED },
    fix: "Implement POST /Bulk, and say bulk.supported: true in /ServiceProviderConfig.",
    run: async (session) => {
      mustBe(session.discovery.config.json?.bulk?.supported, true, "bulk.supported");
      const bodies = [randomEmail(), randomEmail()].map((userName) => session.body("User", { userName }));
      const { json } = mustAnswer(await session.bulk("User", bodies), 200);
      const answers: unknown[] = Array.isArray(json?.Operations) ? json.Operations : [];
      const made = answers.filter((each) => isObject(each) && String(each.status) === "201");
      must(made.length === 2, `Two creations in a bulk request: ${made.length} were answered with 201.`);
    },
  },
  {
    id: "ipsie-patch-several",
    area: "PATCH /Users",
    title: "One PATCH changes several attributes",
    rule: { says: "PATCH requests that update multiple attributes are supported.", source: SHARED },
    fix: "Carry out all operations of a PATCH.",
    run: changesSeveral,
  },
  {
    id: "ipsie-deactivate",
    area: "PATCH /Users",
    title: "A user is deactivated",
    rule: { says: "Deactivation is a PATCH of active.", source: AL1 },
    fix: "Support PATCH of active with false.",
    run: async (session) => {
      const { id } = await session.user();
      mustBe(
        (await session.patch("User", id, { op: "replace", path: "active", value: false })).active,
        false,
        "active",
      );
    },
  },
  {
    id: "ipsie-reactivate",
    area: "PATCH /Users",
    title: "A deactivated user is reactivated",
    rule: { says: "Reactivation of a deactivated user is allowed.", source: AL1 },
    fix: "Let active become true again.",
    run: async (session) => {
      const { id } = await session.user();
      await needed(session.patch("User", id, { op: "replace", path: "active", value: false }));
      mustBe((await session.patch("User", id, { op: "replace", path: "active", value: true })).active, true, "active");
    },
  },
  recreated("ipsie-recreate", AL1),
  {
    id: "ipsie-get-user",
    area: "GET /Users",
    title: "A user is read by its id",
    rule: { says: "GET /Users/{id} is supported.", source: AL1 },
    fix: "Support GET by id.",
    run: async (session) => {
      const { id } = await session.user();
      mustBe(mustAnswer(await session.get("User", id), 200).json?.id, id, "id");
    },
  },
  filter("ipsie-filter-user-name", "userName", (value) => `userName eq ${value}`),
  filter("ipsie-filter-external-id", "externalId", (value) => `externalId eq ${value}`),
  filter("ipsie-filter-email", 'emails[type eq "work"].value', (value) => `emails[value eq ${value}]`),
  filter(
    "ipsie-filter-work-email",
    'emails[type eq "work"].value',
    (value) => `emails[type eq "work" and value eq ${value}]`,
  ),
  {
    id: "ipsie-errors",
    area: "Errors",
    title: "Errors are SCIM errors and tell nothing of the inside",
    rule: {
      says: "Errors have the SCIM error format and do not leak internal details.",
      source: `${IPSIE}, security considerations`,
    },
    fix: "Answer every error with a SCIM error, and keep stack traces, SQL and file names in your log.",
    run: async (session) => {
      const { endpoint } = session.users;
      for (const answer of [
        await session.ask("POST", endpoint, '{"userName": '),
        await session.filtered("User", 'userName eq eq "'),
        await session.get("User", randomId()),
        await session.ask(
          "PATCH",
          `${endpoint}/${randomId()}`,
          patchBody({ op: "replace", path: "active", value: true }),
        ),
      ]) {
        const { request, status, text, json } = answer;
        must(status >= 400 && status < 500, `${request} should be refused with 4xx, but was answered with ${status}.`);
        must(Array.isArray(json?.schemas), `${request} was refused with ${status}, without a SCIM error.`);
        must(!LEAKS.test(text), `The error of ${request} shows internal details: ${text.slice(0, 200)}`);
      }
    },
  },
]);

/** What gives away a stack trace, a statement or a file of the service. */
const LEAKS =
  /\bat [\w.$<>]+ ?\(|Traceback \(|\bException\b.*\bat\b|\bSELECT\b.+\bFROM\b|\.(py|js|ts|java|cs|rb|php)\b:?\d+/s;

/** The check that is run last: whether what was refused for its number said when to come back. */
export const ipsieThrottlingChecks = checksOf("ipsie-al1", [
  {
    id: "ipsie-retry-after",
    area: "Transport",
    title: "429 says when to come back",
    rule: { says: "Rate limits are enforced, with 429 and Retry-After.", source: SHARED },
    fix: "Send Retry-After with every 429.",
    run: async ({ throttled }) => {
      const { count, withoutRetryAfter } = throttled();
      if (count === 0) throw new Skip("No 429 was seen during the run, and none is provoked.");
      must(withoutRetryAfter === 0, `${withoutRetryAfter} of ${count} answers with 429 had no Retry-After.`);
    },
  },
]);

/** What IPSIE asks that a SCIM client cannot see. */
export const ipsieNotAsked: readonly NotAsked[] = (
  [
    [
      "ipsie-revocation",
      "Deactivation ends sessions, tokens and keys within five minutes",
      "Sessions and keys of the application are not visible over SCIM.",
    ],
    [
      "ipsie-local-changes",
      "Users and groups are not changed locally",
      "It is a property of the application's own pages.",
    ],
    ["ipsie-audit", "Every change is logged", "The application's log is not visible over SCIM."],
    ["ipsie-replay", "Access tokens expire and nonces are checked", "It needs a client that signs assertions."],
  ] as const
).map(([id, title, notAsked]) => ({
  id,
  profile: "ipsie-al1",
  area: "Application",
  title,
  rule: { says: `${title}.`, source: AL1 },
  severity: "must",
  notAsked,
}));

function filter(id: string, path: string, filterFor: (value: string) => string): Draft {
  const written = filterFor("...");
  return {
    id,
    area: "GET /Users",
    title: `Users are found by ${written}`,
    rule: { says: `The filter ${written} is supported.`, source: AL1 },
    fix: `Support the filter ${written}.`,
    run: async (session) => {
      const value = randomEmail();
      const { id: made } = await session.user({ [path]: value });
      mustFindOne(await session.filtered("User", filterFor(JSON.stringify(value))), made);
    },
  };
}

/** The authorization server's metadata, at the place that RFC 8414 §3 gives for the token URL's origin, or for one of its folders. */
async function metadataOf({ target, ask }: Session): Promise<Record<string, unknown>> {
  if (target.tokenUrl === undefined) throw new Skip("Run it with --token-url to have the OAuth metadata checked.");
  const { origin, pathname } = new URL(target.tokenUrl);
  const folders = pathname.split("/").filter((part) => part !== "");
  const issuers = folders.map((_, index) => `/${folders.slice(0, index).join("/")}`.replace(/^\/$/, "")).toReversed();
  for (const issuer of issuers.length > 0 ? issuers : [""]) {
    const { status, json } = await ask("GET", `${origin}/.well-known/oauth-authorization-server${issuer}`);
    if (status === 200 && isObject(json)) return json;
  }
  must(false, `There is no metadata at ${origin}/.well-known/oauth-authorization-server.`);
  return {};
}
