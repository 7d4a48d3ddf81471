import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { SqliteDialect } from "kysely";

/** Opens a SQLite database by `node:sqlite`. A file that is not there is made, for its owner alone; `:memory:` is none. */
export function openSqlite(file: string): DatabaseSync {
  if (file !== ":memory:") {
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file)) {
      closeSync(openSync(file, "a", 0o600));
      chmodSync(file, 0o600);
    }
  }
  const database = new DatabaseSync(file, { timeout: 4000 });
  if (file !== ":memory:") database.exec("pragma journal_mode = wal; pragma synchronous = normal");
  return database;
}

/** A database of `node:sqlite` as kysely speaks to it; `begin` is called before each statement. */
export const sqliteDialect = (database: DatabaseSync, begin: () => void = () => {}): SqliteDialect =>
  new SqliteDialect({
    database: {
      close: () => database.close(),
      prepare: (text) => {
        const statement = database.prepare(text);
        const values = (parameters: readonly unknown[]) => {
          begin();
          return parameters as SQLInputValue[];
        };
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...values(parameters)),
          run: (parameters) => statement.run(...values(parameters)),
          iterate: (parameters) => statement.iterate(...values(parameters)),
        };
      },
    },
  });
