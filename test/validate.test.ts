import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isFailure, openEndpoint, type ScimEndpoint } from "../src/cli/scim-endpoint.ts";
import { checks, notAsked } from "../src/validate/checks/index.ts";
import { pathsInExport } from "../src/validate/plan.ts";
import { endText } from "../src/validate/report/text.ts";
import { countOf, isSuccess, type Validation, validate } from "../src/validate/run.ts";
import { openSession, type SessionOptions } from "../src/validate/session.ts";
import type { Answer, Transport } from "../src/validate/transport.ts";
import { inMemory, legacyHr, startGateway, type TestGateway } from "./servers/gateway.ts";

/** What the interoperability profile forbids and Entra's dialect needs: routes of Entra's profile take it. */
const TOLERATED = [
  "interop-declared",
  "interop-unknown-attribute",
  "interop-unknown-schema",
  "interop-unknown-attribute-patch",
  "interop-path-required",
  "interop-complex-replace",
];
const JOINING = { User: "userName", Group: "displayName" };

const run = async (transport: Transport, more: Partial<SessionOptions> = {}, list = checks) =>
  validate(list, await openSession({ transport, joining: JOINING, ...more }), { notAsked });
/** The checks that found something, or could not be carried out because something else failed. */
const findings = ({ results }: Validation) =>
  results.flatMap(({ status, check, isBlocked }) =>
    status === "failed" || status === "warned" || isBlocked ? [check.id] : [],
  );
const countOfUsers = async ({ send }: Transport) => {
  const answer = await send("GET", "/Users?count=0");
  return isFailure(answer) ? undefined : answer.json.totalResults;
};

describe.each([
  ["memory", inMemory],
  ["SQLite", legacyHr],
])("postern validate against Postern on %s", (_, config) => {
  let gateway: TestGateway;
  let endpoint: ScimEndpoint;
  beforeAll(async () => {
    gateway = await startGateway(config());
    endpoint = openEndpoint({ url: gateway.base, token: gateway.token, timeout: 20 });
  });
  afterAll(async () => {
    await endpoint.close();
    await gateway.stop();
  });

  test("every check of every profile passes, but for those that contradict Entra; and everything is deleted", async () => {
    const before = await countOfUsers(endpoint);
    const validation = await run(endpoint);
    const isSkipped = (id: string) =>
      validation.results.some(({ check, status }) => check.id === id && status === "skipped");
    expect(findings(validation)).toEqual(TOLERATED.filter((id) => !isSkipped(id)));
    expect(validation.left).toEqual([]);
    expect(await countOfUsers(endpoint)).toBe(before);
    expect(countOf(validation).passed).toBeGreaterThan(120);
  });

  test("a route with the interoperability profile passes every check of that profile and of IPSIE", async () => {
    const { routes, ...others } = config();
    const strict = Object.entries(routes).map(([route, types]) => [route, { ...types, profile: "interop" }]);
    const interop = await startGateway({ ...others, routes: Object.fromEntries(strict) });
    const asked = openEndpoint({ url: interop.base, token: interop.token, timeout: 20 });
    try {
      const list = checks.filter(({ profile }) => /^(interop|ipsie)/.test(profile));
      const validation = await run(asked, {}, list);
      expect(findings(validation)).toEqual([]);
      expect(countOf(validation).passed).toBeGreaterThan(40);
    } finally {
      await asked.close();
      await interop.stop();
    }
  });

  test("without discovery the default attributes are written", async () => {
    const hidden: Transport["send"] = async (method, path, ...rest) =>
      /^\/(Schemas|ResourceTypes)/.test(path)
        ? { status: 404, headers: {}, text: "", tookMs: 0 }
        : endpoint.send(method, path, ...rest);
    const entra = checks.filter(({ profile }) => profile === "entra");
    const validation = await run({ ...endpoint, send: hidden }, {}, entra);
    // Of the default attributes the mapping has no place for one.
    expect(findings(validation)).toEqual(["entra-1", "entra-6", "entra-7", "entra-10"]);
    const told = validation.results.filter(({ status }) => status === "failed").map(({ message }) => message);
    for (const message of told) expect(message).toMatch(/did not come back/);
  });
});

