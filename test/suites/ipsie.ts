import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "../clients/replay.ts";
import type { TestGateway } from "../servers/gateway.ts";

const MESSAGES = "urn:ietf:params:scim:api:messages:2.0";
const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
type Json = any;

/** A configuration whose routes enforce the interoperability profile, as IPSIE asks (§4.2). */
export const inInterop = <T extends { readonly routes: object }>(config: T): T => ({
  ...config,
  routes: Object.fromEntries(
    Object.entries(config.routes).map(([base, served]) => [base, { profile: "interop", ...served }]),
  ),
});

/**
 * What the SCIM 2.0 IPSIE Profile (draft-schreiber-scim-ipsie-profile, August 2026) asks of an application's resources at AL1 and AL2,
 * on a route with `profile: interop`.
 */
export function ipsieSuite(backend: string, start: () => Promise<TestGateway>): void {
  describe(`IPSIE on ${backend}`, () => {
    let gateway: TestGateway;
    beforeAll(async () => {
      gateway = await start();
    });
    afterAll(() => gateway.stop());

    let turn = 0;
    const fresh = (name: string) => `${name}${++turn}`;
    const call = (method: string, path: string, body?: unknown) => send(gateway, method, path, body);
    const made = async (path: string, body: object): Promise<Json> => {
      const answer = await call("POST", path, body);
      expect(answer.status, answer.text).toBe(201);
      return answer.json;
    };
    const createUser = (more: object = {}) => {
      const userName = fresh("ipsie");
      return made("/Users", { schemas: [USER], userName, displayName: userName, active: true, ...more });
    };
    const createGroup = (more: object = {}) =>
      made("/Groups", { schemas: [GROUP], displayName: fresh("ipsie group"), ...more });
    const patch = async (path: string, ...Operations: object[]): Promise<Json> => {
      const answer = await call("PATCH", path, { schemas: [`${MESSAGES}:PatchOp`], Operations });
      expect([200, 204], answer.text).toContain(answer.status);
      return (await call("GET", path)).json;
    };
    const found = async (path: string, filter: string): Promise<string[]> => {
      const { json, text } = await call("GET", `${path}?filter=${encodeURIComponent(filter)}`);
      expect(json.Resources, text).toBeDefined();
      return json.Resources.map(({ id }: Json) => id);
    };
    const membersOf = async (id: string): Promise<string[]> =>
      ((await call("GET", `/Groups/${id}`)).json.members ?? []).map(({ value }: Json) => value);

    test("AL1 §5.1: a user is deactivated and reactivated, and stays", async () => {
      const { id } = await createUser();
      for (const value of [false, true]) {
        const changed = await patch(`/Users/${id}`, { op: "replace", path: "active", value });
        expect(changed).toMatchObject({ id, active: value });
      }
    });

    test("AL1 §5.2: a user's name is free again when it is deleted, and so is a group's", async () => {
      const { id, userName } = await createUser();
      const group = await createGroup();
      for (const path of [`/Users/${id}`, `/Groups/${group.id}`]) {
        expect((await call("DELETE", path)).status).toBe(204);
        expect((await call("GET", path)).status).toBe(404);
      }
      expect(await found("/Users", `userName eq "${userName}"`)).toEqual([]);
      const again = await createUser({ userName });
      expect(again.id).not.toBe(id);
      expect(await found("/Users", `userName eq "${userName}"`)).toEqual([again.id]);
      await createGroup({ displayName: group.displayName });
    });

    test("AL1 §5.4: users are found by their name, their externalId and their address", async () => {
      const [name, other] = [fresh("finds"), fresh("hides")];
      const user = (value: string) =>
        createUser({ externalId: `ext-${value}`, emails: [{ type: "work", value: `${value}@ipsie.test` }] });
      const { id, userName } = await user(name);
      await user(other);
      for (const filter of [
        `username eq "${userName}"`,
        `externalId eq "ext-${name}"`,
        `emails[value eq "${name}@ipsie.test"]`,
        `emails[type eq "work" and value eq "${name}@ipsie.test"]`,
      ])
        expect(await found("/Users", filter), filter).toEqual([id]);
      for (const filter of [
        `emails[value eq "nobody@ipsie.test"]`,
        `emails[type eq "home" and value eq "${name}@ipsie.test"]`,
      ])
        expect(await found("/Users", filter), filter).toEqual([]);
    });

    test("AL2 §6.2.2, §6.2.5: a group without members is made, and groups are found by name, externalId and member", async () => {
      const externalId = fresh("ext-group");
      const group = await createGroup({ externalId });
      expect(await membersOf(group.id)).toEqual([]);
      const [user, other] = [await createUser(), await createUser()];
      await patch(`/Groups/${group.id}`, { op: "add", path: "members", value: [{ value: user.id }] });
      for (const filter of [
        `displayName eq "${group.displayName}"`,
        `externalId eq "${externalId}"`,
        `members[value eq "${user.id}"]`,
      ])
        expect(await found("/Groups", filter), filter).toEqual([group.id]);
      expect(await found("/Groups", `members[value eq "${other.id}"]`)).toEqual([]);
    });

    test("AL2 §6.2.6: one PATCH adds sixty members by sixty operations, and another removes them", async () => {
      const ids: string[] = [];
      for (let n = 0; n < 61; n += 1) ids.push((await createUser()).id);
      const stays = ids[0]!;
      const changed = ids.slice(1);
      const { id } = await createGroup({ members: [{ value: stays }] });
      await patch(`/Groups/${id}`, ...changed.map((value) => ({ op: "add", path: "members", value: [{ value }] })));
      expect((await membersOf(id)).sort()).toEqual([...ids].sort());
      await patch(`/Groups/${id}`, ...changed.map((value) => ({ op: "remove", path: `members[value eq "${value}"]` })));
      expect(await membersOf(id)).toEqual([stays]);
    });

    test("§4.3: one PATCH changes several attributes, and one bulk request several resources", async () => {
      const { id } = await createUser();
      const both = await patch(
        `/Users/${id}`,
        { op: "replace", path: "displayName", value: "Changed" },
        { op: "replace", path: "active", value: false },
        { op: "add", path: "externalId", value: fresh("ext") },
      );
      expect(both).toMatchObject({ displayName: "Changed", active: false });
      const gone = await createUser();
      const userName = fresh("bulk");
      const { json } = await call("POST", "/Bulk", {
        schemas: [`${MESSAGES}:BulkRequest`],
        Operations: [
          {
            method: "POST",
            path: "/Users",
            bulkId: "u",
            data: { schemas: [USER], userName, displayName: userName },
          },
          {
            method: "POST",
            path: "/Groups",
            bulkId: "g",
            data: { schemas: [GROUP], displayName: fresh("bulk group"), members: [{ value: "bulkId:u" }] },
          },
          {
            method: "PATCH",
            path: `/Users/${id}`,
            data: {
              schemas: [`${MESSAGES}:PatchOp`],
              Operations: [{ op: "replace", path: "active", value: true }],
            },
          },
          { method: "DELETE", path: `/Users/${gone.id}` },
        ],
      });
      expect(json.Operations.map(({ status }: Json) => status)).toEqual(["201", "201", "200", "204"]);
      const [bulkId] = await found("/Users", `userName eq "${userName}"`);
      const groupId = json.Operations[1].location.split("/").at(-1);
      expect(await membersOf(groupId)).toEqual([bulkId]);
      expect((await call("GET", `/Users/${gone.id}`)).status).toBe(404);
    });

    test("§4.2: what the interoperability profile refuses is refused", async () => {
      const { id, userName } = await createUser();
      const unknown = await call("POST", "/Users", { schemas: [USER], userName: fresh("x"), shoeSize: 42 });
      expect(unknown).toMatchObject({ status: 400, json: { scimType: "invalidSyntax" } });
      const Operations = [{ op: "replace", value: { active: false } }];
      const pathless = await call("PATCH", `/Users/${id}`, { schemas: [`${MESSAGES}:PatchOp`], Operations });
      expect(pathless).toMatchObject({ status: 400, json: { scimType: "invalidSyntax" } });
      expect(await call("GET", '/Users?filter=shoeSize eq "42"')).toMatchObject({
        status: 400,
        json: { scimType: "invalidFilter" },
      });
      const taken = await call("POST", "/Users", { schemas: [USER], userName, displayName: userName });
      expect(taken).toMatchObject({ status: 409, json: { scimType: "uniqueness" } });
    });
  });
}
