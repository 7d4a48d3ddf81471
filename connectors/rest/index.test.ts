import { randomUUID } from "node:crypto";
import { lent } from "../../test/servers/lent.ts";
import { startPeopleApi } from "../../test/servers/people-api.ts";
import { testConnector } from "../../test/suites/contract.ts";
import rest from "./index.ts";

const operators = ["eq", "co", "sw", "ew", "gt", "ge", "lt", "le"] as const;
/** The API's own language of conditions, for all that it can be asked. */
const everything = (caseExact: boolean) => ({
  caseExact,
  ...Object.fromEntries(
    operators.map((op) => [op, `{ "op": "${op}", "attr": ATTR, "value": $value, "caseExact": ${caseExact} }`]),
  ),
  pr: '{ "op": "pr", "attr": ATTR }',
});
const filters = (attrs: readonly string[], caseExact: boolean) =>
  Object.fromEntries(
    attrs.map((attr) => [
      attr,
      { filter: JSON.parse(JSON.stringify(everything(caseExact)).replaceAll("ATTR", `\\"${attr}\\"`)) },
    ]),
  );
const together = {
  and: '{ "op": "and", "conditions": $conditions }',
  or: '{ "op": "or", "conditions": $conditions }',
  not: '{ "op": "not", "condition": $condition }',
};
const taken = { when: '$status = 400 and code = "login_taken"', is: "conflict", attribute: "login" };
const exists = '$status = 422 and code = "member_exists"';
const one = "/people/{$key}";
const basics = {
  key: "id",
  get: { path: one },
  create: { method: "POST", path: "/people", body: "$" },
  delete: { method: "DELETE", path: one },
};
const attrs = ["login", "title", "note", "tags"];

/** The same API, described in ways that differ in all that can differ. */
const ways: Record<string, object> = {
  "pages by offset, conditions of all kinds, whole objects with a version": {
    ...basics,
    search: {
      path: "/people",
      query: { where: "$string($where)", limit: "$limit", offset: "$offset" },
      items: "items",
      total: "total",
      page: { by: "offset", size: 9 },
      ...together,
    },
    update: { method: "PUT", path: one, body: "$", headers: { "If-Match": "$version" } },
    version: "$headers.etag",
    attributes: filters(attrs, false),
  },
  "numbered pages, no totals, conditions that tell case, changed fields alone, values one by one": {
    ...basics,
    search: {
      path: "/people",
      query: { where: "$string($where)", limit: "$limit", page: "$page" },
      items: "items",
      page: { by: "number", size: 9 },
    },
    update: { method: "PATCH", path: one, body: "$changed" },
    attributes: {
      ...filters(attrs, true),
      tags: {
        read: { path: "/people/{$key}/tags" },
        add: { method: "PUT", path: "/people/{$key}/tags/{$value}", accept: exists },
        remove: { method: "DELETE", path: "/people/{$key}/tags/{$value}" },
      },
    },
  },
  "pages by cursor, a search that finds more than is asked": {
    ...basics,
    search: {
      path: "/people",
      query: { where: "$string($where)", limit: "$limit", cursor: "$cursor" },
      items: "items",
      page: { by: "cursor", next: "cursor", size: 9 },
    },
    update: { method: "PATCH", path: one, body: "$changed" },
    attributes: {
      login: {
        filter: { eq: { to: '{ "op": "co", "attr": "login", "value": $value }', exact: false } },
      },
    },
  },
  "two kinds in one collection, told apart by what is within": {
    ...basics,
    within: "$not($exists(robot))",
    search: {
      path: "/people",
      query: { where: "$string($where)", limit: "$limit", offset: "$offset" },
      items: "items",
      total: "total",
      page: { by: "offset", size: 9 },
      ...together,
    },
    update: { method: "PATCH", path: one, body: "$changed" },
    attributes: filters(attrs, false),
  },
  "pages by the header Link, no search": {
    ...basics,
    search: { path: "/people", query: { limit: "$limit" }, items: "items", page: { by: "link", size: 9 } },
    update: { method: "PATCH", path: one, body: "$changed" },
  },
  "the whole list at once, kept as a snapshot": {
    ...basics,
    search: { path: "/people", query: { limit: "1000000" }, items: "items", snapshot: { seconds: 0 } },
    update: { method: "PATCH", path: one, body: "$changed" },
  },
  "pages by the address of the next": {
    ...basics,
    search: {
      path: "/people",
      query: { limit: "$limit" },
      items: "items",
      page: { by: "next", next: "next", size: 9 },
    },
    update: { method: "PATCH", path: one, body: "$changed" },
  },
};

for (const [name, kind] of Object.entries(ways)) {
  testConnector({
    name,
    open: async () => {
      const api = await startPeopleApi();
      const kinds = { person: kind, robot: { ...kind, within: "$exists(robot)" } };
      const settings = rest.config.parse({ url: api.url, failures: [taken], kinds });
      const again = () => rest.open(settings, lent("/"));
      const connector = again();
      const close = async () => {
        await connector.close();
        await api.stop();
      };
      return { connector, again, close };
    },
    kind: "person",
    seed: (n) => ({ login: `login${n}` }),
    unique: "login",
    texts: ["title", "note"],
    lists: ["tags"],
    // A path cannot name these, and an API of paths therefore no such values.
    listValues: ["one", "Two", "a b", "é", "x/y", "100%", "*)(", "'; drop"],
    absentKey: randomUUID(),
    runs: 60,
    others:
      "within" in kind
        ? [
            {
              kind: "robot",
              seed: (n) => ({ login: `robot${n}`, robot: "yes" }),
              joins: [{ op: "replace", attr: "robot", values: ["yes"] }],
            },
          ]
        : [],
  });
}
