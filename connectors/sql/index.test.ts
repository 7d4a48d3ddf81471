import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testConnector } from "../../src/connector/contract.ts";
import sql from "./index.ts";

const script = `
create table people (id integer primary key, login text not null unique collate nocase, title text, "odd ""name" text);
create table tags (person integer references people (id) on delete cascade, tag text, primary key (person, tag));
`;

testConnector({
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-sql-"));
    writeFileSync(join(folder, "schema.sql"), script);
    const kinds = { person: { table: "people", lists: { tags: { table: "tags", owner: "person", value: "tag" } } } };
    const config = sql.config.parse({ dialect: "sqlite", file: "test.db", script: "schema.sql", kinds });
    const connector = sql.open(config, { folder, log: { warn: () => {} } });
    const close = async () => {
      await connector.close();
      rmSync(folder, { recursive: true });
    };
    return { connector, close };
  },
  kind: "person",
  seed: (n) => ({ login: `login${n}` }),
  unique: "login",
  texts: ["title", 'odd "name'],
  lists: ["tags"],
  absentKey: "4711",
});
