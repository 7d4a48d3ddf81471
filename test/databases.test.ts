import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import sql from "../connectors/sql/index.ts";
import { send } from "./clients/replay.ts";
import { type Database, openHr, startHr } from "./servers/databases.ts";
import { ROOT, startGateway, type TestGateway, TOKEN } from "./servers/gateway.ts";
import { lent } from "./servers/lent.ts";

/** A table as applications leave them: every usual type, rows of several tenants, rows that are only marked as deleted. */
const accounts = {
  postgres: `create schema "app data";
    create table "app data"."user accounts" (
      "id" uuid primary key default gen_random_uuid(), tenant integer not null, "login name" varchar(100) not null,
      state char(8), salary numeric(12,2), big bigint, born date, seen timestamp, paid timestamptz, is_on boolean,
      flags integer, notes jsonb, kind varchar(10) check (kind in ('human', 'robot')), deleted smallint not null default 0,
      unique (tenant, "login name"));
    create table "app data".mails (account uuid not null references "app data"."user accounts", type varchar(10) not null,
      address varchar(200) not null, primary key (account, type, address));
    insert into "app data"."user accounts" (tenant, "login name") values (8, 'other tenant');
    insert into "app data"."user accounts" (tenant, "login name", deleted) values (7, 'gone', 1);`,
  mysql: `create table \`user accounts\` (
      \`id\` binary(16) primary key, tenant int not null, \`login name\` varchar(100) not null,
      state char(8), salary decimal(12,2), big bigint, born date, seen datetime(3), paid timestamp(3) null, is_on bit(1),
      flags int, notes json, kind enum('human', 'robot'), deleted tinyint not null default 0,
      unique key \`login name\` (tenant, \`login name\`)) collate utf8mb4_unicode_ci;
    create table mails (account binary(16) not null, type varchar(10) not null, address varchar(200) not null,
      primary key (account, type, address), foreign key (account) references \`user accounts\` (id)) collate utf8mb4_unicode_ci;
    insert into \`user accounts\` (id, tenant, \`login name\`) values (unhex('00000000000040008000000000000001'), 8, 'other tenant');
    insert into \`user accounts\` (id, tenant, \`login name\`, deleted) values (unhex('00000000000040008000000000000002'), 7, 'gone', 1);`,
};

const EXTENSION = "urn:example:params:scim:schemas:extension:account:2.0:User";
const types = {
  schemas: [
    {
      id: EXTENSION,
      name: "Account",
      attributes: [
        { name: "state" },
        { name: "salary", type: "decimal" },
        { name: "big", type: "integer" },
        { name: "born", type: "dateTime" },
        { name: "seen", type: "dateTime" },
        { name: "paid", type: "dateTime" },
        { name: "notes" },
        { name: "kind" },
        { name: "flag", type: "boolean" },
      ],
    },
  ],
  resourceTypes: [{ name: "User", extensions: [{ schema: EXTENSION }] }],
};
const mapping = (typesFile: string) => ({
  resource: "User",
  types: typesFile,
  kind: "account",
  attributes: {
    id: { attr: "id", readOnly: true },
    userName: "login name",
    active: { attr: "is_on", as: "boolean" },
    'emails[type eq "work"].value': { attr: "work", many: true },
    'emails[type eq "home"].value': { attr: "home", many: true },
    [`${EXTENSION}:state`]: "state",
    [`${EXTENSION}:salary`]: "salary",
    [`${EXTENSION}:big`]: "big",
    [`${EXTENSION}:born`]: { attr: "born", as: "time" },
    [`${EXTENSION}:seen`]: { attr: "seen", as: "time" },
    [`${EXTENSION}:paid`]: { attr: "paid", as: "time" },
    [`${EXTENSION}:kind`]: "kind",
    [`${EXTENSION}:flag`]: { attr: "flags", as: { flag: 4 } },
  },
});
const where = { tenant: 7, deleted: 0 };
const accountKind = (schema: object) => {
  const mails = (type: string) => ({ ...schema, table: "mails", owner: "account", value: "address", where: { type } });
  return {
    ...schema,
    table: "user accounts",
    key: { column: "id", type: "text", generate: "uuid" },
    where,
    deletedBy: { deleted: 1 },
    lists: { work: mails("work"), home: mails("home") },
  };
};

