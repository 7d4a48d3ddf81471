import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Answer, type Exchange, PURPOSES } from "../report-data.ts";
import { type FindingId, findingOf, findingOfObservation, findingOfQuarantine, findings, judge } from "./index.ts";

const SCIM = { "content-type": "application/scim+json; charset=utf-8" };
const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR = "urn:ietf:params:scim:api:messages:2.0:Error";
const user = {
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
  id: "2819c223",
  userName: "ada@example.com",
  active: true,
  meta: { resourceType: "User", location: "https://scim.example/scim/v2/Users/2819c223" },
};
const group = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], id: "g1", displayName: "Finance" };
const listOf = (...Resources: unknown[]) => ({
  schemas: [LIST],
  totalResults: Resources.length,
  startIndex: 1,
  itemsPerPage: Resources.length,
  Resources,
});

const answer = (status: number, json?: unknown, headers: Record<string, string> = SCIM): Answer => ({
  status,
  headers,
  text: json === undefined ? "" : JSON.stringify(json),
  ...(json !== undefined && { json }),
});
const text = (status: number, body: string, type: string): Answer => ({
  status,
  headers: { "content-type": type },
  text: body,
});
const exchange = (purpose: Exchange["purpose"], given: Answer | string, more: Partial<Exchange> = {}): Exchange => ({
  purpose,
  type: "User",
  at: 0,
  tookMs: 12,
  method: "GET",
  path: "/Users/2819c223",
  ...(typeof given === "string" ? { failure: given } : { answer: given }),
  ...more,
});
const filter = (expression: string, path = "/Users") => ({ path: `${path}?filter=${encodeURIComponent(expression)}` });
const nobody = filter('userName eq "7d0c5a7e-0f0e-4d6c-9f4b-0a7f5f6f2b11"');
const ada = filter('userName eq "ADA@example.com"');
const probe = (given: Answer | string) => exchange("probe", given, nobody);
const match = (given: Answer) => exchange("match", given, ada);
const read = (json: unknown, more: Partial<Exchange> = {}) => exchange("read", answer(200, json), more);
const create = (given: Answer | string) => exchange("create", given, { method: "POST", path: "/Users" });
const update = (given: Answer | string) => exchange("update", given, { method: "PATCH" });
const groups = { type: "Group", path: "/Groups/g1?excludedAttributes=members" } as const;
const error = (status: number, more: object = { detail: "Say what." }) =>
  answer(status, { schemas: [ERROR], status: String(status), ...more });
const created = (json: unknown = user) => answer(201, json, { ...SCIM, location: user.meta.location });

describe("what Entra takes as it is has no findings", () => {
  test.each<[string, Exchange]>([
    ["an empty list for the probe", probe(answer(200, listOf()))],
    ["one match, whatever its case", match(answer(200, listOf(user)))],
    ["a read", read(user)],
    ["a group without its members", read(group, groups)],
    ["a creation", create(created())],
    ["a change, with the resource", update(answer(200, user))],
    ["a change, with 204", update(answer(204, undefined, {}))],
    ["a deletion", exchange("delete", answer(204, undefined, {}), { method: "DELETE" })],
    [
      "an id of a reference that was asked for",
      exchange("check reference", answer(200, listOf({ schemas: [], id: "1" })), {
        path: "/Users?filter=x&attributes=id",
      }),
    ],
    [
      "the simulator's own look at what is to be gone",
      exchange("verify", answer(404, { schemas: [ERROR], status: "404", detail: "Gone." })),
    ],
  ])("%s", (_, each) => expect(judge(each)).toEqual([]));
});

