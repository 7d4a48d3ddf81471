import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import type { TestGateway } from "./servers/gateway.ts";
import { startTables } from "./servers/tables.ts";
import { type AnyDatabase, type Dialect, startDatabase } from "./servers/users-roles.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const dialects = ["sqlite", "postgres", "mysql"] as const;

const patch = (gateway: TestGateway, path: string, ...Operations: object[]) =>
  send(gateway, "PATCH", path, { Operations });
const names = async (gateway: TestGateway, query: string) => {
  const { json, text } = await send(gateway, "GET", `/Users?${query}`);
  expect(json.Resources, text).toBeDefined();
  return json.Resources.map(({ userName }: { userName: string }) => userName);
};

describe.each(dialects)("keys of several columns, on %s", (dialect) => {
  let database: AnyDatabase;
  let gateway: TestGateway;
  beforeAll(async () => {
    database = await startDatabase(dialect);
    const end = dialect === "mysql" ? " collate utf8mb4_bin" : "";
    database.run(`
      create table staff (client int not null, login varchar(50) not null, name varchar(50), boss_client int, boss_login varchar(50),
        primary key (client, login), foreign key (boss_client, boss_login) references staff (client, login))${end};
      create table teams (client int not null, code varchar(20) not null, title varchar(50), primary key (client, code))${end};
      create table team_staff (team_client int not null, team_code varchar(20) not null, staff_client int not null, staff_login varchar(50) not null,
        primary key (team_client, team_code, staff_client, staff_login),
        foreign key (team_client, team_code) references teams (client, code) on delete cascade,
        foreign key (staff_client, staff_login) references staff (client, login) on delete cascade)${end};`);
    const team = ["team_client", "team_code"];
    const staff = ["staff_client", "staff_login"];
    gateway = await startTables(
      database,
      {
        staff: {
          table: "staff",
          key: { column: ["client", "login"] },
          joined: { boss: ["boss_client", "boss_login"] },
          lists: { teams: { table: "team_staff", owner: staff, value: team } },
        },
        team: {
          table: "teams",
          key: { column: ["client", "code"] },
          lists: { staff: { table: "team_staff", owner: team, value: staff } },
        },
      },
      {
        User: {
          kind: "staff",
          attributes: {
            id: { attr: "client:login", readOnly: true },
            userName: "login",
            displayName: "name",
            "enterprise:manager.value": { attr: "boss", ref: "User" },
            groups: { attr: "teams", ref: "Group", many: true, readOnly: true },
          },
          create: { client: "7" },
        },
        Group: {
          kind: "team",
          attributes: {
            id: { attr: "client:code", readOnly: true },
            displayName: "code",
            members: { attr: "staff", ref: "User", many: true },
          },
          create: { client: "7" },
        },
      },
    );
  });
  afterAll(async () => {
    await gateway.stop();
    await database.stop();
  });

  test("are ids, for reads, filters, references, members, pages and deletes", async () => {
    const ids: Record<string, string> = {};
    for (const userName of ["ann", "b:o", "c~d"]) {
      const { json, text } = await send(gateway, "POST", "/Users", { userName });
      expect(json.id, text).toBeDefined();
      ids[userName] = json.id;
    }
    expect(ids).toEqual({ ann: "7:ann", "b:o": "7:b~1o", "c~d": "7:c~0d" });
    const at = (name: string) => `/Users/${encodeURIComponent(ids[name]!)}`;
    expect((await send(gateway, "GET", at("b:o"))).json.userName).toBe("b:o");
    const managed = await patch(gateway, at("b:o"), {
      op: "add",
      path: `${ENTERPRISE}:manager`,
      value: { value: ids["c~d"] },
    });
    expect(managed.json[ENTERPRISE].manager.value).toBe("7:c~0d");
    expect(await names(gateway, `filter=${encodeURIComponent(`${ENTERPRISE}:manager.value eq "7:c~0d"`)}`)).toEqual([
      "b:o",
    ]);
    expect(await names(gateway, `filter=${encodeURIComponent('id eq "7:ann"')}`)).toEqual(["ann"]);
    for (const wrong of ["7", "ann", "7:ann:x", "x:ann", "7:~"])
      expect((await send(gateway, "GET", `/Users/${encodeURIComponent(wrong)}`)).status).toBe(404);
    const members = [{ value: ids.ann }, { value: ids["b:o"] }];
    const group = await send(gateway, "POST", "/Groups", { displayName: "T1", members });
    expect(group.json.members.map(({ value }: { value: string }) => value)).toEqual(["7:ann", "7:b~1o"]);
    const groupPath = `/Groups/${encodeURIComponent(group.json.id)}`;
    await patch(gateway, groupPath, { op: "remove", path: `members[value eq "${ids["b:o"]}"]` });
    expect((await send(gateway, "GET", groupPath)).json.members).toMatchObject([{ value: "7:ann" }]);
    expect((await send(gateway, "GET", at("ann"))).json.groups).toMatchObject([{ value: "7:T1" }]);
    const refused = await patch(gateway, groupPath, { op: "add", path: "members", value: [{ value: "7:nobody" }] });
    expect(refused.status).toBe(400);
    const first = await send(gateway, "GET", "/Users?cursor=&count=2");
    const second = await send(gateway, "GET", `/Users?cursor=${first.json.nextCursor}&count=2`);
    const seen = [...first.json.Resources, ...second.json.Resources].map(({ id }: { id: string }) => id);
    expect(seen).toEqual(["7:ann", "7:b~1o", "7:c~0d"]);
    const unmanaged = await patch(gateway, at("b:o"), { op: "remove", path: `${ENTERPRISE}:manager` });
    expect(unmanaged.json[ENTERPRISE]).toBeUndefined();
    const renamed = await patch(gateway, at("ann"), { op: "replace", path: "userName", value: "anna" });
    expect(renamed.json).toMatchObject({ status: "400", detail: expect.stringContaining("is part of the key") });
    expect((await patch(gateway, at("ann"), { op: "replace", path: "userName", value: "ann" })).status).toBe(200);
    const taken = await send(gateway, "POST", "/Users", { userName: "ann" });
    expect(taken.json).toMatchObject({ status: "409", scimType: "uniqueness" });
    expect((await send(gateway, "DELETE", at("ann"))).status).toBe(204);
    expect((await send(gateway, "GET", at("ann"))).status).toBe(404);
    expect((await send(gateway, "GET", groupPath)).json.members).toBeUndefined();
  });
});

