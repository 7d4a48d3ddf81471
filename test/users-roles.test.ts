import { verify } from "@node-rs/bcrypt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { startGateway, type TestGateway } from "./servers/gateway.ts";
import { type AnyDatabase, startUsersAndRoles } from "./servers/users-roles.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

describe.each(["sqlite", "postgres", "mysql"] as const)("users and roles of the ordinary kind, on %s", (dialect) => {
  let database: AnyDatabase;
  let gateway: TestGateway;
  beforeAll(async () => {
    const started = await startUsersAndRoles(dialect);
    database = started.database;
    gateway = await startGateway(started.config);
  });
  afterAll(async () => {
    await gateway.stop();
    await database.stop();
  });
  const create = async (userName: string, more: object = {}) => {
    const { status, json, text } = await send(gateway, "POST", "/Users", { userName, ...more });
    expect(status, text).toBe(201);
    return json;
  };
  const patch = (id: string, path: string, value: unknown, op = "replace", endpoint = "Users") =>
    send(gateway, "PATCH", `/${endpoint}/${id}`, {
      Operations: [{ op, path, ...(value !== undefined && { value }) }],
    });
  const find = async (filter: string, more = "") =>
    (await send(gateway, "GET", `/Users?filter=${encodeURIComponent(filter)}${more}`)).json.Resources.map(
      ({ userName }: { userName: string }) => userName,
    );
  const field = (userName: string, column: string) =>
    database.run(`select ${column} from users where username = '${userName}';`);

  test("a department is named, and the row refers to it; an unknown one is refused", async () => {
    const made = await create("dep", { [ENTERPRISE]: { department: "Sales" } });
    expect(made[ENTERPRISE]).toEqual({ department: "Sales" });
    expect(field("dep", "department_id")).toBe("2");
    await create("dep2", { [ENTERPRISE]: { department: "engineering" } });
    expect(await find(`${ENTERPRISE}:department eq "SALES"`)).toEqual(["dep"]);
    expect(await find(`${ENTERPRISE}:department sw "eng"`)).toEqual(["dep2"]);
    expect(await find(`userName sw "dep" and not (${ENTERPRISE}:department eq "Sales")`)).toEqual(["dep2"]);
    expect(await find('userName sw "dep"', `&sortBy=${ENTERPRISE}:department&sortOrder=ascending`)).toEqual([
      "dep2",
      "dep",
    ]);
    expect(await find('userName sw "dep"', `&sortBy=${ENTERPRISE}:department&sortOrder=descending`)).toEqual([
      "dep",
      "dep2",
    ]);
    expect((await patch(made.id, `${ENTERPRISE}:department`, "Human Resources")).json[ENTERPRISE].department).toBe(
      "Human Resources",
    );
    const refused = await patch(made.id, `${ENTERPRISE}:department`, "Alchemy");
    expect(refused.json).toMatchObject({
      status: "400",
      scimType: "invalidValue",
      detail: 'No row in departments has this value: name is "Alchemy".',
    });
    expect((await send(gateway, "POST", "/Users", { userName: "x", [ENTERPRISE]: { department: "?" } })).status).toBe(
      400,
    );
    expect(field("x", "count(*)")).toBe("0");
    const emptied = await patch(made.id, `${ENTERPRISE}:department`, undefined, "remove");
    expect(emptied.json[ENTERPRISE]).toBeUndefined();
    expect(await find(`userName sw "dep" and not (${ENTERPRISE}:department pr)`)).toEqual(["dep"]);
  });

  test("a manager is referred to by the staff number, and named by the id", async () => {
    const boss = await create("boss", { displayName: "The Boss", [ENTERPRISE]: { employeeNumber: "E1" } });
    const made = await create("staff", { [ENTERPRISE]: { employeeNumber: "E2", manager: { value: boss.id } } });
    expect(made[ENTERPRISE].manager).toMatchObject({ value: boss.id, displayName: "The Boss" });
    expect(field("staff", "manager_staff_no")).toBe("E1");
    expect(await find(`${ENTERPRISE}:manager.value eq "${boss.id}"`)).toEqual(["staff"]);
    const other = await create("other", { [ENTERPRISE]: { employeeNumber: "E3" } });
    const changed = await patch(made.id, `${ENTERPRISE}:manager`, other.id);
    expect(changed.json[ENTERPRISE].manager.value).toBe(other.id);
    expect(field("staff", "manager_staff_no")).toBe("E3");
    const removed = await patch(made.id, `${ENTERPRISE}:manager`, undefined, "remove");
    expect(removed.json[ENTERPRISE]).toEqual({ employeeNumber: "E2" });
    const unnumbered = await create("unnumbered");
    const refused = await patch(made.id, `${ENTERPRISE}:manager`, unnumbered.id);
    expect(refused.json).toMatchObject({ status: "400", detail: expect.stringContaining("has no staff_no") });
  });

  test("a password is kept as its hash, and comes back from nowhere", async () => {
    const made = await create("secretive", { password: "correct horse" });
    expect(JSON.stringify(made)).not.toMatch(/password|correct horse|\$2b/);
    expect(await verify("correct horse", field("secretive", "password_hash"))).toBe(true);
    const renamed = field("secretive", "password_hash");
    expect((await patch(made.id, "displayName", "S")).status).toBe(200);
    expect(field("secretive", "password_hash")).toBe(renamed);
    await patch(made.id, "password", "battery staple");
    expect(await verify("battery staple", field("secretive", "password_hash"))).toBe(true);
    const long = await patch(made.id, "password", "x".repeat(73));
    expect(long.json).toMatchObject({ status: "400", detail: expect.stringContaining("longer than 72 bytes") });
    expect(long.text).not.toContain("xxx");
  });

  test("a role's rows are given who granted it and when, and those that are there keep theirs", async () => {
    const [a, b] = [await create("member a"), await create("member b")];
    const { json: role } = await send(gateway, "POST", "/Groups", {
      displayName: "Editors",
      members: [{ value: a.id }],
    });
    database.run(`update user_roles set granted_by = 'root' where user_id = ${a.id};`);
    const added = await patch(role.id, "members", [{ value: a.id }, { value: b.id }], "add", "Groups");
    expect(added.status).toBe(204);
    const rows = `select u.username, r.granted_by from user_roles r join users u on u.id = r.user_id order by u.username;`;
    expect(database.run(rows)).toBe("member a|root\nmember b|postern");
    expect((await send(gateway, "GET", `/Users/${b.id}`)).json.groups).toMatchObject([{ value: role.id }]);
    expect(await find(`groups.value eq "${role.id}" and userName sw "member"`)).toEqual(["member a", "member b"]);
  });

  test("one who leaves is marked, is no one's member, and may come back by the same name", async () => {
    const leaver = await create("leaver", { phoneNumbers: [{ type: "mobile", value: "+47 1" }] });
    const { json: role } = await send(gateway, "POST", "/Groups", {
      displayName: "Leavers",
      members: [{ value: leaver.id }],
    });
    expect((await send(gateway, "DELETE", `/Users/${leaver.id}`)).status).toBe(204);
    expect((await send(gateway, "GET", `/Users/${leaver.id}`)).status).toBe(404);
    expect((await send(gateway, "GET", `/Groups/${role.id}`)).json.members).toBeUndefined();
    const filter = encodeURIComponent(`members.value eq "${leaver.id}"`);
    expect((await send(gateway, "GET", `/Groups?filter=${filter}`)).json.totalResults).toBe(0);
    expect(database.run(`select username from users where id = ${leaver.id};`)).toBe(`leaver#${leaver.id}`);
    const again = await create("leaver");
    expect(again.id).not.toBe(leaver.id);
    const updated = field("leaver", "updated_at");
    await patch(again.id, "displayName", "Back");
    expect(field("leaver", "updated_at")).not.toBe(updated);
  });
});
