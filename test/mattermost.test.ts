import { readFileSync } from "node:fs";
import { join } from "node:path";
import { verify } from "@node-rs/bcrypt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { send } from "./clients/replay.ts";
import { type Database, startPostgres } from "./servers/databases.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";

/** The shipped example, on tables as Mattermost makes them. */
describe("Mattermost's own tables", () => {
  let database: Database;
  let gateway: TestGateway;
  beforeAll(async () => {
    database = await startPostgres();
    database.run(readFileSync(join(ROOT, "test/tables/mattermost.sql"), "utf8"));
    const example = parse(readFileSync(join(ROOT, "examples/mattermost/gateway.config.yaml"), "utf8"));
    const mapping = (file: string) => join(ROOT, "mappings/mattermost", file);
    gateway = await startGateway({
      connectors: { mattermost: { ...example.connectors.mattermost, ...database.settings } },
      routes: {
        "/scim/v2": {
          User: { connector: "mattermost", mapping: mapping("user.yaml") },
          Group: { connector: "mattermost", mapping: mapping("team.yaml") },
        },
      },
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await database.stop();
  });
  const create = async (userName: string, more: object = {}) => {
    const { status, json, text } = await send(gateway, "POST", "/Users", { userName, active: true, ...more });
    expect(status, text).toBe(201);
    return json;
  };
  const patch = (path: string, ...Operations: object[]) => send(gateway, "PATCH", path, { Operations });
  const field = (id: string, column: string) => database.run(`select ${column} from users where id = '${id}';`).trim();

  test("a user is made as Mattermost would make one, with a name of its own and a hashed password", async () => {
    const made = await create("Åse.Berg@corp.example", { name: { givenName: "Åse" }, password: "correct horse" });
    expect(made).toMatchObject({ userName: "Åse.Berg@corp.example", active: true, name: { givenName: "Åse" } });
    expect(made.id).toMatch(/^[a-z0-9]{26}$/);
    expect(made.meta.created).toMatch(/^\d{4}-/);
    expect(field(made.id, "username")).toBe("ase.berg");
    expect(field(made.id, "roles || ' ' || emailverified || ' ' || (notifyprops->>'desktop')")).toBe(
      "system_user true mention",
    );
    expect(await verify("correct horse", field(made.id, "password"))).toBe(true);
    expect(Number(field(made.id, "lastpasswordupdate"))).toBeGreaterThan(0);
    const second = await create("ase.berg@elsewhere.example");
    expect(field(second.id, "username")).toBe("ase.berg2");
    const taken = await send(gateway, "POST", "/Users", { userName: "ase.berg@elsewhere.example" });
    expect(taken.json).toMatchObject({ status: "409", scimType: "uniqueness" });
    const { json } = await send(
      gateway,
      "GET",
      `/Users?filter=${encodeURIComponent('userName eq "ASE.berg@elsewhere.example"')}`,
    );
    expect(json.Resources).toMatchObject([{ id: second.id }]);
  });

  test("one who is disabled is deactivated at that moment, once, and may come back", async () => {
    const { id } = await create("leaver@corp.example");
    const off = await patch(`/Users/${id}`, { op: "replace", path: "active", value: "False" });
    expect(off.json.active).toBe(false);
    const moment = field(id, "deleteat");
    expect(Number(moment)).toBeGreaterThan(0);
    await patch(`/Users/${id}`, { op: "replace", value: { active: false, nickName: "Gone" } });
    expect(field(id, "deleteat")).toBe(moment);
    expect((await patch(`/Users/${id}`, { op: "replace", path: "active", value: true })).json.active).toBe(true);
    expect(field(id, "deleteat")).toBe("0");
    expect((await send(gateway, "DELETE", `/Users/${id}`)).status).toBe(204);
    expect((await send(gateway, "GET", `/Users/${id}`)).json.active).toBe(false);
  });

  test("who leaves a team stays in its table as one who left, and takes the row again on coming back", async () => {
    const [a, b] = [await create("a@corp.example"), await create("b@corp.example")];
    const members = [{ value: a.id }, { value: b.id }];
    const { json: team, text } = await send(gateway, "POST", "/Groups", { displayName: "Sales & Co", members });
    expect(team.members, text).toHaveLength(2);
    const rows = `select userid, deleteat > 0, schemeuser from teammembers where teamid = '${team.id}' order by userid;`;
    await patch(`/Groups/${team.id}`, { op: "remove", path: `members[value eq "${a.id}"]` });
    const left = database.run(rows);
    expect(left).toContain(`${a.id}|t|t`);
    expect(left).toContain(`${b.id}|f|t`);
    expect((await send(gateway, "GET", `/Users/${a.id}`)).json.groups).toBeUndefined();
    await patch(`/Groups/${team.id}`, { op: "add", path: "members", value: [{ value: a.id }] });
    expect(database.run(rows)).toContain(`${a.id}|f|t`);
    expect((await send(gateway, "GET", `/Groups/${team.id}`)).json.members).toHaveLength(2);
    const channels = database.run(`select name from channels where teamid = '${team.id}' order by name;`);
    expect(channels.trim().split("\n")).toEqual(["off-topic", "town-square"]);
    expect(database.run(`select name from teams where id = '${team.id}';`).trim()).toBe("sales-co");
    expect((await send(gateway, "DELETE", `/Groups/${team.id}`)).status).toBe(204);
    expect((await send(gateway, "GET", `/Groups/${team.id}`)).status).toBe(404);
  });
});