/** How an endpoint differs from one that is well: it may change what is asked, and what was answered. */
interface Fault {
  readonly name: string;
  readonly finds: readonly string[];
  readonly ask?: (method: string, path: string, body: Json) => [string, string, Json] | Faked;
  readonly answer?: (answer: Faked, method: string, path: string) => Faked;
}
type Faked = Omit<Answer, "request">;
// biome-ignore lint/suspicious/noExplicitAny: faults reach into bodies of every shape
type Json = any;

const answered = (status: number, json?: Json): Faked => ({
  status,
  headers: { "content-type": "application/scim+json" },
  text: json === undefined ? "" : JSON.stringify(json),
  ...(json !== undefined && { json }),
  tookMs: 0,
});
const changed = (answer: Faked, change: (json: Json) => Json): Faked => {
  const json = change(structuredClone(answer.json));
  return { ...answer, json, text: JSON.stringify(json) };
};
const error = (status: number, more: object = {}) =>
  answered(status, { schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: String(status), ...more });
const isList = (path: string) => /^\/(Users|Groups)(\?|$)/.test(path);

/** A fault of single operations of a PATCH: gives each as it is carried out, or `refuse`. */
const inOperations =
  (change: (operation: Json) => Json | "refuse"): Fault["ask"] =>
  (method, path, body) => {
    if (method !== "PATCH") return [method, path, body];
    const Operations = body.Operations.map(change);
    return Operations.includes("refuse")
      ? error(400, { scimType: "invalidValue" })
      : [method, path, { ...body, Operations }];
  };
const without = (path: string, parameter: string) => path.replace(new RegExp(`${parameter}=[^&]*&?`), "");

const FAULTS: readonly Fault[] = [
  {
    name: "a filter that finds nothing is 404",
    answer: (answer, _, path) => (isList(path) && answer.json?.totalResults === 0 ? error(404) : answer),
    finds: [
      "entra-4",
      "entra-18",
      "entra-probe",
      "entra-references",
      "gallery-4",
      "gallery-10",
      "interop-case-id",
      "interop-case-external-id",
      "interop-filter-and",
      "interop-delete-is-gone",
    ],
  },
  {
    name: "a conflict is 400",
    answer: (answer) => (answer.status === 409 ? error(400, { scimType: "uniqueness" }) : answer),
    finds: [
      "entra-2",
      "entra-21",
      "interop-case-user-name",
      "interop-conflict-post",
      "interop-conflict-patch",
      "ipsie-group-unique",
    ],
  },
  {
    name: "a conflict lacks its scimType",
    answer: (answer) => (answer.status === 409 ? error(409) : answer),
    finds: ["interop-conflict-post", "interop-conflict-patch"],
  },
  {
    name: "operations without a path are passed over",
    ask: inOperations((operation) => (operation.path === undefined ? { ...operation, value: {} } : operation)),
    finds: ["entra-6", "entra-8", "entra-22", "entra-23"],
  },
  {
    name: "truth values as text are refused",
    ask: inOperations((operation) => (["True", "False"].includes(operation.value) ? "refuse" : operation)),
    finds: ["entra-dialects", "entra-typed-elements", "gallery-3", "gallery-6"],
  },
  {
    name: "excludedAttributes is passed over",
    ask: (method, path, body) => [method, without(path, "excludedAttributes"), body],
    finds: ["entra-15", "entra-16"],
  },
  {
    name: "Remove of some members removes all",
    ask: inOperations(({ value, ...operation }) =>
      operation.op === "Remove" && operation.path === "members" ? operation : { ...operation, value },
    ),
    finds: ["entra-remove-members", "gallery-12"],
  },
  {
    name: "members cannot be removed by a filter",
    ask: inOperations((operation) => (/^members\[/.test(operation.path) ? "refuse" : operation)),
    finds: ["entra-25", "entra-P5", "ipsie-many-members"],
  },
  {
    name: "answers are application/json",
    answer: (answer) => ({ ...answer, headers: { ...answer.headers, "content-type": "application/json" } }),
    finds: ["entra-media-type", "interop-media-type"],
  },
  {
    name: "disabled users are not found by filters",
    answer: (answer, _, path) =>
      path.includes("filter=") && answer.json?.Resources?.some((each: Json) => each.active === false)
        ? changed(answer, (json) => ({ ...json, totalResults: 0, Resources: [] }))
        : answer,
    finds: ["entra-9", "interop-disable-keeps"],
  },
  {
    name: "filters compare userName with its case",
    answer: (answer, _, path) => {
      const [, name] = /userName eq "([^"]+)"$/.exec(decodeURIComponent(path)) ?? [];
      const isOther = name !== undefined && answer.json?.Resources?.some((each: Json) => each.userName !== name);
      return isOther ? changed(answer, (json) => ({ ...json, totalResults: 0, Resources: [] })) : answer;
    },
    finds: ["entra-5", "interop-case-user-name"],
  },
  {
    name: "DELETE is answered with 200",
    answer: (answer, method) => (method === "DELETE" && answer.status === 204 ? { ...answer, status: 200 } : answer),
    finds: ["entra-14", "entra-26", "interop-delete-is-gone"],
  },
  {
    name: "startIndex is not echoed",
    answer: (answer, _, path) =>
      isList(path) && answer.status === 200 ? changed(answer, (json) => ({ ...json, startIndex: 1 })) : answer,
    finds: ["entra-discovery-paging", "gallery-23", "gallery-24"],
  },
  {
    name: "phone numbers lose their blanks",
    answer: (answer) =>
      answer.json?.phoneNumbers
        ? changed(answer, (json) => {
            for (const each of json.phoneNumbers) each.value = each.value.replaceAll(" ", "");
            return json;
          })
        : answer,
    finds: ["entra-round-trip"],
  },
  {
    name: "the empty text is stored",
    ask: inOperations((operation) => (operation.value === "" ? { ...operation, value: "-" } : operation)),
    finds: ["entra-manager-shapes", "gallery-16"],
  },
  {
    name: "there is no Bulk",
    ask: (method, path, body) => (path === "/Bulk" ? error(501) : [method, path, body]),
    finds: ["ipsie-bulk"],
  },
  {
    name: "errors show a stack trace",
    answer: (answer) =>
      answer.status >= 400 && answer.json
        ? changed(answer, (json) => ({ ...json, detail: "boom at Users.find (/srv/app/users.js:10:5)" }))
        : answer,
    finds: ["ipsie-errors"],
  },
  {
    name: "/Schemas does not publish active",
    answer: (answer, _, path) =>
      path === "/Schemas"
        ? changed(answer, (json) => {
            for (const schema of json.Resources)
              schema.attributes = schema.attributes.filter(({ name }: Json) => name !== "active");
            return json;
          })
        : answer,
    finds: ["gallery-15", "interop-schemas-accurate", "ipsie-user-schema"],
  },
];