describe.each(dialects)("keys that an expression makes, and counts that are cut short, on %s", (dialect) => {
  const made = {
    sqlite: "(select coalesce(max(number), 900) + 1 from people)",
    postgres: "nextval('numbers')",
    mysql: "nextval(numbers)",
  }[dialect];
  let database: AnyDatabase;
  beforeAll(async () => {
    database = await startDatabase(dialect);
    if (dialect !== "sqlite") database.run("create sequence numbers start with 901;");
    database.run("create table people (number int primary key, login varchar(50) not null);");
  });
  afterAll(() => database.stop());
  const start = (more: object) =>
    startTables(
      database,
      { person: { table: "people", key: { column: "number", generate: { sql: made } }, ...more } },
      {
        User: {
          kind: "person",
          attributes: { id: { attr: "number", as: "string", readOnly: true }, userName: "login" },
        },
      },
    );
  const totals = async (gateway: TestGateway, query: string) => {
    const { json } = await send(gateway, "GET", `/Users?${query}`);
    return [json.totalResults, json.itemsPerPage];
  };

  test("the database's expression is asked first; counts go as far as they are told, and never end a client's paging", async () => {
    const whole = await start({});
    for (let n = 1; n <= 25; n++)
      expect((await send(whole, "POST", "/Users", { userName: `u${n}` })).json.id).toBe(String(900 + n));
    expect(await totals(whole, "count=10")).toEqual([25, 10]);
    await whole.stop();
    const bounded = await start({ countTo: 15 });
    expect(await totals(bounded, "count=10")).toEqual([15, 10]);
    expect(await totals(bounded, "count=10&startIndex=11")).toEqual([21, 10]);
    expect(await totals(bounded, "count=10&startIndex=21")).toEqual([25, 5]);
    expect(await totals(bounded, "count=0")).toEqual([25, 0]);
    await bounded.stop();
    const uncounted = await start({ countTo: 0 });
    expect(await totals(uncounted, "count=10")).toEqual([11, 10]);
    expect(await totals(uncounted, "count=10&startIndex=21")).toEqual([25, 5]);
    expect(await totals(uncounted, `count=10&filter=${encodeURIComponent('userName eq "u7"')}`)).toEqual([1, 1]);
    await uncounted.stop();
  });
});

