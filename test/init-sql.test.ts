import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verify } from "@node-rs/bcrypt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { start } from "../src/compose/compose.ts";
import { send } from "./clients/replay.ts";
import { ROOT, TOKEN } from "./servers/gateway.ts";
import { registry } from "./servers/registry.ts";
import { type AnyDatabase, startDatabase, startUsersAndRoles } from "./servers/users-roles.ts";

const postern = (password: unknown, ...args: string[]) => {
  const env = { ...process.env, DB_PASSWORD: String(password ?? ""), SCIM_TOKEN: TOKEN };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "src/main.ts"), ...args], {
    encoding: "utf8",
    env,
  });
  return { status, output: stdout + stderr };
};
/** The options that name a database. */
const named = (settings: Readonly<Record<string, unknown>>): string[] =>
  ["dialect", "file", "host", "port", "database", "user"].flatMap((name) =>
    settings[name] === undefined ? [] : [`--${name}`, String(settings[name])],
  );

describe.each(["sqlite", "postgres", "mysql"] as const)("postern init sql, on %s", (dialect) => {
  const folder = mkdtempSync(join(tmpdir(), "postern-init-sql-"));
  let database: AnyDatabase;
  beforeAll(async () => {
    database = (await startUsersAndRoles(dialect)).database;
    database.run(`insert into users (username, status, password_hash, department_id) values
      ('ann', 'active', '$2y$10$abcdefghijklmnopqrstuv', 1), ('bo', 'locked', null, 2);`);
  });
  afterAll(async () => {
    await database.stop();
    rmSync(folder, { recursive: true });
  });
  const init = (...args: string[]) =>
    postern(database.settings.password, "init", "sql", ...named(database.settings), "--out", folder, ...args);
  const config = join(folder, "gateway.config.yaml");
  const read = (file: string) => readFileSync(join(folder, file), "utf8");

  test("writes what serves the tables, and marks what it could not guess", async () => {
    const { status, output } = init();
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain("Users: the table users. Groups: the table roles.");
    expect(output).toContain('group: a row of user_roles must be given "granted_by": say what by "set" of the list');
    const text = read("gateway.config.yaml");
    if (database.settings.password !== undefined) expect(text).not.toContain(database.settings.password);
    expect(text).toContain("where: { deleted_at: null }");
    expect(text).toContain("department: { column: department_id, table: departments, value: name }");
    const user = read("mappings/user.yaml");
    expect(user).toContain("userName: username");
    expect(user).toContain('active: { attr: status, as: { values: { "true": active, "false": locked } } }');
    expect(user).toContain("# ? rows of user_phones (kind, number) belong to users: perhaps a list");
    expect(user).toMatch(/password: .*version/);
    const checked = postern(database.settings.password, "check", "--connect", "-c", config);
    expect(checked.output).toContain("ok      user: users has all columns, and indexes for look-ups");
    expect(checked.output).not.toContain("has no column");
    expect(checked.output).toMatch(
      /MISSING group: "granted_by" of user_roles is NOT NULL, but nothing sets it for "\w+"/,
    );
    expect(checked.output).toMatch(/: \d+ MISSING[^\n]*\.\s*$/);
  });

  test("which, once the marks are seen to, provisions users and groups", async () => {
    const now = { sqlite: "strftime('%Y-%m-%dT%H:%M:%fZ')", postgres: "now()", mysql: "now(3)" }[dialect];
    const given = read("gateway.config.yaml")
      .replace("port: 8880", "port: 0")
      .replace(
        /value: user_id, of: user.*/,
        `value: user_id, of: user, set: { granted_by: us, granted_at: { sql: "${now}" } } }`,
      );
    writeFileSync(config, given);
    const running = await start(registry, config, {
      SCIM_TOKEN: TOKEN,
      DB_PASSWORD: String(database.settings.password),
    });
    const client = { base: `${running.url}/scim/v2`, token: TOKEN };
    const body = {
      userName: "new",
      password: "correct horse",
      "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { department: "Sales" },
    };
    const made = await send(client, "POST", "/Users", body);
    expect(made.status, made.text).toBe(201);
    const hash = database.run("select password_hash from users where username = 'new';");
    expect(hash).toMatch(/^\$2y\$/);
    expect(await verify("correct horse", hash)).toBe(true);
    const group = { displayName: "Editors", members: [{ value: made.json.id }] };
    expect((await send(client, "POST", "/Groups", group)).json.members).toMatchObject([{ value: made.json.id }]);
    expect((await send(client, "DELETE", `/Users/${made.json.id}`)).status).toBe(204);
    await running.stop();
  });

  test("overwrites nothing, and says which tables there are where one is not", () => {
    expect(init()).toMatchObject({ status: 1, output: expect.stringContaining("Nothing was written") });
    const { status, output } = init("--users", "persons", "--out", join(folder, "other"));
    expect({ status, output }).toEqual({
      status: 1,
      output: 'There is no table "persons". There are departments, roles, user_phones, user_roles, users.\n',
    });
  });
});

