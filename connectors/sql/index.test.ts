import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, startMariaDb, startPostgres } from "../../test/servers/databases.ts";
import { lent } from "../../test/servers/lent.ts";
import { distinctTexts, testConnector } from "../../test/suites/contract.ts";
import sql from "./index.ts";

const lists = { tags: { table: "tags", owner: "person", value: "tag" } };
/** Two kinds in one table. */
const kinds = {
  person: { table: "people", where: { sort: "person" }, lists },
  robot: { table: "people", where: { sort: "robot" } },
};
const contract = {
  kind: "person",
  seed: (n: number) => ({ login: `login${n}` }),
  unique: "login",
  texts: ["title", 'odd "name'],
  lists: ["tags"],
  absentKey: "4711",
  others: [
    {
      kind: "robot",
      seed: (n: number) => ({ login: `robot${n}` }),
      joins: [{ op: "replace" as const, attr: "sort", values: ["robot"] }],
    },
  ],
};
const services = lent(".");

testConnector({
  ...contract,
  name: "SQLite",
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-sql-"));
    writeFileSync(
      join(folder, "schema.sql"),
      `create table people (id integer primary key, login text not null unique collate nocase, sort text not null, title text, "odd ""name" text);
       create table tags (person integer references people (id) on delete cascade, tag text, primary key (person, tag));`,
    );
    const config = sql.config.parse({ dialect: "sqlite", file: "test.db", create: true, script: "schema.sql", kinds });
    const again = () => sql.open(config, lent(folder));
    const connector = again();
    const close = async () => {
      await connector.close();
      rmSync(folder, { recursive: true });
    };
    return { connector, again, close };
  },
});

const onServer =
  (start: () => Promise<Database>, script: string, of: object = kinds) =>
  async () => {
    const database = await start();
    database.run(script);
    const again = () => sql.open(sql.config.parse({ ...database.settings, kinds: of }), services);
    const connector = again();
    const close = async () => {
      await connector.close();
      await database.stop();
    };
    return { connector, again, close };
  };

testConnector({
  ...contract,
  name: "PostgreSQL",
  open: onServer(
    startPostgres,
    `create table people (id serial primary key, login text not null, sort text not null, title varchar(200), "odd ""name" text);
     create unique index people_login on people (lower(login));
     create table tags (person integer references people (id) on delete cascade, tag text, primary key (person, tag));`,
  ),
});

testConnector({
  ...contract,
  name: "MariaDB",
  listValues: distinctTexts(),
  open: onServer(
    startMariaDb,
    `create table people (id int auto_increment primary key, login varchar(200) not null unique, sort varchar(20) not null, title varchar(200),
       \`odd "name\` varchar(200)) collate utf8mb4_unicode_ci;
     create table tags (person int references people (id) on delete cascade, tag varchar(200) collate utf8mb4_bin, primary key (person, tag));`,
  ),
});

/** A key of two columns, in the table, in its list and in the ids. */
const composite = {
  kind: "member",
  seed: (n: number) => ({ tenant: 1 + (n % 3), login: n % 2 === 0 ? `a:${n}` : `B~${n}`, mail: `m${n}` }),
  unique: "mail",
  texts: ["title"],
  lists: ["tags"],
  absentKey: "1:nobody",
};
const compositeKinds = {
  member: {
    table: "members",
    key: { column: ["tenant", "login"] },
    lists: { tags: { table: "member_tags", owner: ["of_tenant", "of_login"], value: "tag" } },
  },
};
const compositeTables = (text: string, collation: string) =>
  `create table members (tenant int not null, login ${text} not null, mail ${text} unique, title ${text}, primary key (tenant, login))${collation};
   create table member_tags (of_tenant int not null, of_login ${text} not null, tag ${text} not null,
     primary key (of_tenant, of_login, tag), foreign key (of_tenant, of_login) references members (tenant, login) on delete cascade)${collation};`;

testConnector({
  ...composite,
  name: "SQLite, keys of two columns",
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-sql-"));
    writeFileSync(join(folder, "schema.sql"), compositeTables("text", ""));
    const settings = { dialect: "sqlite", file: ":memory:", script: "schema.sql", kinds: compositeKinds };
    const connector = sql.open(sql.config.parse(settings), lent(folder));
    return { connector, close: () => connector.close().then(() => rmSync(folder, { recursive: true })) };
  },
});

testConnector({
  ...composite,
  name: "PostgreSQL, keys of two columns",
  open: onServer(startPostgres, compositeTables("text", ""), compositeKinds),
});

testConnector({
  ...composite,
  name: "MariaDB, keys of two columns",
  open: onServer(startMariaDb, compositeTables("varchar(100)", " collate utf8mb4_bin"), compositeKinds),
});
