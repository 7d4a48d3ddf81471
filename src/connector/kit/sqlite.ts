import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { type SqliteDatabase, SqliteDialect } from "kysely";

/**
 * Opens a SQLite database with `node:sqlite`. A missing file is created, readable by its owner only; `:memory:` is not a file. While
 * another process holds the lock, a statement waits up to `timeout` milliseconds and blocks this process.
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

/** A row as read. Integers that JavaScript cannot represent exactly become text. */
export function exactRow(row: Record<string, unknown>): Record<string, unknown> {
  for (const [column, value] of Object.entries(row))
    if (typeof value === "bigint") row[column] = isSafe(value) ? Number(value) : String(value);
  return row;
}

const isSafe = (value: bigint): boolean => value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;

/** Maximum number of prepared statements, and the maximum length of their text in characters. */
const MAX_PREPARED = 200;
const MAX_TEXT = 8192;

/** A prepared statement, and whether it returns rows. */
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
      // A transaction that reads first and then writes would fail at once while another process writes. Starting it as a writer makes it wait.
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