describe("each finding is found where it shows", () => {
  const cases: readonly (readonly [FindingId, Exchange])[] = [
    ["no-answer-in-time", probe("UND_ERR_HEADERS_TIMEOUT: Headers Timeout Error")],
    ["no-answer-in-time", probe("The operation was aborted due to timeout")],
    ["tls-failed", probe("self-signed certificate in certificate chain")],
    ["host-not-found", probe("getaddrinfo ENOTFOUND scim.example")],
    ["connection-refused", probe("connect ECONNREFUSED 127.0.0.1:8880")],
    ["connection-lost", update("other side closed")],
    ["very-slow", { ...read(user), tookMs: 20_001 }],
    ["slow", { ...read(user), tookMs: 5001 }],
    ["redirect", probe(answer(302, undefined, { location: "/login" }))],
    ["filter-answered-404", probe(error(404))],
    ["filter-refused", match(error(400))],
    ["linked-object-not-found", exchange("read", error(404))],
    ["delete-answered-404", exchange("delete", error(404), { method: "DELETE" })],
    ["create-answered-404", create(error(404))],
    ["unauthorized", probe(error(401))],
    ["forbidden", probe(error(403))],
    ["method-not-allowed", update(error(405))],
    ["method-not-allowed", update(error(501))],
    ["conflict-on-create", create(error(409))],
    ["conflict-on-change", update(error(409))],
    ["version-required", update(error(428))],
    ["request-too-large", update(error(413))],
    ["media-type-refused", update(error(415))],
    ["unprocessable", create(error(422))],
    ["write-refused", update(error(400))],
    ["read-refused", exchange("read", error(400))],
    [
      "throttled",
      update(answer(429, { schemas: [ERROR], status: "429", detail: "Wait." }, { ...SCIM, "retry-after": "2" })),
    ],
    ["throttled-without-retry-after", update(error(429))],
    ["server-error", update(error(500))],
    ["bad-gateway", update(error(502))],
    ["unavailable", update(error(503))],
    ["request-time-out", update(error(408))],
    ["unexpected-status", update(error(418))],
    ["accepted-only", create(answer(202, undefined, {}))],
    ["created-with-200", create({ ...created(), status: 200 })],
    ["delete-with-body", exchange("delete", answer(200, {}), { method: "DELETE" })],
    ["html-answer", probe(text(200, "<!DOCTYPE html><title>Sign in</title>", "text/html"))],
    ["not-json", read(undefined, { answer: text(200, '{"id":', "application/scim+json") })],
    ["not-an-object", probe(answer(200, [user]))],
    ["empty-answer", create(answer(201, undefined, {}))],
    ["patch-200-without-body", update(answer(200, undefined, {}))],
    ["plain-json-content-type", probe(answer(200, listOf(), { "content-type": "application/json" }))],
    ["other-content-type", probe(answer(200, listOf(), { "content-type": "text/plain" }))],
    ["error-not-scim", update(answer(400, { message: "no" }))],
    ["error-without-detail", update(error(400, { detail: " " }))],
    ["error-status-not-text", update(error(400, { detail: "x", status: 400 }))],
    ["answer-too-large", read({ ...user, photo: "x".repeat(70_000) })],
    ["list-schema-missing", probe(answer(200, { totalResults: 0, startIndex: 1, itemsPerPage: 0 }))],
    ["total-results-missing", probe(answer(200, { ...listOf(), totalResults: "0" }))],
    ["resources-missing", match(answer(200, { ...listOf(), totalResults: 1 }))],
    ["paging-numbers-missing", probe(answer(200, { schemas: [LIST], totalResults: 0, Resources: [] }))],
    ["start-index-ignored", exchange("discover", answer(200, listOf(user)), { path: "/Users?startIndex=6&count=5" })],
    ["filter-ignored", probe(answer(200, listOf(user)))],
    ["several-matches", match(answer(200, listOf(user, { ...user, id: "2" })))],
    ["match-has-other-value", match(answer(200, listOf({ ...user, userName: "bob@example.com" })))],
    ["members-not-excluded", read({ ...group, members: [{ value: "1" }] }, groups)],
    ["excluded-attributes-ignored", read({ ...user, groups: [] }, { path: "/Users/1?excludedAttributes=groups" })],
    [
      "attributes-ignored",
      exchange("check reference", answer(200, listOf(user)), { path: "/Users?filter=x&attributes=id" }),
    ],
    ["id-missing", read({ ...user, id: undefined })],
    ["id-not-text", read({ ...user, id: 1001 })],
    ["id-unsafe-in-address", read({ ...user, id: "uid=ada,ou=people" })],
    ["id-is-the-user-name", read({ ...user, id: "Ada@example.com" })],
    ["location-missing", create(answer(201, user))],
    ["location-differs", create(created({ ...user, id: "other" }))],
    ["schemas-missing", read({ ...user, schemas: undefined })],
    ["name-missing", read({ ...user, userName: undefined })],
    ["active-missing", read({ ...user, active: undefined })],
    ["booleans-as-text", read({ ...user, active: "True" })],
    ["booleans-as-text", read({ ...user, emails: [{ value: "a@b", primary: "true" }] })],
    [
      "type-repeated",
      read({
        ...user,
        emails: [
          { type: "work", value: "a" },
          { type: "Work", value: "b" },
        ],
      }),
    ],
    ["password-answered", read({ ...user, password: "{SSHA}..." })],
    ["members-after-change", { ...update(answer(200, { ...group, members: [{ value: "1" }] })), type: "Group" }],
  ];
  test.each(cases)("%s", (id, each) => expect(judge(each)).toContain(id));

  test("every rule has a case here", () => {
    const elsewhere = findings.length - new Set(cases.map(([id]) => id)).size;
    expect(elsewhere).toBe(12 + 5);
  });
});