/** Tables behind a view, written by procedures alone, as vendors leave them; each says what it was called with. */
const procedures: Record<Dialect, string> = {
  sqlite: `
    create table acc (no integer primary key, nm text not null unique, full_nm text, off integer not null default 0, pw text);
    create table log (line text);
    create view accounts as select no as id, nm as login, full_nm as name, 1 - off as enabled from acc;
    create trigger no_root before insert on acc when new.nm = 'root' begin select raise(abort, 'root is not for you'); end;`,
  postgres: `
    create table acc (no serial primary key, nm text not null unique, full_nm text, off boolean not null default false, pw text);
    create table log (line text);
    create view accounts as select no as id, nm as login, full_nm as name, not off as enabled from acc;
    create function new_account(login text, name text, secret text) returns integer language plpgsql as $$
      declare made integer;
      begin
        if login = 'root' then raise exception 'root is not for you'; end if;
        insert into acc (nm, full_nm, pw) values (login, name, secret) returning no into made;
        return made;
      end $$;
    create procedure rename_account(which integer, login text, name text) language plpgsql as $$
      begin update acc set nm = login, full_nm = name where no = which; insert into log values ('rename ' || login); end $$;
    create procedure enable_account(which integer, is_on boolean) language plpgsql as $$
      begin update acc set off = not is_on where no = which; insert into log values ('enable ' || is_on); end $$;
    create procedure drop_account(which integer, login text) language plpgsql as $$
      begin delete from acc where no = which; insert into log values ('drop ' || login); end $$;`,
  mysql: `
    create table acc (no int auto_increment primary key, nm varchar(50) not null unique, full_nm varchar(50), off tinyint not null default 0, pw varchar(50));
    create table log (line varchar(100));
    create view accounts as select no as id, nm as login, full_nm as name, 1 - off as enabled from acc;
    delimiter //
    create procedure new_account(login varchar(50), name varchar(50), secret varchar(50))
      begin
        if login = 'root' then signal sqlstate '45000' set message_text = 'root is not for you'; end if;
        insert into acc (nm, full_nm, pw) values (login, name, secret);
        select last_insert_id() as \`key\`;
      end //
    create procedure rename_account(which int, login varchar(50), name varchar(50))
      begin update acc set nm = login, full_nm = name where no = which; insert into log values (concat('rename ', login)); end //
    create procedure enable_account(which int, is_on tinyint)
      begin update acc set off = 1 - is_on where no = which; insert into log values (concat('enable ', is_on)); end //
    create procedure drop_account(which int, login varchar(50))
      begin delete from acc where no = which; insert into log values (concat('drop ', login)); end //
    delimiter ;`,
};
const statements = {
  sqlite: {
    create: "insert into acc (nm, full_nm, pw) values (:login, :name, :secret) returning no as key",
    update: [
      { when: ["enabled"], sql: "update acc set off = 1 - :enabled where no = :id" },
      { sql: "update acc set nm = :login, full_nm = :name where no = :id" },
    ],
    delete: ["insert into log values ('drop ' || :login)", "delete from acc where no = :id -- not :this"],
  },
  postgres: {
    create: "select new_account(:login, :name, :secret) as key",
    update: [
      { when: ["enabled"], sql: "call enable_account(:id::integer, :enabled)" },
      { sql: "call rename_account(:id, :login, :name)" },
    ],
    delete: "call drop_account(:id, :login)",
    lock: "select 1 from acc where no = :id for update",
  },
  mysql: {
    create: "call new_account(:login, :name, :secret)",
    update: [
      { when: { enabled: 0 }, sql: "call enable_account(:id, 0)" },
      { when: { enabled: 1 }, sql: "call enable_account(:id, 1)" },
      { sql: "call rename_account(:id, :login, :name)" },
    ],
    delete: "call drop_account(:id, :login)",
  },
};

