import { describe, expect, test } from "vitest";
import type { BackendOperation, Connector } from "../../../src/connector/connector.ts";
import { ConnectorError } from "../../../src/connector/error.ts";
import { lent } from "../../../test/servers/lent.ts";
import sql from "../index.ts";
import { mssqlFailure } from "./mssql.ts";

const connector: Connector = sql.open(
  sql.config.parse({
    dialect: "mssql",
    host: "127.0.0.1",
    port: 1,
    database: "app",
    user: "postern",
    password: "of-the-tests-only",
    wait: 2,
    kinds: {
      user: {
        table: "users",
        schema: "hr",
        where: { deleted_at: null },
        deletedBy: { deleted_at: { sql: "sysutcdatetime()" } },
        lookups: { department: { column: "department_id", table: "departments", value: "name" } },
        lists: { role_ids: { table: "user_roles", owner: "user_id", value: "role_id", set: { by: "postern" } } },
      },
      account: { table: "accounts", statements: { create: "exec new_account @login = :login" }, countTo: 1000 },
      member: {
        table: "members",
        key: { column: ["tenant", "login"] },
        lists: { tags: { table: "tags", owner: ["t", "l"], value: ["a", "b"] } },
      },
    },
  }),
  lent("."),
);
const search = { type: "search", attrs: ["login"], limit: 10, count: false } as const;

/** What is asked of SQL Server, which is not at hand: the statements that there are, each by what it is for. */
const cases: [string, BackendOperation, string[]][] = [
  [
    "an equality by the column's index, and by what is asked for exactly",
    { ...search, kind: "user", where: { op: "eq", attr: "login", value: "Ann", caseExact: true } },
    [
      `select "hr"."users"."login" as "login" from "hr"."users" where "hr"."users"."deleted_at" is null and ("hr"."users"."login" = @1 and (cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2 = cast(@2 as nvarchar(max)) collate Latin1_General_100_BIN2 and datalength(cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2) = datalength(cast(@3 as nvarchar(max)) collate Latin1_General_100_BIN2))) order by "hr"."users"."id" offset 0 rows fetch next 10 rows only`,
      '-- ["Ann","Ann","Ann"]',
    ],
  ],
  [
    "a part of a text, with brackets as they are, and its negation",
    { ...search, kind: "user", where: { op: "not", condition: { op: "co", attr: "login", value: "a[b%" } } },
    [
      `select "hr"."users"."login" as "login" from "hr"."users" where "hr"."users"."deleted_at" is null and not (case when lower(cast("hr"."users"."login" as nvarchar(max))) collate Latin1_General_100_BIN2 like @1 escape '!' then 1 else 0 end = 1) order by "hr"."users"."id" offset 0 rows fetch next 10 rows only`,
      '-- ["%a![b!%%"]',
    ],
  ],
  [
    "a list as JSON and a looked-up value, in an order, behind an offset",
    {
      ...search,
      kind: "user",
      attrs: ["role_ids", "department"],
      orderBy: { attr: "login", descending: true, caseExact: true },
      offset: 20,
    },
    [
      `select (select coalesce('[' + string_agg('"' + string_escape(cast("of role_ids"."role_id" as nvarchar(max)), 'json') + '"', ',') + ']', '[]') from "user_roles" as "of role_ids" where "of role_ids"."user_id" = "hr"."users"."id") as "role_ids", (select "of department"."name" from "departments" as "of department" where "of department"."id" = "hr"."users"."department_id") as "department" from "hr"."users" join (select "hr"."users"."id" as "key 0" from "hr"."users" where "hr"."users"."deleted_at" is null order by case when ("hr"."users"."login" is null or (cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2 = '' and datalength(cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2) = datalength(''))) then 1 else 0 end desc, case when ("hr"."users"."login" is null or (cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2 = '' and datalength(cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2) = datalength(''))) then null else cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2 end desc, "hr"."users"."id" offset 20 rows fetch next 10 rows only) as "page" on "hr"."users"."id" = "page"."key 0" order by case when ("hr"."users"."login" is null or (cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2 = '' and datalength(cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2) = datalength(''))) then 1 else 0 end desc, case when ("hr"."users"."login" is null or (cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2 = '' and datalength(cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2) = datalength(''))) then null else cast("hr"."users"."login" as nvarchar(max)) collate Latin1_General_100_BIN2 end desc, "hr"."users"."id"`,
    ],
  ],
  [
    "a count that goes no further than it is told",
    { ...search, kind: "account", count: true },
    [
      `select "accounts"."login" as "login", "accounts"."id" as "id" from "accounts" order by "accounts"."id" offset 0 rows fetch next 11 rows only`,
      `select count(*) as total from (select 1 as one from "accounts" order by (select null) offset 0 rows fetch next 1000 rows only) as counted`,
    ],
  ],
  [
    "keys of two columns, and lists of such",
    { type: "get", kind: "member", key: "7:ann", attrs: ["tenant:login", "tags"] },
    [
      `select "members"."tenant" as "0 of tenant:login", "members"."login" as "1 of tenant:login", (select coalesce('[' + string_agg('[' + '"' + string_escape(cast("of tags"."a" as nvarchar(max)), 'json') + '"' + ',' + '"' + string_escape(cast("of tags"."b" as nvarchar(max)), 'json') + '"' + ']', ',') + ']', '[]') from "tags" as "of tags" where "of tags"."t" = "members"."tenant" and "of tags"."l" = "members"."login") as "tags" from "members" where "members"."tenant" = @1 and cast("members"."tenant" as nvarchar(max)) collate Latin1_General_100_BIN2 = cast(@2 as nvarchar(max)) collate Latin1_General_100_BIN2 and "members"."login" = @3 and cast("members"."login" as nvarchar(max)) collate Latin1_General_100_BIN2 = cast(@4 as nvarchar(max)) collate Latin1_General_100_BIN2`,
      '-- ["7","7","ann","ann"]',
    ],
  ],
  [
    "a new row, whose number is asked for, and its list",
    {
      type: "create",
      kind: "user",
      entry: { login: "ann", department: "Sales", role_ids: ["1", "2"] },
      attrs: [],
    },
    [
      "begin",
      `select "departments"."id" as "key", "departments"."name" as "value" from "departments" where (lower(cast("departments"."name" as nvarchar(max))) collate Latin1_General_100_BIN2 = cast(@1 as nvarchar(max)) collate Latin1_General_100_BIN2 and datalength(lower(cast("departments"."name" as nvarchar(max))) collate Latin1_General_100_BIN2) = datalength(cast(@2 as nvarchar(max)) collate Latin1_General_100_BIN2)) order by "departments"."id" offset 0 rows fetch next 2 rows only`,
      '-- ["sales","sales"]',
      `insert into "hr"."users" ("login", "department_id") values (@1, @2); select scope_identity() as "made"`,
      '-- ["ann","<as it is>"]',
      `insert into "user_roles" ("user_id", "role_id", "by") select distinct "given"."user_id", "given"."role_id", "given"."by" from (values (@1, @2, @3), (@4, @5, @6)) as "given" ("user_id", "role_id", "by") where not exists (select 1 from "user_roles" as "present" with (updlock, holdlock) where "present"."user_id" = "given"."user_id" and "present"."role_id" = "given"."role_id")`,
      '-- [0,"1","postern",0,"2","postern"]',
      "commit",
    ],
  ],
  [
    "a change of a list alone, under a lock of its row",
    {
      type: "update",
      kind: "user",
      key: "7",
      changes: [{ op: "delete", attr: "role_ids", values: ["1"] }],
      attrs: [],
    },
    [
      "begin",
      `select 1 as one from "hr"."users" with (updlock, rowlock) where "hr"."users"."id" = @1 and "hr"."users"."deleted_at" is null`,
      "-- [7]",
      'delete from "user_roles" where "user_id" = @1 and "role_id" in (@2) and cast("role_id" as nvarchar(max)) collate Latin1_General_100_BIN2 in (cast(@3 as nvarchar(max)) collate Latin1_General_100_BIN2)',
      '-- [7,"1","1"]',
      "commit",
    ],
  ],
  [
    "a swap, guarded by what was there, nothing among it",
    {
      type: "update",
      kind: "user",
      key: "7",
      changes: [{ op: "swap", attr: "title", from: null, to: "x" }],
      attrs: [],
    },
    [
      "begin",
      `update "hr"."users" set "title" = @1 where "hr"."users"."id" = @2 and "hr"."users"."deleted_at" is null and ("hr"."users"."title" is null or "hr"."users"."title" = '')`,
      '-- ["x",7]',
      "commit",
    ],
  ],
  [
    "a deletion that marks the row",
    { type: "delete", kind: "user", key: "7" },
    [
      `update "hr"."users" set "deleted_at" = (sysutcdatetime()) where "hr"."users"."id" = @1 and "hr"."users"."deleted_at" is null`,
      "-- [7]",
    ],
  ],
  [
    "a procedure of the site's own",
    { type: "create", kind: "account", entry: { login: "ann" }, attrs: [] },
    ["begin", "exec new_account @login = @1", '-- ["ann"]', "commit"],
  ],
];

