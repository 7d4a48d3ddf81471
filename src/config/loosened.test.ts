import { describe, expect, test } from "vitest";
import type { Config } from "./format.ts";
import { loosened, strictest } from "./loosened.ts";

const route = "/scim/v2";
const config = (safety: object | undefined, routes: object = { [route]: {} }) =>
  ({
    safety: safety === undefined ? {} : { [route]: safety },
    routes,
    auth: [],
    server: {},
    connectors: {},
    syncs: {},
  }) as unknown as Config;

describe("what a configuration takes away of the safety of the one before", () => {
  const guard = { deletes: 50, percent: 5 };
  const protect = { User: { entries: 'userName sw "svc-"', attributes: ["a", "b"] } };
  const cases: [string, object, object | undefined, string[]][] = [
    ["the whole of it", { guard }, undefined, ["safety./scim/v2"]],
    ["a guard", { guard, readOnly: true }, { readOnly: true }, ["safety./scim/v2.guard"]],
    ["one limit of a guard", { guard }, { guard: { deletes: 50 } }, ["safety./scim/v2.guard.percent"]],
    [
      "protected entries",
      { protect },
      { protect: { User: { attributes: ["a", "b"] } } },
      ["safety./scim/v2.protect.User.entries"],
    ],
    [
      "a protected attribute",
      { protect },
      { protect: { User: { ...protect.User, attributes: ["b"] } } },
      ["safety./scim/v2.protect.User.attributes: a"],
    ],
    ["readOnly, by leaving it out", { readOnly: true }, {}, ["safety./scim/v2.readOnly"]],
    ["readOnly, by saying that it is false", { readOnly: true }, { readOnly: false }, ["safety./scim/v2.readOnly"]],
    ["a limit, by a higher one", { guard }, { guard: { deletes: 500, percent: 5 } }, ["safety./scim/v2.guard.deletes"]],
    ["nothing: a lower limit", { guard }, { guard: { deletes: 5, percent: 5 } }, []],
    ["nothing: what is more", { guard: { deletes: 50 } }, { guard, protect }, []],
  ];
  test.each(cases)("%s", (_, before, after, expected) =>
    expect(loosened(config(before), config(after))).toEqual(expected),
  );

  const asking: [string, object, object, string[]][] = [
    ["the interoperability profile", { profile: "interop" }, { profile: "entra" }, ["routes./scim/v2.profile"]],
    ["strictness", { strict: true }, { profile: "entra" }, ["routes./scim/v2.strict"]],
    ["the profile, with strictness left", { profile: "interop" }, { strict: true }, ["routes./scim/v2.profile"]],
    ["nothing: the profile asks for more than strictness", { strict: true }, { profile: "interop" }, []],
  ];
  test.each(asking)("what a route asks of its clients: %s", (_, before, after, expected) => {
    const served = (settings: object) => config(undefined, { [route]: settings });
    expect(loosened(served(before), served(after))).toEqual(expected);
    const away = strictest(served(before), config(undefined, { "/other": {} }));
    expect(loosened(away, served(after))).toEqual(expected);
  });

  test("nothing of a route that is no longer served", () =>
    expect(loosened(config({ guard }), config(undefined, {}))).toEqual([]));

  test("what a route said stays known while it is not served", () => {
    const away = strictest(config({ guard }), config(undefined, { "/other": {} }));
    expect(loosened(away, config(undefined))).toEqual(["safety./scim/v2"]);
  });

  test("what bounds a kind, its lists and its deletions, and is left out", () => {
    const kinds = (kind: object) =>
      ({ ...config({}), connectors: { hr: { type: "sql", kinds: { person: kind } } } }) as unknown as Config;
    const whole = {
      table: "people",
      lists: { teams: { table: "members", where: { left_at: null } } },
      where: { kind: "staff", deleted_at: null },
      deletedBy: { deleted_at: { sql: "now()" } },
    };
    const at = "connectors.hr.kinds.person";
    expect(loosened(kinds(whole), kinds({ table: "people", lists: { teams: { table: "members" } } }))).toEqual([
      `${at}.lists.teams.where`,
      `${at}.where`,
      `${at}.deletedBy`,
    ]);
    expect(loosened(kinds(whole), kinds({ ...whole, where: { kind: "staff" } }))).toEqual([`${at}.where.deleted_at`]);
    expect(loosened(kinds(whole), kinds(whole))).toEqual([]);
    expect(loosened(kinds({ filter: "(a=b)", within: "x" }), kinds({ base: "dc=x" }))).toEqual([
      `${at}.filter`,
      `${at}.within`,
    ]);
    // A kind that is gone reaches nothing.
    expect(loosened(kinds(whole), { ...config({}), connectors: {} } as unknown as Config)).toEqual([]);
  });

  test("what a method's tokens must say", () => {
    const auth = (...methods: object[]) => ({ ...config({}), auth: methods }) as unknown as Config;
    const entra = { type: "entra", tenant: "t", claims: { azp: "a", roles: "b" } };
    expect(loosened(auth(entra), auth({ type: "entra", tenant: "t" }))).toEqual([
      "claims.azp of entra t",
      "claims.roles of entra t",
    ]);
    const scoped = { type: "oidc", issuer: "https://i.test", scope: "scim" };
    expect(loosened(auth(scoped), auth({ ...scoped, scope: undefined }))).toEqual(["scope of oidc https://i.test"]);
    expect(loosened(auth(entra), auth({ type: "oidc" }, { ...entra, claims: { azp: "b", roles: "c" } }))).toEqual([]);
  });

  test("what bounds a caller, and the networks that may call", () => {
    const auth = (caller: object) => [{ type: "bearer", tokens: [{ name: "entra", token: "t", ...caller }] }];
    const before = { ...config({}), auth: auth({ may: { actions: ["read"] }, rate: 5 }), server: { networks: {} } };
    const after = { ...config({}), auth: auth({}) };
    expect(loosened(before as unknown as Config, after as unknown as Config)).toEqual([
      "may.actions of entra",
      "rate of entra",
      "server.networks",
    ]);
    expect(loosened(after as unknown as Config, before as unknown as Config)).toEqual([]);
  });
});

describe("what a configuration takes away of the safety of syncs", () => {
  const sync = (more: object, guard: object = {}) =>
    ({
      ...config({}),
      syncs: { hr: { from: { shrink: "20%" }, guard: { creates: 50, disables: [20, "5%"], ...guard }, ...more } },
    }) as unknown as Config;
  test.each([
    ["a higher number", {}, { creates: 51 }, ["syncs.hr.guard.creates"]],
    ["a share in place of a number", {}, { creates: "10%" }, ["syncs.hr.guard.creates"]],
    ["one of two bounds that is gone", {}, { disables: "5%" }, ["syncs.hr.guard.disables"]],
    ["nothing: a lower number", {}, { creates: 5 }, []],
    ["belief in a source that has shrunk", { from: { shrink: "90%" } }, {}, ["syncs.hr.from.shrink"]],
    ["respect for accounts that were disabled", { respectDisabled: false }, {}, ["syncs.hr.respectDisabled"]],
  ])("%s", (_, more, guard, gone) => {
    expect(loosened(sync({ respectDisabled: true }), sync({ respectDisabled: true, ...more }, guard))).toEqual(gone);
  });
});
