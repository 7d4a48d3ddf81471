import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "../clients/replay.ts";
import type { TestGateway } from "../servers/gateway.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const ENTRA_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
type Json = any;

/** What Microsoft Entra ID does, beyond its life cycle; and what Microsoft's validators check, row by row. */
export function entraSuite(backend: string, start: () => Promise<TestGateway>): void {
  describe(`Entra on ${backend}`, () => {
    let gateway: TestGateway;
    beforeAll(async () => {
      gateway = await start();
    });
    afterAll(() => gateway.stop());

    let turn = 0;
    const fresh = (name: string) => `${name}${++turn}@entra.test`;
    const call = (method: string, path: string, body?: unknown) => send(gateway, method, path, body);
    const get = (path: string) => call("GET", path);
    const patch = async (path: string, ...Operations: object[]) => {
      const answer = await call("PATCH", path, {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        Operations,
      });
      expect([200, 204], answer.text).toContain(answer.status);
      return (await get(path)).json as Json;
    };
    const createUser = async (more: object = {}): Promise<Json> => {
      const answer = await call("POST", "/Users", { userName: fresh("user"), active: true, displayName: "U", ...more });
      expect(answer.status, answer.text).toBe(201);
      return answer.json;
    };
    const createGroup = async (more: object = {}): Promise<Json> => {
      const body = {
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group", ENTRA_GROUP],
        displayName: fresh("group"),
        meta: { resourceType: "Group" },
        ...more,
      };
      return (await call("POST", "/Groups", body)).json;
    };
    const byFilter = async (path: string, filter: string) =>
      (await get(`${path}?filter=${encodeURIComponent(filter)}`)).json;
    const byName = (name: string) => byFilter("/Users", `userName eq "${name}"`);
    const byGroupName = (name: string) => byFilter("/Groups", `displayName eq "${name}"`);

    describe("its ways (ENTRA rules)", () => {
      test("rules 1 and 2: the probes find nothing and are answered with 200, PLACEHOLDER among them", async () => {
        for (const path of [
          '/Users?filter=userName eq "4ab3dfd1-0000-4444-8888-1f6e0ad5c7b3"',
          '/Groups?filter=displayName eq "4ab3dfd1-0000-4444-8888-1f6e0ad5c7b3"',
          '/Groups?excludedAttributes=members&filter=externalId eq "none"',
          '/Users?filter=PLACEHOLDER eq "x"',
        ]) {
          const answer = await get(encodeURI(path));
          expect(answer).toMatchObject({ status: 200, json: { schemas: [LIST], totalResults: 0, Resources: [] } });
        }
      });

      test("rule 16: blanks may be +, and quotes unescaped or escaped, and @ either", async () => {
        const { id, userName } = await createUser();
        for (const query of [
          `filter=userName+eq+%22${userName}%22`,
          `filter=userName%20eq%20%22${encodeURIComponent(userName)}%22`,
          `filter=userName+eq+"${userName}"`,
          `aadOptscim062020&filter=userName+eq+${userName}`,
        ])
          expect(
            (await get(`/Users?${query}`)).json.Resources.map((each: Json) => each.id),
            query,
          ).toEqual([id]);
      });

      test("rules 3, 4 and 5: both dialects change the same user, with op in any case and booleans as text", async () => {
        const { id } = await createUser();
        const legacy = await patch(
          `/Users/${id}`,
          { op: "Replace", path: "active", value: "False" },
          { op: "Add", path: "name.givenName", value: "Ann" },
        );
        expect(legacy).toMatchObject({ active: false, name: { givenName: "Ann" } });
        const flagged = await patch(`/Users/${id}`, {
          op: "replace",
          value: { active: true, "name.givenName": "Bea", [`${ENTERPRISE}:department`]: "D" },
        });
        expect(flagged).toMatchObject({ active: true, name: { givenName: "Bea" }, [ENTERPRISE]: { department: "D" } });
      });

      test("rule 7: Add and Replace of a typed value make the element that is missing", async () => {
        for (const op of ["Add", "Replace"]) {
          const { id } = await createUser();
          const user = await patch(
            `/Users/${id}`,
            { op, path: 'emails[type eq "work"].value', value: "w@entra.test" },
            { op, path: 'emails[type eq "work"].primary', value: "True" },
          );
          expect(user.emails).toEqual([{ type: "work", value: "w@entra.test", primary: true }]);
        }
      });

      test("rule 8: a manager comes as text, object or list, and goes by an empty value or null", async () => {
        const [boss, { id }] = [await createUser(), await createUser()];
        const manager = (value: unknown, path = `${ENTERPRISE}:manager`) =>
          patch(`/Users/${id}`, { op: "Replace", path, value });
        for (const value of [boss.id, { value: boss.id }, [{ $ref: "../Users/x", value: boss.id }]])
          expect((await manager(value))[ENTERPRISE].manager.value).toBe(boss.id);
        for (const nothing of ["", { value: "" }, null]) {
          await manager(boss.id);
          expect((await manager(nothing))[ENTERPRISE]?.manager).toBeUndefined();
        }
      });

      test("rule 8: a manager that does not exist is no error", async () => {
        const { id } = await createUser();
        for (const value of ["00000000-0000-4000-8000-000000000000", "random text"])
          expect(
            (await patch(`/Users/${id}`, { op: "Add", path: `${ENTERPRISE}:manager`, value }))[ENTERPRISE]?.manager,
          ).toBeUndefined();
      });

      test("rule 10: excludedAttributes=members drops the members", async () => {
        const user = await createUser();
        const group = await createGroup({ members: [{ value: user.id }] });
        expect((await get(`/Groups/${group.id}?excludedAttributes=members`)).json.members).toBeUndefined();
        expect((await get(`/Groups/${group.id}`)).json.members).toHaveLength(1);
      });

      test("rule 12: a disabled user is read by id and found by filter", async () => {
        const { id, userName } = await createUser();
        await patch(`/Users/${id}`, { op: "Replace", path: "active", value: "False" });
        expect((await get(`/Users/${id}`)).json.active).toBe(false);
        expect((await byName(userName)).Resources).toMatchObject([{ id, active: false }]);
      });

      test("rule 15: any mapped attribute can be the matching one", async () => {
        const mark = fresh("match");
        const { id } = await createUser({
          externalId: mark,
          displayName: mark,
          emails: [{ type: "work", value: mark }],
          [ENTERPRISE]: { employeeNumber: mark },
        });
        for (const path of [
          "externalId",
          "displayName",
          "emails.value",
          'emails[type eq "work"].value',
          `${ENTERPRISE}:employeeNumber`,
        ])
          expect(
            (await byFilter("/Users", `${path} eq "${mark}"`)).Resources.map((each: Json) => each.id),
            path,
          ).toEqual([id]);
      });

      test("rule 17: values come back as they were sent", async () => {
        const phones = [{ type: "work", value: "+47 22-33 (44) 5" }];
        const { id } = await createUser({ displayName: "Åse  O'Neil <ase>", phoneNumbers: phones });
        expect((await get(`/Users/${id}`)).json).toMatchObject({
          displayName: "Åse  O'Neil <ase>",
          phoneNumbers: phones,
        });
      });

      test("URNs that nobody knows in schemas, and roles that are empty, are no error", async () => {
        const { id } = await createUser({
          schemas: ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:x:y:z"],
          roles: [],
          [ENTERPRISE]: { department: "D" },
        });
        expect((await get(`/Users/${id}`)).json[ENTERPRISE].department).toBe("D");
        expect((await createGroup()).id).toBeDefined();
      });

      test("membership and manager are asked for by id, with attributes=id", async () => {
        const [user, boss] = [await createUser(), await createUser()];
        const group = await createGroup();
        await patch(`/Groups/${group.id}`, { op: "Add", path: "members", value: [{ $ref: null, value: user.id }] });
        await patch(`/Users/${user.id}`, { op: "Add", path: `${ENTERPRISE}:manager`, value: boss.id });
        const ask = async (path: string, filter: string) =>
          (await get(`${path}?attributes=id&filter=${encodeURIComponent(filter)}`)).json.Resources.map(
            (each: Json) => each.id,
          );
        expect(await ask("/Groups", `id eq "${group.id}" and members eq "${user.id}"`)).toEqual([group.id]);
        expect(await ask("/Groups", `id eq "${group.id}" and members eq "${boss.id}"`)).toEqual([]);
        expect(await ask("/Users", `id eq "${user.id}" and manager eq "${boss.id}"`)).toEqual([user.id]);
      });

      test("account discovery pages through all users, each once", async () => {
        for (let n = 0; n < 12; n++) await createUser();
        const seen: string[] = [];
        for (let startIndex = 1, total = 1; startIndex <= total; startIndex += 5) {
          const { json } = await get(`/Users?startIndex=${startIndex}&count=5`);
          total = json.totalResults;
          seen.push(...json.Resources.map((each: Json) => each.id));
          if (startIndex > total) break;
        }
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.length).toBe((await get("/Users?count=0")).json.totalResults);
      });
    });

    describe("the web validator (inventory 2.1)", () => {
      const everything = () => ({
        userName: fresh("everything"),
        displayName: "Zadie",
        title: "KQXW",
        preferredLanguage: "sv-SE",
        externalId: fresh("external"),
        active: true,
        name: { givenName: "Alva", familyName: "Ek" },
        emails: [{ type: "work", value: "alva@entra.test", primary: true }],
        phoneNumbers: [
          { type: "work", value: "22-330-1234" },
          { type: "mobile", value: "22-330-1235" },
        ],
        [ENTERPRISE]: { employeeNumber: "XIQW", department: "OPQL" },
      });

      test("1: a new user has every attribute that was sent", async () => {
        const sent = everything();
        expect((await call("POST", "/Users", sent)).status).toBe(201);
        expect((await byName(sent.userName)).Resources).toMatchObject([sent]);
      });
      test("2: a duplicate user is 409", async () => {
        const sent = everything();
        await call("POST", "/Users", sent);
        expect((await call("POST", "/Users", sent)).status).toBe(409);
      });
      test("3 and 5: an existing user is found, in a different case too", async () => {
        const { id, userName } = await createUser();
        for (const name of [userName, userName.toUpperCase()])
          expect(await byName(name)).toMatchObject({ schemas: [LIST], totalResults: 1, Resources: [{ id }] });
      });
      test("4: a user that does not exist is not found", async () => {
        expect(await byName("no-such@entra.test")).toMatchObject({ totalResults: 0, Resources: [] });
      });
      test("6: attributes are replaced without a path, by dotted keys", async () => {
        const { id } = await createUser();
        const value = {
          displayName: "D2",
          "name.givenName": "G2",
          "name.familyName": "F2",
          [`${ENTERPRISE}:department`]: "P2",
        };
        expect(await patch(`/Users/${id}`, { op: "replace", value })).toMatchObject({
          displayName: "D2",
          name: { givenName: "G2", familyName: "F2" },
          [ENTERPRISE]: { department: "P2" },
        });
      });
      test("7: attributes are replaced by one operation each", async () => {
        const { id } = await createUser(everything());
        const user = await patch(
          `/Users/${id}`,
          { op: "replace", path: "displayName", value: "D3" },
          { op: "replace", path: 'emails[type eq "work"].value', value: "d3@entra.test" },
          { op: "replace", path: 'phoneNumbers[type eq "mobile"].value', value: "33" },
          { op: "replace", path: `${ENTERPRISE}:employeeNumber`, value: "E3" },
        );
        expect(user).toMatchObject({
          displayName: "D3",
          emails: [{ value: "d3@entra.test" }],
          [ENTERPRISE]: { employeeNumber: "E3" },
        });
        expect(user.phoneNumbers).toContainEqual({ type: "mobile", value: "33" });
      });
      test("8: the userName is changed, and the id stays", async () => {
        const { id } = await createUser();
        const userName = fresh("renamed");
        expect(await patch(`/Users/${id}`, { op: "replace", value: { userName } })).toMatchObject({ id, userName });
      });
      test("9: a user is disabled, and still found", async () => {
        const { id, userName } = await createUser();
        expect(await patch(`/Users/${id}`, { op: "replace", path: "active", value: false })).toMatchObject({
          active: false,
        });
        expect((await byName(userName)).Resources).toMatchObject([{ id, active: false }]);
      });
      test("10: many attributes are added to a user that has only a name; what is not mapped is passed over", async () => {
        const { json } = await call("POST", "/Users", { userName: fresh("minimal"), displayName: "M" });
        const add = (path: string, value: unknown) => ({ op: "add", path, value });
        const user = await patch(
          `/Users/${json.id}`,
          add('emails[type eq "work"].value', "m@entra.test"),
          add('emails[type eq "work"].primary', true),
          add("name.givenName", "G"),
          add("preferredLanguage", "fr"),
          add('roles[primary eq "True"].display', "RD"),
          add('roles[primary eq "True"].value', "RV"),
          add('roles[primary eq "True"].type', "RT"),
          add('addresses[type eq "work"].locality', "Lund"),
          add('phoneNumbers[type eq "fax"].value', "9"),
          add("timezone", "America/Argentina/Cordoba"),
          add("locale", "xx-random"),
          add("nickName", "N"),
          add(`${ENTERPRISE}:costCenter`, "CC"),
          add(`${ENTERPRISE}:department`, "DD"),
        );
        expect(user).toMatchObject({
          emails: [{ type: "work", value: "m@entra.test", primary: true }],
          name: { givenName: "G" },
          preferredLanguage: "fr",
          [ENTERPRISE]: { department: "DD" },
        });
        // A backend that has a place for it gives all of it back.
        if (user.roles) expect(user.roles).toEqual([{ display: "RD", value: "RV", type: "RT", primary: true }]);
        if (user.addresses) expect(user.addresses).toEqual([{ type: "work", locality: "Lund" }]);
        const { json: schema } = await get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User");
        for (const name of ["roles", "addresses", "nickName", "timezone", "locale"]) {
          const isMapped = schema.attributes.some((each: Json) => each.name === name);
          expect(user[name] !== undefined, name).toBe(isMapped);
        }
      });
      test("11, 12 and 13: a manager is added, replaced and removed", async () => {
        const [one, two, { id }] = [await createUser(), await createUser(), await createUser()];
        const path = `${ENTERPRISE}:manager`;
        expect(
          (await patch(`/Users/${id}`, { op: "add", path, value: { value: one.id } }))[ENTERPRISE].manager.value,
        ).toBe(one.id);
        expect(
          (await patch(`/Users/${id}`, { op: "replace", path, value: { value: two.id } }))[ENTERPRISE].manager.value,
        ).toBe(two.id);
        expect(
          (await patch(`/Users/${id}`, { op: "replace", path, value: { value: "" } }))[ENTERPRISE],
        ).toBeUndefined();
      });
      test("14, P3 and P4: a user is deleted once, then 404", async () => {
        const { id } = await createUser();
        expect((await call("DELETE", `/Users/${id}`)).status).toBe(204);
        expect((await get(`/Users/${id}`)).status).toBe(404);
        expect((await call("DELETE", `/Users/${id}`)).status).toBe(404);
        expect((await call("DELETE", "/Users/5d5ac2a3-0000-4000-8000-000000000000")).status).toBe(404);
      });
      test("15, 16, 17, 18 and 19: groups are read without members, found, not found, found in a different case", async () => {
        const { id, displayName } = await createGroup();
        expect((await get(`/Groups/${id}?excludedAttributes=members`)).json).toMatchObject({ id, displayName });
        const excluding = await get(
          `/Groups?excludedAttributes=members&filter=${encodeURIComponent(`displayName eq "${displayName}"`)}`,
        );
        expect(excluding.json.Resources).toMatchObject([{ id }]);
        for (const name of [displayName, displayName.toUpperCase()])
          expect((await byGroupName(name)).Resources).toMatchObject([{ id }]);
        expect(await byGroupName("no such group")).toMatchObject({ totalResults: 0 });
      });
      test("20 and 21: a group is created, a duplicate is 409", async () => {
        const displayName = fresh("once");
        expect((await call("POST", "/Groups", { displayName })).status).toBe(201);
        expect((await call("POST", "/Groups", { displayName })).status).toBe(409);
      });
      test("22 and 23: a group's externalId and displayName are replaced", async () => {
        const { id } = await createGroup();
        const displayName = fresh("new name");
        expect(await patch(`/Groups/${id}`, { op: "replace", value: { externalId: "X-22" } })).toMatchObject({
          externalId: "X-22",
        });
        expect(await patch(`/Groups/${id}`, { op: "replace", value: { displayName } })).toMatchObject({
          id,
          displayName,
        });
      });
      test("24, 25 and P5: members are replaced, added and removed", async () => {
        const [a, b] = [await createUser(), await createUser()];
        const { id } = await createGroup();
        const values = (group: Json) => (group.members ?? []).map((each: Json) => each.value);
        expect(
          values(await patch(`/Groups/${id}`, { op: "replace", path: "members", value: [{ value: a.id }] })),
        ).toEqual([a.id]);
        expect(values(await patch(`/Groups/${id}`, { op: "remove", path: `members[value eq "${a.id}"]` }))).toEqual([]);
        expect(
          values(
            await patch(
              `/Groups/${id}`,
              { op: "add", path: "members", value: [{ value: a.id }, { value: b.id }] },
              { op: "remove", path: `members[value eq "${a.id}"]` },
            ),
          ),
        ).toEqual([b.id]);
      });
      test("26, P6 and P7: a group is deleted once, then 404", async () => {
        const { id } = await createGroup();
        expect((await call("DELETE", `/Groups/${id}`)).status).toBe(204);
        expect((await get(`/Groups/${id}`)).status).toBe(404);
        expect((await call("DELETE", `/Groups/${id}`)).status).toBe(404);
      });
      test("P1: add, replace and remove of different attributes go in one request", async () => {
        const { id } = await createUser({ title: "T", displayName: "D" });
        const user = await patch(
          `/Users/${id}`,
          { op: "add", path: "preferredLanguage", value: "no" },
          { op: "replace", path: "displayName", value: "E" },
          { op: "remove", path: "title" },
        );
        expect(user).toMatchObject({ preferredLanguage: "no", displayName: "E" });
        expect(user.title).toBeUndefined();
      });
      test("P2: remove, add and replace of the same attribute go one after the other", async () => {
        const { id } = await createUser({ title: "T" });
        expect(
          await patch(
            `/Users/${id}`,
            { op: "remove", path: "title" },
            { op: "add", path: "title", value: "A" },
            { op: "replace", path: "title", value: "B" },
          ),
        ).toMatchObject({ title: "B" });
      });
      test("an empty list of operations changes nothing", async () => {
        const { id, displayName } = await createUser();
        expect(await patch(`/Users/${id}`)).toMatchObject({ displayName });
      });
    });

    describe("the gallery's onboarding suite (inventory 2.2)", () => {
      test("1 to 5, 17, 18 and 25: a user is created, changed, disabled, given a manager, deleted", async () => {
        const [boss, user] = [await createUser(), await createUser()];
        expect(await patch(`/Users/${user.id}`, { op: "Replace", path: "title", value: "New" })).toMatchObject({
          title: "New",
        });
        expect(
          (await patch(`/Users/${user.id}`, { op: "Add", path: `${ENTERPRISE}:manager`, value: boss.id }))[ENTERPRISE]
            .manager.value,
        ).toBe(boss.id);
        expect(await patch(`/Users/${user.id}`, { op: "Replace", path: "active", value: "False" })).toMatchObject({
          active: false,
        });
        expect((await call("DELETE", `/Users/${user.id}`)).status).toBe(204);
        expect((await byName(user.userName)).totalResults).toBe(0);
      });
      test("6: a user is disabled and comes back", async () => {
        const { id } = await createUser();
        await patch(`/Users/${id}`, { op: "Replace", path: "active", value: "False" });
        expect(await patch(`/Users/${id}`, { op: "Replace", path: "active", value: "True" })).toMatchObject({
          active: true,
        });
      });
      test("8 to 14, 19 and 20: a group is created, renamed, given members, and deleted", async () => {
        const user = await createUser();
        const group = await createGroup({ externalId: "G-1" });
        const displayName = fresh("renamed");
        expect(
          await patch(`/Groups/${group.id}`, { op: "Replace", path: "displayName", value: displayName }),
        ).toMatchObject({ displayName, externalId: "G-1" });
        expect(
          (await patch(`/Groups/${group.id}`, { op: "Add", path: "members", value: [{ value: user.id }] })).members,
        ).toHaveLength(1);
        expect(
          (await patch(`/Groups/${group.id}`, { op: "Remove", path: "members", value: [{ value: user.id }] })).members,
        ).toBeUndefined();
        expect((await call("DELETE", `/Groups/${group.id}`)).status).toBe(204);
        expect((await byGroupName(displayName)).totalResults).toBe(0);
      });
      test("15: what is mapped can be learnt from /Schemas, without nulls", async () => {
        const { json, text } = await get("/Schemas");
        expect(json).toMatchObject({ schemas: [LIST] });
        expect(text).not.toContain("null");
        const names = json.Resources.flatMap((schema: Json) => schema.attributes.map((each: Json) => each.name));
        for (const name of ["userName", "displayName", "active", "emails", "name", "members", "manager", "department"])
          expect(names).toContain(name);
      });
      test("16: an empty text and null clear what they are sent for", async () => {
        for (const nothing of ["", null]) {
          const { id } = await createUser({ title: "T", preferredLanguage: "en" });
          const user = await patch(
            `/Users/${id}`,
            { op: "Replace", path: "title", value: nothing },
            { op: "Replace", path: "preferredLanguage", value: nothing },
          );
          expect([user.title, user.preferredLanguage]).toEqual([undefined, undefined]);
        }
      });
      test("23 and 24: users and groups come in pages, startIndex echoed", async () => {
        for (let n = 0; n < 8; n++) await createGroup();
        for (const path of ["/Users", "/Groups"]) {
          const first = (await get(`${path}?startIndex=1&count=5`)).json;
          const second = (await get(`${path}?startIndex=6&count=5`)).json;
          expect([first.startIndex, second.startIndex, first.itemsPerPage]).toEqual([1, 6, 5]);
          const ids = [...first.Resources, ...second.Resources].map((each: Json) => each.id);
          expect(new Set(ids).size).toBe(ids.length);
        }
      });
    });
  });
}