describe("an endpoint with a fault", () => {
  let gateway: TestGateway;
  let endpoint: ScimEndpoint;
  beforeAll(async () => {
    gateway = await startGateway(inMemory());
    endpoint = openEndpoint({ url: gateway.base, token: gateway.token, timeout: 20 });
  });
  afterAll(async () => {
    await endpoint.close();
    await gateway.stop();
  });

  test.each(FAULTS)("$name: found by its checks, and by no others", async ({ ask, answer, finds }) => {
    const send: Transport["send"] = async (method, path, body, options) => {
      const asked = ask?.(method, path, body) ?? [method, path, body];
      const came = Array.isArray(asked) ? await endpoint.send(asked[0], asked[1], asked[2], options) : asked;
      return isFailure(came) || !answer ? came : answer(came, method, path);
    };
    const found = findings(await run({ ...endpoint, send }));
    expect(found.filter((id) => !TOLERATED.includes(id))).toEqual(finds);
    expect(await countOfUsers(endpoint)).toBe(0);
  });

  /** The endpoint with something between. */
  const between = (send: (...sent: Parameters<Transport["send"]>) => ReturnType<Transport["send"]>): Transport => ({
    ...endpoint,
    send,
  });
  const only = (...ids: string[]) => checks.filter(({ id }) => ids.includes(id));

  test("filters that are ignored are found, and nobody else's entries are touched", async () => {
    const bystander = await endpoint.send("POST", "/Users", { userName: "bystander@example.com", displayName: "B" });
    if (isFailure(bystander)) throw new Error(bystander.failure);
    const validation = await run(
      between((method, path, ...rest) => endpoint.send(method, without(path, "filter"), ...rest)),
      {},
      only("entra-3", "entra-4", "entra-9", "entra-14"),
    );
    expect(findings(validation).sort()).toEqual(["entra-3", "entra-4", "entra-9"]);
    // What is somebody's is told by its id alone.
    expect(JSON.stringify(validation)).not.toContain("bystander@example.com");
    expect(await endpoint.send("GET", `/Users/${bystander.json.id}`)).toMatchObject({
      status: 200,
      json: bystander.json,
    });
    await endpoint.send("DELETE", `/Users/${bystander.json.id}`);
  });

  test("a user whose creation was not answered is looked for and deleted", async () => {
    let posts = 0;
    const validation = await run(
      between(async (method, path, ...rest) => {
        const answer = await endpoint.send(method, path, ...rest);
        return method === "POST" && ++posts === 1 ? { failure: "No answer within 1 seconds.", tookMs: 1000 } : answer;
      }),
      {},
      only("entra-1", "entra-3"),
    );
    expect(validation.results.map(({ status }) => status).slice(0, 2)).toEqual(["failed", "passed"]);
    expect(validation.left).toEqual([]);
    expect(await countOfUsers(endpoint)).toBe(0);
  });

  test("what could not be deleted is told by its id", async () => {
    const send = between(async (method, ...rest) =>
      method === "DELETE" ? answered(204) : endpoint.send(method, ...rest),
    );
    const validation = await run(send, {}, only("entra-3"));
    expect(validation.left).toMatchObject([{ endpoint: "/Users", why: "it is still there after DELETE" }]);
    expect(isSuccess(validation)).toBe(false);
    expect(endText(validation)).toContain(`Not deleted: /Users/${validation.left[0]!.id}`);
    await endpoint.send("DELETE", `/Users/${validation.left[0]!.id}`);
  });

  test("a run that is aborted deletes what it made", async () => {
    const ending = new AbortController();
    let posts = 0;
    const transport = between((method, ...rest) => {
      if (method === "POST" && ++posts === 5) ending.abort();
      return endpoint.send(method, ...rest);
    });
    const session = await openSession({ transport, joining: JOINING, signal: ending.signal });
    const validation = await validate(checks, session, { signal: ending.signal });
    expect(validation).toMatchObject({ stopped: "The run was cancelled.", left: [] });
    expect(validation.results).toHaveLength(checks.length);
    expect(await countOfUsers(endpoint)).toBe(0);
  });

  test("an endpoint that falls silent ends the run", async () => {
    let asked = 0;
    const transport = between(async (...sent) =>
      ++asked > 8 ? { failure: "No answer: ECONNREFUSED.", tookMs: 1 } : endpoint.send(...sent),
    );
    const validation = await run(transport);
    expect(validation.stopped).toContain("The endpoint no longer answers");
    expect(countOf(validation).failed).toBe(3);
    for (const { id } of validation.left) await endpoint.send("DELETE", `/Users/${id}`);
  });

  test("429 is waited for and repeated, and its Retry-After is checked", async () => {
    for (const headers of [{ "retry-after": "0" }, {}]) {
      let posts = 0;
      const transport = between(async (method, ...rest) =>
        method === "POST" && ++posts === 1
          ? { ...error(429), headers: headers as Record<string, string> }
          : endpoint.send(method, ...rest),
      );
      const validation = await run(transport, {}, only("entra-3", "ipsie-retry-after"));
      expect(findings(validation)).toEqual("retry-after" in headers ? [] : ["ipsie-retry-after"]);
    }
  });

  test("the attributes of a provisioning job are written in place of those that are published", async () => {
    const exported = {
      synchronizationRules: [
        {
          objectMappings: [
            {
              targetObjectName: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
              attributeMappings: ["userName", "title", "nowhere"].map((targetAttributeName) => ({
                targetAttributeName,
              })),
            },
          ],
        },
      ],
    };
    const validation = await run(endpoint, { paths: pathsInExport(exported) }, only("entra-1"));
    expect(validation.results[0]).toMatchObject({ status: "failed", message: "nowhere did not come back." });
    expect(() => pathsInExport({ synchronizationRules: [] })).toThrow(/maps no attribute to a User/);
  });
});