describe("postern init sql", () => {
  test.each([
    [["--dialect", "oracle"], '--dialect is one of sqlite, postgres, mysql, mssql, not "oracle".'],
    [["--dialect", "postgres", "--host", "x"], "postgres needs --database, --user."],
    [["--dialect", "sqlite", "--file", "/nowhere/x.db"], "There is no file /nowhere/x.db."],
    [["--dialect", "mysql", "--host", "x", "--database", "d", "--user", "u"], "Put the password of u into"],
  ])("%j: %s", (args, message) => {
    const { status, output } = postern("", "init", "sql", ...args);
    expect(status).toBe(1);
    expect(output).toContain(message);
  });

  test("drafts odd tables: keys of two columns, no names that it knows, no table of groups", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-init-sql-"));
    const database = await startDatabase("sqlite");
    database.run(`create table tbl_usr (mandant int not null, nr int not null, kennung text not null unique, boss_mandant int, boss_nr int,
      is_locked boolean not null default 0, must text not null, primary key (mandant, nr), foreign key (boss_mandant, boss_nr) references tbl_usr (mandant, nr));`);
    const args = [...named(database.settings), "--out", folder];
    expect(postern("", "init", "sql", ...args)).toMatchObject({
      status: 1,
      output: expect.stringContaining("No table looks like one of users: name it by --users. There are tbl_usr."),
    });
    expect(postern("", "init", "sql", ...args, "--users", "tbl_usr").status).toBe(0);
    const kinds = readFileSync(join(folder, "gateway.config.yaml"), "utf8");
    expect(kinds).toContain("key: { column: [ mandant, nr ] }");
    expect(kinds).toContain("joined: { manager: [ boss_mandant, boss_nr ] }");
    const user = readFileSync(join(folder, "mappings/user.yaml"), "utf8");
    expect(user).toContain("id: { attr: mandant:nr, readOnly: true }");
    expect(user).toContain("  # ? no column is called so: this one is unique\n  userName: kennung");
    expect(user).toContain('active: { attr: is_locked, as: { values: { "true": false, "false": true } } }');
    expect(user).toContain('# ? a row of tbl_usr must be given "must": map it, or give it a value in "create"');
    expect(user).toContain('# ? nothing makes the key "nr"');
    await database.stop();
    rmSync(folder, { recursive: true });
  });
});

describe("a table of people without a unique number", () => {
  const draft = async (inserts: string) => {
    const folder = mkdtempSync(join(tmpdir(), "postern-init-sql-"));
    const database = await startDatabase("sqlite");
    database.run(`create table employees (id integer primary key, employee_no text not null, login text, first_name text, last_name text, email text,
      job_title text, valid_from date); ${inserts}`);
    const { status, output } = postern("", "init", "sql", ...named(database.settings), "--out", folder);
    expect({ status, output }).toMatchObject({ status: 0 });
    const read = (file: string) => readFileSync(join(folder, file), "utf8");
    const texts = { output, kinds: read("gateway.config.yaml"), user: read("mappings/user.yaml") };
    const config = join(folder, "gateway.config.yaml");
    writeFileSync(config, texts.kinds.replace("port: 8880", "port: 0"));
    const running = await start(registry, config, { SCIM_TOKEN: TOKEN });
    const listed = await send({ base: `${running.url}/scim/v2`, token: TOKEN }, "GET", "/Users");
    await running.stop();
    await database.stop();
    rmSync(folder, { recursive: true });
    return { ...texts, listed };
  };
  const insert = "insert into employees (employee_no, first_name, job_title, valid_from) values";

  test("is drafted with `rows` where somebody has several: one entry a person, as the latest row says", async () => {
    const { output, kinds, user, listed } = await draft(`${insert} ('7', 'Ann', 'Chef', '2024-01-01'),
      ('8', 'Bo', 'Clerk', '2020-01-01'), ('7', 'Ann', 'Clerk', '2020-01-01');`);
    expect(output).toContain("in which people have several rows");
    expect(kinds).toContain("rows: { by: employee_no, order: [ valid_from ] }");
    expect(user).toContain("id: { attr: employee_no, readOnly: true }");
    expect(user).toContain('title: { read: "rows[-1].job_title" }');
    expect(listed.json).toMatchObject({
      totalResults: 2,
      Resources: [
        { id: "7", title: "Chef" },
        { id: "8", title: "Clerk" },
      ],
    });
  });

  test("is drafted as accounts where nobody has several", async () => {
    const { kinds } = await draft(`${insert} ('7', 'Ann', 'Chef', '2024-01-01'), ('8', 'Bo', 'Clerk', '2020-01-01');`);
    expect(kinds).not.toContain("rows:");
  });
});

test("who waits to be registered is no user, and whose rows a foreign key names are nobody else's", async () => {
  const database = await startDatabase("sqlite");
  const folder = mkdtempSync(join(tmpdir(), "postern-init-sql-"));
  // Flask-AppBuilder's tables, as Superset and Airflow have them.
  database.run(`create table ab_register_user (id integer primary key, username varchar(64) unique, email varchar(64));
    create table ab_user (id integer primary key, username varchar(64) unique not null, active boolean, email varchar(320) unique not null);
    create table ab_group (id integer primary key, name varchar(100) unique not null);
    create table ab_user_group (id integer primary key, user_id integer references ab_user (id), group_id integer references ab_group (id),
      unique (user_id, group_id));`);
  const { status, output } = postern(undefined, "init", "sql", ...named(database.settings), "--out", folder);
  expect({ status, output }).toMatchObject({ status: 0 });
  expect(output).toContain("Users: the table ab_user. Groups: the table ab_group.");
  const asked = postern(
    undefined,
    "init",
    "sql",
    ...named(database.settings),
    "--out",
    join(folder, "other"),
    "--users",
    "ab_register_user",
  );
  expect(asked.status).toBe(0);
  expect(readFileSync(join(folder, "other/gateway.config.yaml"), "utf8")).not.toContain("ab_user_group");
  rmSync(folder, { recursive: true });
  await database.stop();
});