test("a fault is told once: what follows from it is not", () => {
  expect(judge(probe(text(200, "<html>Sign in</html>", "text/html")))).toEqual(["html-answer"]);
  expect(judge(update("connect ECONNREFUSED"))).toEqual(["connection-refused"]);
  expect(judge(match(error(404)))).toEqual(["filter-answered-404"]);
});

test("an answer that was cut is not called invalid", () => {
  const cut = text(200, `{"id":"${"x".repeat(64 * 1024)}`, "application/scim+json");
  expect(judge(read(undefined, { answer: cut }))).toEqual(["answer-too-large"]);
});

test("each finding says what it is, why it matters, what to change and where to read on", () => {
  expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
  for (const { id, title, why, change, page } of findings) {
    expect(id).toMatch(/^[a-z0-9-]+$/);
    expect(title).not.toMatch(/\.$/);
    for (const sentence of [why, change]) expect(sentence).toMatch(/[.!]$/);
    expect(page.url).toMatch(/^(https:\/\/learn\.microsoft\.com\/en-us\/|docs\/)/);
    expect(findingOf(id)?.id).toBe(id);
  }
});

test("observations and quarantines are findings, too", () => {
  expect(findingOf(findingOfObservation("endless update"))?.severity).toBe("fault");
  expect(findingOf(findingOfQuarantine("TooManyDeletes"))?.severity).toBe("warning");
});

test("law: no answer, however odd, is too much for the rules", () => {
  const json = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        schemas: fc.jsonValue(),
        Resources: fc.array(fc.jsonValue()),
        id: fc.jsonValue(),
        meta: fc.jsonValue(),
        emails: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  );
  const purposes = fc.constantFrom(...PURPOSES);
  const paths = fc.oneof(
    fc.string(),
    fc.string().map((each) => `/Users?filter=${each}&excludedAttributes=${each}`),
  );
  fc.assert(
    fc.property(
      purposes,
      paths,
      fc.integer({ min: 0, max: 700 }),
      json,
      fc.constantFrom("GET", "POST", "PATCH", "DELETE"),
      (purpose, path, status, body, method) => {
        const each = exchange(purpose as Exchange["purpose"], answer(status, body), {
          path,
          method: method as Exchange["method"],
        });
        for (const id of judge(each)) expect(findingOf(id)).toBeDefined();
      },
    ),
  );
});