describe.each(dialects)("statements of one's own, on %s", (dialect) => {
  let database: AnyDatabase;
  let gateway: TestGateway;
  beforeAll(async () => {
    database = await startDatabase(dialect);
    database.run(procedures[dialect]);
    gateway = await startTables(
      database,
      { account: { table: "accounts", statements: statements[dialect] } },
      {
        User: {
          kind: "account",
          attributes: {
            id: { attr: "id", as: "string", readOnly: true },
            userName: "login",
            displayName: "name",
            active: { attr: "enabled", as: "boolean" },
            password: { writeOnly: true, write: { secret: "password" } },
          },
        },
      },
    );
  });
  afterAll(async () => {
    await gateway.stop();
    await database.stop();
  });
  const post = (body: object) => send(gateway, "POST", "/Users", body);

  test("create, change, enable and delete by procedures, with the entry's values bound", async () => {
    const { json, text } = await post({ userName: "o'neil", displayName: "O'Neil :x ?", password: "p:w" });
    expect(json.id, text).toBeDefined();
    expect(json).toMatchObject({ userName: "o'neil", displayName: "O'Neil :x ?", active: true });
    expect(database.run("select pw from acc;")).toBe("p:w");
    const at = `/Users/${json.id}`;
    const renamed = await patch(gateway, at, { op: "replace", path: "displayName", value: "New" });
    expect(renamed.json).toMatchObject({ userName: "o'neil", displayName: "New", active: true });
    const disabled = await patch(gateway, at, { op: "replace", path: "active", value: false });
    expect(disabled.json).toMatchObject({ displayName: "New", active: false });
    const both = await patch(gateway, at, { op: "replace", value: { active: true, userName: "neil" } });
    expect(both.json).toMatchObject({ userName: "neil", displayName: "New", active: true });
    const same = await patch(gateway, at, { op: "replace", path: "active", value: true });
    expect(same.json.active).toBe(true);
    expect(await names(gateway, `filter=${encodeURIComponent('userName eq "NEIL" and active eq true')}`)).toEqual([
      "neil",
    ]);
    expect((await send(gateway, "DELETE", at)).status).toBe(204);
    expect((await send(gateway, "GET", at)).status).toBe(404);
    expect((await send(gateway, "DELETE", at)).status).toBe(404);
    expect((await patch(gateway, at, { op: "replace", path: "active", value: true })).status).toBe(404);
    expect(database.run("select line from log where line like 'drop%';")).toBe("drop neil");
  });

  test("what a procedure refuses is 400 with its words, a taken name is 409, and nothing is left of either", async () => {
    const refused = await post({ userName: "root" });
    expect(refused.json).toMatchObject({ status: "400", detail: expect.stringContaining("root is not for you") });
    const one = await post({ userName: "one" });
    expect((await post({ userName: "one" })).json).toMatchObject({ status: "409", scimType: "uniqueness" });
    const two = await post({ userName: "two" });
    const taken = await patch(gateway, `/Users/${two.json.id}`, {
      op: "replace",
      value: { active: false, userName: "one" },
    });
    expect(taken.status).toBe(409);
    expect((await send(gateway, "GET", `/Users/${two.json.id}`)).json).toMatchObject({ userName: "two", active: true });
    expect(one.status).toBe(201);
  });

  test("of many at once each is made on what the one before it left", async () => {
    const { json } = await post({ userName: "busy" });
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        patch(
          gateway,
          `/Users/${json.id}`,
          n % 2 === 0
            ? { op: "replace", path: "displayName", value: `d${n}` }
            : { op: "replace", path: "userName", value: `busy${n}` },
        ),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const after = (await send(gateway, "GET", `/Users/${json.id}`)).json;
    expect(after).toMatchObject({
      userName: expect.stringMatching(/^busy\d+$/),
      displayName: expect.stringMatching(/^d\d+$/),
    });
  });
});