describe.each(["postgres", "mysql"] as const)("tables as they are, on %s", (dialect) => {
  const folder = mkdtempSync(join(tmpdir(), "postern-tables-"));
  let database: Database;
  let gateway: TestGateway;
  beforeAll(async () => {
    database = await startHr(dialect);
    database.run(accounts[dialect]);
    const typesFile = join(folder, "types.yaml");
    const file = join(folder, "account.yaml");
    writeFileSync(typesFile, stringify(types));
    writeFileSync(file, stringify(mapping(typesFile)));
    const schema = dialect === "postgres" ? { schema: "app data" } : {};
    gateway = await startGateway({
      connectors: { app: { type: "sql", ...database.settings, kinds: { account: accountKind(schema) } } },
      routes: { "/scim/v2": { User: { connector: "app", mapping: file } } },
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await database.stop();
    rmSync(folder, { recursive: true });
  });
  const values = {
    state: "on",
    salary: 1234567.89,
    big: 9007199254740991,
    born: "1999-12-31T00:00:00.000Z",
    seen: "2026-11-24T08:15:30.123Z",
    paid: "2026-03-29T01:30:00.000Z",
    kind: "robot",
    flag: true,
  };
  const find = async (filter: string) =>
    (await send(gateway, "GET", `/Users?filter=${encodeURIComponent(filter)}`)).json.Resources?.map(
      ({ userName }: { userName: string }) => userName,
    );

  test("every usual type comes back as it was sent, and is found by its value", async () => {
    const made = await send(gateway, "POST", "/Users", { userName: "types", active: true, [EXTENSION]: values });
    expect(made.json).toMatchObject({ active: true, [EXTENSION]: values });
    const { json } = await send(gateway, "GET", `/Users/${made.json.id}`);
    expect(json[EXTENSION]).toEqual(values);
    expect(json.id).toMatch(/^[0-9a-f]{8}-/);
    for (const [name, value] of Object.entries(values)) {
      const filter = `${EXTENSION}:${name} eq ${JSON.stringify(value)}`;
      expect(await find(filter), filter).toEqual(["types"]);
    }
    expect(
      await find(`${EXTENSION}:seen gt "2026-11-24T08:15:30Z" and ${EXTENSION}:seen lt "2026-11-24T09:15:31+01:00"`),
    ).toEqual(["types"]);
    expect(await find(`${EXTENSION}:salary gt 1234567 and ${EXTENSION}:salary lt 1234568`)).toEqual(["types"]);
    expect(await find(`${EXTENSION}:big gt 9007199254740991`)).toEqual([]);
    expect(await find("active eq false")).toEqual([]);
    expect(await find(`${EXTENSION}:state eq "on "`)).toEqual([]);
    const off = [
      { op: "replace", value: { active: false, [`${EXTENSION}:flag`]: false, [`${EXTENSION}:born`]: null } },
    ];
    const { json: after } = await send(gateway, "PATCH", `/Users/${made.json.id}`, { Operations: off });
    expect(after).toMatchObject({ active: false, [EXTENSION]: { flag: false, kind: "robot" } });
    expect(after[EXTENSION].born).toBeUndefined();
    const wrong = [{ op: "replace", path: `${EXTENSION}:kind`, value: "alien" }];
    const refused = await send(gateway, "PATCH", `/Users/${made.json.id}`, { Operations: wrong });
    expect(refused.json).toMatchObject({ status: "400", scimType: "invalidValue" });
  });

  test("values of a table of its own, told apart by a column, are elements", async () => {
    const emails = [
      { type: "work", value: "a@x.test" },
      { type: "work", value: "b@x.test" },
      { type: "home", value: "c@x.test" },
    ];
    const { json } = await send(gateway, "POST", "/Users", { userName: "mails", emails });
    expect(json.emails).toEqual(emails);
    expect(await find('emails[type eq "home" and value eq "c@x.test"]')).toEqual(["mails"]);
    expect(await find('emails[type eq "home" and value eq "a@x.test"]')).toEqual([]);
    const Operations = [
      { op: "remove", path: 'emails[type eq "work" and value eq "a@x.test"]' },
      { op: "add", path: "emails", value: [{ type: "home", value: "a@x.test" }] },
    ];
    const { json: after } = await send(gateway, "PATCH", `/Users/${json.id}`, { Operations });
    expect(after.emails).toEqual([
      { type: "work", value: "b@x.test" },
      { type: "home", value: "a@x.test" },
      { type: "home", value: "c@x.test" },
    ]);
  });

  test("rows of other tenants, and rows that are marked as deleted, are nothing", async () => {
    expect(await find("userName pr")).not.toContain("other tenant");
    expect(await find("userName pr")).not.toContain("gone");
    const { json } = await send(gateway, "POST", "/Users", { userName: "leaver" });
    expect((await send(gateway, "DELETE", `/Users/${json.id}`)).status).toBe(204);
    for (const [method, body] of [
      ["GET"],
      ["DELETE"],
      ["PATCH", { Operations: [{ op: "replace", path: "active", value: true }] }],
    ] as const)
      expect((await send(gateway, method, `/Users/${json.id}`, body)).status).toBe(404);
    const table = dialect === "postgres" ? '"app data"."user accounts"' : "`user accounts`";
    const name = dialect === "postgres" ? '"login name"' : "`login name`";
    expect(database.run(`select tenant, deleted from ${table} where ${name} = 'leaver';`)).toMatch(/^7[|\t]1/m);
  });

  test("a taken value is 409, with the column", async () => {
    await send(gateway, "POST", "/Users", { userName: "taken" });
    const { json } = await send(gateway, "POST", "/Users", { userName: "taken" });
    expect(json).toMatchObject({
      status: "409",
      scimType: "uniqueness",
      detail: expect.stringContaining("login name"),
    });
  });

  test("postern check --connect says which columns are not there, and which look-ups have no index", async () => {
    const file = join(folder, "wrong.yaml");
    const { attributes, ...rest } = mapping(join(folder, "types.yaml"));
    const { [`${EXTENSION}:state`]: _, ...others } = attributes as Record<string, unknown>;
    const wrong = { ...others, displayName: "full name", externalId: "state" };
    writeFileSync(file, stringify({ ...rest, attributes: wrong }));
    const config = join(folder, "gateway.config.yaml");
    const schema = dialect === "postgres" ? { schema: "app data" } : {};
    const auth = [{ type: "bearer", tokens: [{ name: "tests", token: TOKEN }] }];
    const connectors = { app: { type: "sql", ...database.settings, kinds: { account: accountKind(schema) } } };
    const routes = { "/scim/v2": { User: { connector: "app", mapping: file } } };
    writeFileSync(config, stringify({ auth, connectors, routes }));
    const args = [join(ROOT, "src/main.ts"), "check", "--connect", "-c", config];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stdout).toContain('MISSING account: user accounts has no column "full name"');
    expect(stdout).toMatch(
      /SLOW {4}account: every look-up by "state" scans the whole table user accounts: create index/,
    );
  });

  test("postern explain --connect says what of a filter no index answers", () => {
    const config = join(folder, "explained.config.yaml");
    const schema = dialect === "postgres" ? { schema: "app data" } : {};
    const auth = [{ type: "bearer", tokens: [{ name: "tests", token: TOKEN }] }];
    const connectors = { app: { type: "sql", ...database.settings, kinds: { account: accountKind(schema) } } };
    const routes = { "/scim/v2": { User: { connector: "app", mapping: join(folder, "account.yaml") } } };
    writeFileSync(config, stringify({ auth, connectors, routes }));
    const explained = (filter: string) => {
      const args = [join(ROOT, "src/main.ts"), "explain", "--connect", "-c", config, "GET", `/Users?filter=${filter}`];
      return spawnSync(process.execPath, args, { encoding: "utf8" }).stdout;
    };
    const slow = explained(`${EXTENSION}:state eq "on" or ${EXTENSION}:salary gt 5`);
    const table = dialect === "postgres" ? '"app data"."user accounts"' : "`user accounts`";
    const by = dialect === "postgres" ? "(lower(state))" : "(state)";
    expect(slow).toContain(
      `# slow: every look-up by "state" scans the whole table user accounts: create index user_accounts_state on ${table} ${by}`,
    );
    // What a column holds is known then.
    expect(slow).toMatch(/salary.{1,2} > [?$]/);
    expect(slow).toContain('# slow: "salary" gt scans the whole table user accounts');
    expect(explained(`id eq "x" and ${EXTENSION}:state eq "on"`)).not.toContain("# slow");
  });

  test("text that means something to SQL is stored and found as text, everywhere", async () => {
    const corpus = [
      "'; drop table people; --",
      '"; drop table people; --',
      "` or 1=1 --",
      "\\' or 1=1 --",
      "' or ''='",
      "$1 ${1} ? :a @a",
      "%_!%",
      "/* x */ -- y # z",
      "\\",
      "x' union select null --",
      "\u2019 or 1=1",
      "{{7*7}}",
      "select pg_sleep(9)",
    ];
    for (const [n, text] of corpus.entries()) {
      const emails = [{ type: "work", value: `${text}@x.test` }];
      const made = await send(gateway, "POST", "/Users", { userName: text, emails, [EXTENSION]: { state: `s${n}` } });
      expect(made.status, made.text).toBe(201);
      const quoted = JSON.stringify(text);
      for (const filter of [`userName eq ${quoted}`, `emails.value eq ${JSON.stringify(`${text}@x.test`)}`])
        expect(await find(filter), filter).toEqual([text]);
      for (const filter of [`userName co ${quoted}`, `userName sw ${quoted}`, `userName ew ${quoted}`])
        expect(await find(filter), filter).toContain(text);
      for (const parameter of ["sortBy", "attributes", "filter", "cursor", "startIndex"]) {
        const { status } = await send(gateway, "GET", `/Users?${parameter}=${encodeURIComponent(text)}`);
        expect([200, 400]).toContain(status);
      }
      expect((await send(gateway, "GET", `/Users/${encodeURIComponent(text)}`)).status).toBe(404);
      expect((await send(gateway, "DELETE", `/Users/${made.json.id}`)).status).toBe(204);
    }
    expect(database.run("select count(*) from people;").trim()).toBe("0");
  });
});

describe.each(["postgres", "mysql"] as const)("many at once, and servers that are not there, on %s", (dialect) => {
  let database: Database;
  let gateway: TestGateway;
  beforeAll(async () => {
    database = await startHr(dialect);
    gateway = await startGateway(openHr(database));
  });
  afterAll(async () => {
    await gateway.stop();
    await database.stop();
  });
  const user = (userName: string) => ({ userName, displayName: userName });

  test("of 50 that create the same user one does, and there is one row", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(gateway, "POST", "/Users", user("Same"))));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses, answers[0]!.text).toEqual([201, ...Array(49).fill(409)]);
    expect(database.run("select count(*) from people where login = 'Same';").trim()).toBe("1");
  });

  test("of 50 changes of one user at once all are there at the end", async () => {
    const { id } = (await send(gateway, "POST", "/Users", user("patched"))).json;
    const attributes = [
      "title",
      "nickName",
      "userType",
      "locale",
      "timezone",
      "preferredLanguage",
      "profileUrl",
      "displayName",
      "name.givenName",
      "name.familyName",
    ];
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => {
        const path = attributes[n % attributes.length];
        return send(gateway, "PATCH", `/Users/${id}`, { Operations: [{ op: "replace", path, value: `v${n}` }] });
      }),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { json } = await send(gateway, "GET", `/Users/${id}`);
    for (const path of attributes) {
      const [name, sub] = path.split(".");
      expect(sub ? json[name!][sub] : json[name!]).toMatch(/^v\d+$/);
    }
  });

  test("50 that add members to one group, and to each other's, lose none", async () => {
    const ids = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => (await send(gateway, "POST", "/Users", user(`m${n}`))).json.id),
    );
    const groups = await Promise.all(
      ["one", "two"].map(async (displayName) => (await send(gateway, "POST", "/Groups", { displayName })).json.id),
    );
    const answers = await Promise.all(
      ids.flatMap((value, n) =>
        (n % 2 === 0 ? groups : groups.toReversed()).map((id) =>
          send(gateway, "PATCH", `/Groups/${id}`, { Operations: [{ op: "add", path: "members", value: [{ value }] }] }),
        ),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
    for (const id of groups) expect((await send(gateway, "GET", `/Groups/${id}`)).json.members.length).toBe(50);
  });

  test.each([
    ["hangs", () => database.signal("SIGSTOP"), async () => database.signal("SIGCONT")],
    ["is gone", () => database.kill(), () => database.restart()],
  ])("while the server %s requests are 503, and served again after its return", async (how, stop, bringBack) => {
    const made = await send(gateway, "POST", "/Users", user(`there while it ${how}`));
    expect(made.status, made.text).toBe(201);
    const { id } = made.json;
    await stop();
    const answers = await Promise.all([
      send(gateway, "GET", `/Users/${id}`),
      send(gateway, "GET", "/Users?count=1"),
      send(gateway, "POST", "/Users", user(`while it ${how}`)),
      send(gateway, "PATCH", `/Users/${id}`, { Operations: [{ op: "replace", path: "title", value: "x" }] }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    expect(answers.every(({ headers }) => headers.has("retry-after"))).toBe(true);
    await bringBack();
    await expect.poll(async () => (await send(gateway, "GET", `/Users/${id}`)).status, { timeout: 20_000 }).toBe(200);
  });

  test("a server that is killed in the middle of writes has every one that was acknowledged, and none in half", async () => {
    const acknowledged: string[] = [];
    const writes = Array.from({ length: 8 }, async (_, worker) => {
      for (let n = 0; n < 40; n++) {
        const { status, json } = await send(gateway, "POST", "/Groups", {
          displayName: `half ${worker} ${n}`,
          members:
            (await send(gateway, "GET", "/Users?count=3&attributes=id")).json.Resources?.map(
              ({ id }: { id: string }) => ({ value: id }),
            ) ?? [],
        });
        if (status === 201) acknowledged.push(json.displayName);
        if (status !== 201) await sleep(50);
      }
    });
    await sleep(150);
    await database.kill();
    await database.restart();
    await Promise.all(writes);
    const rows = database
      .run(
        "select t.name, count(m.person_id) from teams t left join team_members m on m.team_id = t.id where t.name like 'half%' group by t.name;",
      )
      .trim()
      .split("\n")
      .map((line) => line.split(/[|\t]/));
    const stored = new Map(rows.map(([name, members]) => [name, Number(members)]));
    expect(acknowledged.filter((name) => !stored.has(name))).toEqual([]);
    // Without members are only those that were asked for while nobody could be found.
    const half = acknowledged.filter((name) => ![0, 3].includes(stored.get(name)!));
    expect(half).toEqual([]);
  });
});

describe.each(["postgres", "mysql"] as const)("encryption, on %s", (dialect) => {
  const inUse = {
    postgres: "select count(*) from pg_stat_ssl join pg_stat_activity using (pid) where ssl and usename = 'postern'",
    mysql: "select variable_value from information_schema.global_status where variable_name = 'SSL_ACCEPTS'",
  };
  const ask = async (database: Database, more: object) => {
    const gateway = await startGateway(openHr(database, { host: "localhost", ...more }));
    const answer = await send(gateway, "GET", "/Users?count=1");
    const encrypted = Number(database.run(`${inUse[dialect]};`));
    await gateway.stop();
    return { ...answer, encrypted };
  };

  test("is by certificates that are checked: their authority, and the server's name", async () => {
    const database = await startHr(dialect);
    expect(await ask(database, {})).toMatchObject({ status: 200, encrypted: 0 });
    const known = await ask(database, { tls: { ca: database.ca } });
    expect(known.status).toBe(200);
    expect(known.encrypted).toBeGreaterThan(0);
    const kinds = { person: { table: "people" } };
    const settings = { ...database.settings, host: "localhost", tls: { ca: database.ca }, kinds };
    const connector = sql.open(sql.config.parse(settings), lent("."));
    await connector.probe(AbortSignal.timeout(5000));
    expect(connector.observe!()).toMatchObject({
      pools: [{ name: `localhost:${database.settings.port}`, open: 1, waiting: 0 }],
      peers: [{ issuer: "CN=Authority of the tests", address: `localhost:${database.settings.port}` }],
    });
    await connector.close();
    const unknown = await ask(database, { tls: true });
    expect(unknown.json).toMatchObject({ status: "503", detail: expect.stringMatching(/certificate/) });
    await database.stop();
    const imposter = await startHr(dialect, "DNS:elsewhere.example.test");
    const wrong = await ask(imposter, { tls: { ca: imposter.ca } });
    expect(wrong.json).toMatchObject({ status: "503", detail: expect.stringMatching(/altnames/) });
    await imposter.stop();
  });
});
