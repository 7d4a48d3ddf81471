import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { legacyHr, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { ADA, BOB, openSyncing } from "./servers/syncing.ts";

const MESSAGES = "urn:ietf:params:scim:api:messages:2.0";
const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
type Json = any;
type Case = [what: string, request: (id: string) => [method: string, path: string, body?: object], scimType: string];

const patch = (...Operations: object[]) => ({ schemas: [`${MESSAGES}:PatchOp`], Operations });
let turn = 0;
const user = (more: object = {}) => ({ schemas: [USER], userName: `interop${++turn}`, ...more });

describe("the SCIM 2.0 Interoperability Profile (draft-zollner-scim-interop-profile-01)", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    const { connectors, routes } = legacyHr();
    const served = routes["/scim/v2"];
    gateway = await startGateway({
      connectors,
      routes: { "/scim/v2": { profile: "entra", ...served }, "/interop/v2": { profile: "interop", ...served } },
    });
  });
  afterAll(() => gateway.stop());
  const at = (route: string) => ({ ...gateway, base: gateway.url + route });
  const interop = (method: string, path: string, body?: object) => send(at("/interop/v2"), method, path, body);
  const made = async (more: object = {}): Promise<Json> => {
    const answer = await interop("POST", "/Users", user(more));
    expect(answer.status, answer.text).toBe(201);
    return answer.json;
  };
  const email = { type: "work", value: "a@x.test" };

  const refused: Case[] = [
    ["§5.3: an attribute that no schema has", () => ["POST", "/Users", user({ shoeSize: 42 })], "invalidSyntax"],
    ["§5.3: an attribute that is not mapped", () => ["POST", "/Users", user({ ims: [] })], "invalidSyntax"],
    ["§5.3: a sub-attribute", () => ["POST", "/Users", user({ name: { given: "A" } })], "invalidSyntax"],
    [
      "§5.3: a sub-attribute of one of several values",
      () => ["POST", "/Users", user({ emails: [{ ...email, kind: "x" }] })],
      "invalidSyntax",
    ],
    [
      "§5.3: an attribute of an extension",
      () => ["POST", "/Users", user({ schemas: [USER, ENTERPRISE], [ENTERPRISE]: { desk: "4" } })],
      "invalidSyntax",
    ],
    ["§5.3: an extension", () => ["POST", "/Users", user({ "urn:example:x": { a: 1 } })], "invalidSyntax"],
    ["§5.3: an attribute in a PUT", (id) => ["PUT", `/Users/${id}`, user({ shoeSize: 42 })], "invalidSyntax"],
    [
      "§5.3: an attribute in a path",
      (id) => ["PATCH", `/Users/${id}`, patch({ op: "add", path: "shoeSize", value: 42 })],
      "invalidSyntax",
    ],
    [
      "§5.3: an attribute in the value of an operation",
      (id) => ["PATCH", `/Users/${id}`, patch({ op: "add", path: "name", value: { given: "A" } })],
      "invalidSyntax",
    ],
    [
      "§5.3: an attribute of a value in a list",
      (id) => ["PATCH", `/Users/${id}`, patch({ op: "add", path: "emails", value: [{ ...email, kind: "x" }] })],
      "invalidSyntax",
    ],
    [
      "§5.4: a type of value that is not declared",
      () => ["POST", "/Users", user({ emails: [{ ...email, type: "sms" }] })],
      "invalidValue",
    ],
    [
      "§6.3: a filter on an attribute that no schema has",
      () => ["GET", '/Users?filter=shoeSize eq "1"'],
      "invalidFilter",
    ],
    [
      "§6.3: a filter on an attribute that is not mapped",
      () => ["GET", '/Users?filter=ims.value eq "1"'],
      "invalidFilter",
    ],
    ["§6.3: a filter on an undefined part", () => ["GET", '/Users?filter=emails[kind eq "1"]'], "invalidFilter"],
    ["§6.3: Entra's probe", () => ["GET", '/Users?filter=PLACEHOLDER eq "1"'], "invalidFilter"],
    [
      "§6.5.1.1: an operation without a path",
      (id) => ["PATCH", `/Users/${id}`, patch({ op: "replace", value: { title: "T", active: false } })],
      "invalidSyntax",
    ],
    [
      "§6.5.1.1: an operation with an empty path",
      (id) => ["PATCH", `/Users/${id}`, patch({ op: "replace", path: "", value: { title: "T" } })],
      "invalidSyntax",
    ],
    [
      "§6.5.1.2: several attributes by the URN of their extension",
      (id) => ["PATCH", `/Users/${id}`, patch({ op: "add", path: ENTERPRISE, value: { division: "D" } })],
      "invalidPath",
    ],
    [
      "§6.5.2.2: a list's value that is no list",
      (id) => ["PATCH", `/Users/${id}`, patch({ op: "add", path: "emails", value: email })],
      "invalidValue",
    ],
    [
      "§6.5.2.2: a replace of a selected value without a sub-attribute",
      (id) => ["PATCH", `/Users/${id}`, patch({ op: "replace", path: 'emails[type eq "work"]', value: email })],
      "invalidPath",
    ],
    [
      "RFC 7644 §3.5.2.3: a replace of a selected value where there is none",
      (id) => ["PATCH", `/Users/${id}`, patch({ op: "replace", path: 'emails[type eq "work"].value', value: "b@x" })],
      "noTarget",
    ],
    [
      "RFC 7643 §2.3.2: a boolean as text",
      (id) => ["PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: "False" })],
      "invalidValue",
    ],
    [
      "RFC 7644 §3.5.2: an operation's name in another case",
      (id) => ["PATCH", `/Users/${id}`, patch({ op: "Replace", path: "active", value: false })],
      "invalidSyntax",
    ],
    ["RFC 7643 §3: a body without schemas", () => ["POST", "/Users", { userName: "x" }], "invalidSyntax"],
    [
      "§5.3: a schema that is not there",
      () => ["POST", "/Users", user({ schemas: [USER, "urn:example:x"] })],
      "invalidSyntax",
    ],
  ];
  test.each(refused)("refused: %s", async (_, request, scimType) => {
    const { id } = await made();
    const [method, path, body] = request(id);
    const answer = await interop(method, encodeURI(path), body);
    expect(answer, answer.text).toMatchObject({ status: 400, json: { status: "400", scimType } });
    expect((await interop("GET", `/Users/${id}`)).json).not.toHaveProperty("title");
  });

  test("the same requests are taken, as far as that is harmless, where nothing is said of a profile", async () => {
    for (const [what, request] of refused) {
      const { id } = await made();
      const [method, path, body] = request(id);
      const answer = await send(at("/scim/v2"), method, encodeURI(path), body);
      // The RFC refuses these on every route.
      const isRefused = /attribute in a path|a filter on/.test(what);
      expect(answer.status >= 400, `${what}: ${answer.text}`).toBe(isRefused);
    }
  });

  test("§6.5.2: what the profile describes is done", async () => {
    const { id } = await made({ name: { givenName: "A", familyName: "B" }, emails: [email] });
    const done = async (...operations: object[]): Promise<Json> => {
      const answer = await interop("PATCH", `/Users/${id}`, patch(...operations));
      expect(answer.status, answer.text).toBe(200);
      return answer.json;
    };
    for (const op of ["add", "replace"]) {
      expect((await done({ op, path: "title", value: op })).title).toBe(op);
      expect((await done({ op, path: "active", value: op === "add" })).active).toBe(op === "add");
    }
    expect((await done({ op: "add", path: "name", value: { givenName: "C" } })).name).toMatchObject({
      givenName: "C",
      familyName: "B",
    });
    expect((await done({ op: "replace", path: "name.familyName", value: "D" })).name).toMatchObject({
      givenName: "C",
      familyName: "D",
    });
    expect(
      (await done({ op: "add", path: "emails", value: [{ type: "home", value: "h@x.test" }] })).emails,
    ).toHaveLength(2);
    const one = await done({ op: "replace", path: 'emails[type eq "work"].value', value: "b@x.test" });
    expect(one.emails).toContainEqual(expect.objectContaining({ type: "work", value: "b@x.test" }));
    expect((await done({ op: "replace", path: "emails", value: [email] })).emails).toEqual([
      expect.objectContaining(email),
    ]);
    const both = await done(
      { op: "replace", path: "title", value: "T" },
      { op: "replace", path: `${ENTERPRISE}:division`, value: "D" },
    );
    expect(both).toMatchObject({ title: "T", [ENTERPRISE]: { division: "D" } });
    const removed = await done({ op: "remove", path: 'emails[type eq "work"].value' }, { op: "remove", path: "title" });
    expect(removed).not.toHaveProperty("emails");
    expect(removed).not.toHaveProperty("title");
  });

  test.each([
    ["a replace by a type that is not declared", { op: "replace", path: "emails", value: [{ ...email, type: "sms" }] }],
    ["an addition of it", { op: "add", path: "emails", value: [{ ...email, type: "sms" }] }],
    ["two values for one place", { op: "replace", path: "emails", value: [email, { ...email, value: "b@x.test" }] }],
    ["a second value beside the one there is", { op: "add", path: "emails", value: [{ ...email, value: "b@x.test" }] }],
    ["another type that is taken", { op: "replace", path: 'emails[type eq "home"].type', value: "work" }],
    ["another type that is not declared", { op: "replace", path: 'emails[type eq "home"].type', value: "sms" }],
  ])("§5.4: a PATCH loses no value without a word: %s", async (_, operation) => {
    const { id, emails } = await made({ emails: [email, { type: "home", value: "h@x.test" }] });
    const answer = await interop("PATCH", `/Users/${id}`, patch(operation));
    expect(answer, answer.text).toMatchObject({ status: 400, json: { scimType: "invalidValue" } });
    expect((await interop("GET", `/Users/${id}`)).json.emails).toEqual(emails);
  });

  test("§5.4: nor does a POST or a PUT with two values for one place; the same one twice is one", async () => {
    const { id } = await made({ emails: [email] });
    const two = user({ emails: [email, { ...email, value: "b@x.test" }] });
    expect((await interop("POST", "/Users", two)).status).toBe(400);
    expect((await interop("PUT", `/Users/${id}`, two)).status).toBe(400);
    await made({ emails: [email, email] });
    const again = await interop("PATCH", `/Users/${id}`, patch({ op: "add", path: "emails", value: [email] }));
    expect(again, again.text).toMatchObject({ status: 200, json: { emails: [expect.objectContaining(email)] } });
  });

  test("§6.5.3: a filter that finds several values removes none of them", async () => {
    const { id, emails } = await made({ emails: [email, { type: "home", value: "h@x.test" }] });
    const answer = await interop("PATCH", `/Users/${id}`, patch({ op: "remove", path: "emails[value pr]" }));
    expect(answer, answer.text).toMatchObject({ status: 400, json: { scimType: "invalidFilter" } });
    expect((await interop("GET", `/Users/${id}`)).json.emails).toEqual(emails);
  });

  test("§6.5.2.1: a replace of a complex attribute takes what it leaves out, an add keeps it", async () => {
    const { id } = await made({ name: { givenName: "A", familyName: "B" } });
    const replaced = await interop(
      "PATCH",
      `/Users/${id}`,
      patch({ op: "replace", path: "name", value: { givenName: "C" } }),
    );
    expect(replaced.json.name).toEqual({ givenName: "C" });
  });

  test("a member is removed by its value, with and without the sub-attribute", async () => {
    const ids = [(await made()).id, (await made()).id, (await made()).id];
    const members = ids.map((value) => ({ value }));
    const group = (await interop("POST", "/Groups", { schemas: [GROUP], displayName: `g${++turn}`, members })).json;
    const paths = [`members[value eq "${ids[0]}"]`, `members[value eq "${ids[1]}"].value`];
    for (const path of paths) {
      const answer = await interop("PATCH", `/Groups/${group.id}`, patch({ op: "remove", path }));
      expect(answer.status, answer.text).toBe(204);
    }
    const left = (await interop("GET", `/Groups/${group.id}`)).json.members;
    expect(left.map(({ value }: Json) => value)).toEqual([ids[2]]);
  });

  test.each([[{ display: "x" }], [{}], [{ value: "" }], [{ type: "User" }], [null]])(
    "a list of values that say nothing does not empty a group: %j",
    async (value) => {
      const { id: member } = await made();
      const group = { schemas: [GROUP], displayName: `g${++turn}`, members: [{ value: member }] };
      const { id } = (await interop("POST", "/Groups", group)).json;
      const requests: [string, object][] = [
        ["PATCH", patch({ op: "replace", path: "members", value: [value] })],
        ["PATCH", patch({ op: "replace", path: "members", value: [{ value: member }, value] })],
        ["PUT", { ...group, members: [value] }],
      ];
      for (const [method, body] of requests)
        expect(await interop(method, `/Groups/${id}`, body)).toMatchObject({
          status: 400,
          json: { scimType: "invalidValue" },
        });
      expect((await interop("GET", `/Groups/${id}`)).json.members).toMatchObject([{ value: member }]);
    },
  );

  test("a resource can be sent back as it was read: what is readOnly is passed over", async () => {
    const { id } = await made({ emails: [email], title: "T" });
    const { json } = await interop("GET", `/Users/${id}`);
    const answer = await interop("PUT", `/Users/${id}`, {
      ...json,
      title: "U",
      groups: [{ value: "1", display: "x" }],
    });
    expect(answer, answer.text).toMatchObject({ status: 200, json: { title: "U" } });
  });

  test("§4, §5.1: discovery says that the route conforms, and each type's id is its name", async () => {
    const config = (route: string) => send(at(route), "GET", "/ServiceProviderConfig");
    expect((await config("/interop/v2")).json.interopProfileConformant).toBe(true);
    expect((await config("/scim/v2")).json).not.toHaveProperty("interopProfileConformant");
    const types = (await interop("GET", "/ResourceTypes")).json.Resources;
    const schemas = (await interop("GET", "/Schemas")).json.Resources.map(({ id }: Json) => id);
    for (const { id, name, schema, schemaExtensions } of types) {
      expect(id).toBe(name);
      expect(schemas).toEqual(expect.arrayContaining([schema, ...schemaExtensions.map((each: Json) => each.schema)]));
    }
  });

  test("§5.4: the types of emails, numbers and addresses are declared, and they are those that can be written", async () => {
    const { attributes } = (await interop("GET", `/Schemas/${USER}`)).json;
    const declared = (name: string) =>
      attributes.find((each: Json) => each.name === name).subAttributes.find((each: Json) => each.name === "type")
        .canonicalValues;
    expect(declared("emails")).toEqual(["work", "home"]);
    expect(declared("phoneNumbers")).toEqual(["work", "mobile", "fax"]);
    expect(declared("addresses")).toEqual(["work"]);
  });

  test("§5.2, §6.9.1: names are found and kept unique in the same case, and a taken one is 409 uniqueness", async () => {
    const { userName, externalId } = await made({ externalId: `Ext-${++turn}` });
    const total = async (filter: string) =>
      (await interop("GET", `/Users?filter=${encodeURIComponent(filter)}`)).json.totalResults;
    expect(await total(`userName eq "${userName.toUpperCase()}"`)).toBe(1);
    expect(await total(`externalId eq "${externalId}"`)).toBe(1);
    expect(await total(`externalId eq "${externalId.toLowerCase()}"`)).toBe(0);
    const again = await interop("POST", "/Users", user({ userName: userName.toUpperCase() }));
    expect(again).toMatchObject({ status: 409, json: { scimType: "uniqueness" } });
    const { id } = await made();
    const renamed = await interop("PATCH", `/Users/${id}`, patch({ op: "replace", path: "userName", value: userName }));
    expect(renamed).toMatchObject({ status: 409, json: { scimType: "uniqueness" } });
  });

  test("§6.4: a page has a hundred resources, if so many are asked for, and without a count", async () => {
    for (let n = 0; n < 101; n += 1) await made();
    for (const query of ["?count=100", "", "?count=500"])
      expect((await interop("GET", `/Users${query}`)).json.itemsPerPage, query).toBe(100);
  });

  test("§6.6: active false deletes nothing, DELETE does, and the name is free again", async () => {
    const { id, userName } = await made();
    await interop("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: false }));
    expect((await interop("GET", `/Users/${id}`)).json.active).toBe(false);
    expect((await interop("DELETE", `/Users/${id}`)).status).toBe(204);
    for (const [method, body] of [
      ["GET"],
      ["DELETE"],
      ["PATCH", patch({ op: "add", path: "title", value: "T" })],
    ] as const)
      expect((await interop(method, `/Users/${id}`, body)).status).toBe(404);
    const again = await interop("POST", "/Users", user({ userName }));
    expect(again.status).toBe(201);
    expect(again.json.id).not.toBe(id);
  });

  test("operations of a bulk request are held to it one by one", async () => {
    const Operations = [
      { method: "POST", path: "/Users", bulkId: "a", data: user({ shoeSize: 42 }) },
      { method: "POST", path: "/Users", bulkId: "b", data: user() },
    ];
    const { json } = await interop("POST", "/Bulk", { schemas: [`${MESSAGES}:BulkRequest`], Operations });
    expect(json.Operations.map(({ status }: Json) => status)).toEqual(["400", "201"]);
    expect(json.Operations[0].response.scimType).toBe("invalidSyntax");
  });

  test("a reload does not take the profile off a route", async () => {
    const { connectors, routes } = legacyHr();
    const without = { "/scim/v2": routes["/scim/v2"], "/interop/v2": routes["/scim/v2"] };
    expect(gateway.reload({ connectors, routes: without })).toBe(false);
    expect((await interop("POST", "/Users", user({ shoeSize: 42 }))).status).toBe(400);
  });

  test("pages smaller than a hundred are a mistake beside it", async () => {
    const { connectors, routes } = legacyHr();
    const small = { "/scim/v2": { profile: "interop", ...routes["/scim/v2"] } };
    await expect(startGateway({ connectors, routes: small, limits: { pageSize: 50 } })).rejects.toThrow(
      /the interop profile of \/scim\/v2 requires pages of at least 100 resources/,
    );
  });

  test("a sync writes to such a route: accounts, managers, groups, and who leaves", async () => {
    const mapping = (name: string) => ({ connector: "target", mapping: join(ROOT, `test/syncs/${name}.yaml`) });
    const routes = {
      "/hr": { User: { connector: "hr", mapping: join(ROOT, "test/syncs/hr.yaml") } },
      "/target": { profile: "interop", User: mapping("account"), Group: mapping("team") },
    };
    const groups = [{ name: '"Dept " & enterprise.department' }];
    const syncing = await openSyncing({ groups }, { config: { routes } });
    syncing.hire(ADA, BOB);
    expect(await syncing.run()).toMatchObject({ outcome: "done" });
    syncing.hire({ ...ADA, title: null, family: "King" }, { ...BOB, manager: null, department: "Physics" });
    expect(await syncing.run()).toMatchObject({ outcome: "done" });
    const accounts = await syncing.accounts();
    expect(accounts.get("1")).toMatchObject({ name: { givenName: "Ada", familyName: "King" }, active: true });
    expect(accounts.get("1")).not.toHaveProperty("title");
    expect(accounts.get("2")).toHaveProperty([ENTERPRISE], { department: "Physics" });
    syncing.fire("2");
    expect(await syncing.run()).toMatchObject({ outcome: "done" });
    expect((await syncing.accounts()).get("2")).toMatchObject({ active: false });
    const { Resources } = await syncing.ask({ name: "list", type: "Group", query: {}, context: syncing.context() });
    const teams = Resources.map(({ displayName, members = [] }: Json) => [displayName, members.length]);
    expect(teams).toContainEqual(["Dept Maths", 1]);
    await syncing.close();
  });
});