describe("the statements for Microsoft SQL Server", () => {
  test.each(cases)("%s", async (_, operation, lines) => {
    expect((await connector.explain(operation)).split("\n")).toEqual(lines);
  });

  test.each([
    [2627, "Violation of UNIQUE KEY constraint 'UQ_users_login'. The duplicate key value is (ann).", "conflict"],
    [2601, "Cannot insert duplicate key row in object 'dbo.users' with unique index 'users_login'.", "conflict"],
    [515, "Cannot insert the value NULL into column 'login', table 'app.dbo.users'.", "invalid"],
    [547, 'The INSERT statement conflicted with the FOREIGN KEY constraint "FK_dep".', "invalid"],
    [547, 'The UPDATE statement conflicted with the CHECK constraint "CK_kind".', "invalid"],
    [2628, "String or binary data would be truncated in table 'app.dbo.users', column 'login'.", "invalid"],
    [50001, "root is not for you", "invalid"],
    [1205, "Transaction was deadlocked on lock resources.", "busy"],
    [229, "The INSERT permission was denied on the object 'users'.", "denied"],
    [208, "Invalid object name 'dbo.user'.", "unavailable"],
    [0, "Failed to connect", "unavailable"],
  ])("error %i, %s is %s", (number, message, kind) => {
    const failure = mssqlFailure(Object.assign(new Error(message), { number }));
    expect(failure).toBeInstanceOf(ConnectorError);
    expect((failure as ConnectorError).kind).toBe(kind);
  });

  test("a server that is not there is said to be so, in time and without the password", async () => {
    const failure = await connector
      .get({ kind: "user", key: "7", attrs: ["login"], signal: AbortSignal.timeout(4000) })
      .catch((error) => error);
    expect(failure).toMatchObject({ kind: "unavailable", message: expect.stringContaining("127.0.0.1") });
    expect(String(failure)).not.toContain("of-the-tests-only");
    await connector.close();
  });
});