describe.each(dialects)("rows of a list that are only marked as gone, on %s", (dialect) => {
  test("are left out, marked when a value is taken out, and taken again when it comes back", async () => {
    const database = await startDatabase(dialect);
    database.run(`create table people (id int primary key, login varchar(50) not null);
      create table teams (id int primary key, title varchar(50) not null);
      create table team_people (team int not null, person int not null, gone int not null default 0, role varchar(10), primary key (team, person));
      insert into people values (1, 'ann'), (2, 'bo'), (3, 'cy'); insert into teams values (10, 'T');
      insert into team_people values (10, 1, 0, 'chief'), (10, 2, 1, 'old');`);
    const gateway = await startTables(
      database,
      {
        person: { table: "people" },
        team: {
          table: "teams",
          lists: {
            people: {
              table: "team_people",
              owner: "team",
              value: "person",
              where: { gone: 0 },
              set: { role: "new" },
              deletedBy: { gone: 1 },
            },
          },
        },
      },
      {
        User: { kind: "person", attributes: { id: { attr: "id", as: "string", readOnly: true }, userName: "login" } },
        Group: {
          kind: "team",
          attributes: {
            id: { attr: "id", as: "string", readOnly: true },
            displayName: "title",
            members: { attr: "people", ref: "User", many: true },
          },
        },
      },
    );
    const rows = () => database.run("select person, gone, role from team_people order by person;");
    const members = async () =>
      (await send(gateway, "GET", "/Groups/10")).json.members?.map(({ value }: { value: string }) => value);
    expect(await members()).toEqual(["1"]);
    const everyone = ["1", "2", "3"].map((value) => ({ value }));
    await patch(gateway, "/Groups/10", { op: "add", path: "members", value: everyone });
    expect(rows()).toBe("1|0|chief\n2|0|new\n3|0|new");
    await patch(gateway, "/Groups/10", { op: "remove", path: 'members[value eq "1"]' });
    expect([await members(), rows()]).toEqual([["2", "3"], "1|1|chief\n2|0|new\n3|0|new"]);
    await patch(gateway, "/Groups/10", { op: "replace", path: "members", value: [{ value: "1" }, { value: "3" }] });
    expect([await members(), rows()]).toEqual([["1", "3"], "1|0|new\n2|1|new\n3|0|new"]);
    await gateway.stop();
    await database.stop();
  });
});

