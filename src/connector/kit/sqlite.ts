import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { type SqliteDatabase, SqliteDialect } from "kysely";

/**
 * Opens a SQLite database by `node:sqlite`. A file that is not there is made, for its owner alone; `:memory:` is none. While another
 * process holds it a statement waits for so many milliseconds, and everything else in this process with it.
 */
export function openSqlite(file: string, timeout = 4000): DatabaseSync {
  if (file !== ":memory:") {
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file)) {
      closeSync(openSync(file, "a", 0o600));
      chmodSync(file, 0o600);
    }
  }
  const database = new DatabaseSync(file, { timeout });
  if (file !== ":memory:") database.exec("pragma journal_mode = wal; pragma synchronous = normal");
  return database;
}

/** A row as it was read: a whole number that JavaScript does not hold exactly is text. */
export function exactRow(row: Record<string, unknown>): Record<string, unknown> {
  for (const [column, value] of Object.entries(row))
    if (typeof value === "bigint") row[column] = isSafe(value) ? Number(value) : String(value);
  return row;
}

const isSafe = (value: bigint): boolean => value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;

/** How many statements stay prepared, and how long the text of one of them may be, in characters. */
const MAX_PREPARED = 200;
const MAX_TEXT = 8192;

/** A statement, and whether it gives rows. */
interface Prepared {
  readonly statement: StatementSync;
  readonly reader: boolean;
}

/**
 * A database of `node:sqlite` as kysely speaks to it, opened before the first statement; `begin` is called before each. A statement is prepared
 * once: its text depends on its shape alone, never on values.
 */
export function sqliteDialect(open: () => DatabaseSync, begin: () => void = () => {}): SqliteDialect {
  return new SqliteDialect({ database: async () => spoken(open(), begin) });
}

function spoken(database: DatabaseSync, begin: () => void): SqliteDatabase {
  const prepared = new Map<string, Prepared>();
  const prepare = (text: string): Prepared => {
    const known = prepared.get(text);
    if (known) return known;
    const statement = database.prepare(text);
    statement.setReadBigInts(true);
    const made = { statement, reader: statement.columns().length > 0 };
    if (text.length > MAX_TEXT) return made;
    prepared.set(text, made);
    if (prepared.size > MAX_PREPARED) prepared.delete(prepared.keys().next().value!);
    return made;
  };
  return {
    close: () => database.close(),
    prepare: (text) => {
      // A transaction that has read and then writes would be refused at once while another process writes: one that writes waits.
      const { statement, reader } = prepare(text === "begin" ? "begin immediate" : text);
      const values = (parameters: readonly unknown[]) => {
        begin();
        return parameters as SQLInputValue[];
      };
      return {
        reader,
        all: (parameters) => statement.all(...values(parameters)).map(exactRow),
        run: (parameters) => statement.run(...values(parameters)),
        iterate: (parameters) => statement.iterate(...values(parameters)),
      };
    },
  };
}