describe("a text column with a collation of its own, on postgres", () => {
  let database: AnyDatabase;
  let gateway: TestGateway;
  const logins = ["Ömer", "ömer2", "Zoë", "Ålesund", "adam", "Éva", "z", "Ω", "日本", "Ñu"];
  beforeAll(async () => {
    database = await startDatabase("postgres");
    database.run(`create table p (id serial primary key, login varchar(60) collate "C" unique, short char(8));
      ${logins.map((login) => `insert into p (login, short) values ('${login}', '${login.slice(0, 2)} ');`).join("\n")}`);
    gateway = await startTables(
      database,
      { user: { table: "p" } },
      { User: { kind: "user", attributes: { id: { attr: "id", readOnly: true }, userName: "login", title: "short" } } },
    );
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await database?.stop();
  });

  test("finds each by its own spelling", async () => {
    for (const login of logins)
      expect(await names(gateway, `filter=${encodeURIComponent(`userName eq "${login}"`)}`)).toContain(login);
  });

  test.each(["userName", "title"])("is paged in its order, each once: by %s", async (sortBy) => {
    for (const sortOrder of ["ascending", "descending"]) {
      const seen: string[] = [];
      let cursor: string | undefined = "";
      for (let n = 0; cursor !== undefined && n < 20; n++) {
        const query = `sortBy=${sortBy}&sortOrder=${sortOrder}&count=3&cursor=${encodeURIComponent(cursor)}`;
        const { json }: { json: { Resources: { userName: string }[]; nextCursor?: string } } = await send(
          gateway,
          "GET",
          `/Users?${query}`,
        );
        seen.push(...json.Resources.map(({ userName }) => userName));
        cursor = json.nextCursor;
      }
      expect(seen.toSorted(), sortOrder).toEqual(logins.toSorted());
    }
  });
});

describe.each(dialects)("instants that are kept as text, on %s", (dialect) => {
  let database: AnyDatabase;
  let gateway: TestGateway;
  const kept = [
    ["a", "2026-01-31 08:00:00"],
    ["b", "2026-01-31T08:00:00.500Z"],
    ["c", "2026-01-31T10:00:00+02:00"],
    ["d", "2026-01-31T03:00:00-0500"],
    ["e", "2026-01-31"],
    ["f", "2026-02-30 08:00:00"],
    ["g", "soon"],
    ["h", ""],
    ["i", "2024-02-29T00:00:00Z"],
    ["j", "2025-02-29T00:00:00Z"],
    ["k", "2026-01-31 09:30"],
    ["l", " 2026-01-31t08:00:00z "],
  ] as const;
  const instants: Readonly<Record<string, string>> = {
    a: "2026-01-31T08:00:00.000Z",
    b: "2026-01-31T08:00:00.500Z",
    c: "2026-01-31T08:00:00.000Z",
    d: "2026-01-31T08:00:00.000Z",
    e: "2026-01-31T00:00:00.000Z",
    i: "2024-02-29T00:00:00.000Z",
    k: "2026-01-31T09:30:00.000Z",
    l: "2026-01-31T08:00:00.000Z",
  };
  beforeAll(async () => {
    database = await startDatabase(dialect);
    database.run(`create table p (id integer primary key, login varchar(20), changed varchar(40));
      ${kept.map(([name, text], index) => `insert into p values (${index}, '${name}', '${text}');`).join("\n")}`);
    gateway = await startTables(
      database,
      { user: { table: "p" } },
      {
        User: {
          kind: "user",
          attributes: {
            id: { attr: "id", readOnly: true },
            userName: "login",
            "meta.lastModified": { attr: "changed", as: "time", readOnly: true },
          },
        },
      },
    );
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await database?.stop();
  });

  const compare = {
    eq: (a: string, b: string) => a === b,
    gt: (a: string, b: string) => a > b,
    ge: (a: string, b: string) => a >= b,
    lt: (a: string, b: string) => a < b,
    le: (a: string, b: string) => a <= b,
  };
  const asked = ["2026-01-31T08:00:00Z", "2026-01-31T09:00:00+01:00", "2026-01-31T00:00:00Z", "2024-02-29T00:00:00Z"];
  test.each(Object.keys(compare) as (keyof typeof compare)[])("%s compares them as what they are", async (op) => {
    for (const value of asked) {
      const wanted = new Date(value).toISOString();
      const filter = `filter=${encodeURIComponent(`meta.lastModified ${op} "${value}"`)}`;
      const meant = Object.keys(instants).filter((name) => compare[op](instants[name]!, wanted));
      expect((await names(gateway, filter)).sort(), `${op} ${value}`).toEqual(meant.sort());
    }
  });
});
