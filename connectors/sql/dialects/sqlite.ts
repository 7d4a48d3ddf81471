import { existsSync, renameSync, rmSync } from "node:fs";
import { extname } from "node:path";
import type { Kysely, SqliteDialect } from "kysely";
import type { Scalar, Value } from "../../../src/connector/connector.ts";
import { ConnectorError, SettingError } from "../../../src/connector/error.ts";
import { openSqlite, sqliteDialect } from "../../../src/connector/kit/sqlite.ts";
import { createThread } from "../../../src/thread/thread.ts";
import type { Column, Columns, TableName } from "../column.ts";
import type { SqlDialect } from "../dialect.ts";
import { sql } from "../sql.ts";
import { openDatabase, type Reading, TOO_LONG } from "./sqlite-database.ts";
import { insertRows, oneOrArray, usual } from "./statements.ts";
import { any, fromTypedColumn, toNumber, toTypedColumn } from "./values.ts";

/** A database of SQLite's. */
interface Database {
  /** The file, or `:memory:`. */
  readonly file: string;
  /** Whether a file that is not there is created. */
  readonly mayCreate: boolean;
  /** What a new database is filled with. */
  readonly script: (() => string) | undefined;
}

/**
 * SQLite in the process itself, by `node:sqlite`. `fold` is there as a SQL function, because SQLite's own case folding knows ASCII
 * only.
 */
export const sqlite = (database: Database): SqlDialect => ({
  kysely: () => open(database),
  ...usual,
  unknownColumn: any,
  columnsOf,
  folded: (text) => sql`fold(${text}) collate binary`,
  // The column's collation may ignore case.
  exact: (text) => sql`${text} collate binary`,
  indexed: (column, value, _, caseExact) =>
    caseExact ? undefined : { condition: sql`${column} = ${value} collate nocase`, isExact: true },
  foldsAll: true,
  inTime: sql`in_time()`,
  apart: readApart(database.file),
  // `like` restarts at each letter, and nothing can interrupt it within a row.
  contains: (text, part) => sql`instr(${text}, ${part}) > 0`,
  isSame: (column, value) => sql`${column} is ${value}`,
  isTrue: (condition) => sql`coalesce(${condition}, 0)`,
  jsonList: (values, rest) => sql`select json_group_array(${oneOrArray(values, sql`json_array`)}) ${rest}`,
  insertMissing: (table, columns, rows) => insertRows(table, columns, rows, sql` on conflict do nothing`),
  noColumns: sql`default values`,
  // SQLite has only one writer at a time.
  forUpdate: sql``,
  decoded: (bytes) => sql`cast(${bytes} as text)`,
  hex: (bytes) => sql`hex(${bytes})`,
  castToText: (column) => sql`cast(${column} as text)`,
  toDatabase,
  fromDatabase: (value, column) =>
    value instanceof Uint8Array
      ? fromTypedColumn(value, { ...column, type: "bytes" })
      : ((value as Value | null | undefined) ?? undefined),
  foldedIndex: (column) => ({ on: `${column} collate nocase` }),
  quote: '"',
  instantOf: (text) => sql`instant(${text})`,
  failure: sqliteFailure,
  isPassing: () => false,
  isHeld,
  version: sql`select 'SQLite ' || sqlite_version() as version`,
});

function toDatabase(value: Value | Scalar, column: Column): unknown {
  if (column.isBytes || column.type === "bytes") return toTypedColumn(value, column);
  if (typeof value === "object") return JSON.stringify(value);
  const given = toNumber(value, column.type);
  if (typeof given === "string" && isConverted(given, column))
    throw new ConnectorError("invalid", `${JSON.stringify(given)} would be stored as ${Number(given)}.`);
  // An integer column stores larger values as floating point, which rounds them.
  const isLarger = typeof given === "bigint" || (column.isInteger && typeof given === "string");
  if (isLarger && /^-?\d{19,}$/.test(String(given)) && BigInt.asIntN(64, BigInt(given)) !== BigInt(given))
    throw new ConnectorError("invalid", `${given} has more than 64 bits, the maximum in SQLite.`);
  const isWhole = /^-?\d{1,18}$/.test(String(given));
  if (column.isRounded && typeof given === "string" && !isWhole && /^\s*[-+]?(?=[\d.]{16,})\d*\.?\d*\s*$/.test(given))
    throw new ConnectorError("invalid", `${given} has more than 15 digits, the maximum of this column.`);
  return given;
}

/** Reports whether a numeric column would change a text: `007` to 7, `1e3` to 1000. */
const isConverted = (text: string, column: Column): boolean =>
  (column.isInteger === true || column.isRounded === true) &&
  /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) &&
  !/^(0|-?[1-9]\d*|-?(0|[1-9]\d*)\.\d*[1-9])$/.test(text);

async function columnsOf(db: Kysely<unknown>, names: readonly TableName[]): Promise<Columns[]> {
  return Promise.all(
    names.map(async ({ schema = "main", table }) => {
      const { rows } = await sql<{
        name: string;
        type: string;
        required: number;
        filled: number;
        key: number;
      }>`select name, type, "notnull" = 1 as filled, "notnull" = 1 and dflt_value is null and pk = 0 and hidden = 0 as required, pk = 1 and (select max(pk) from pragma_table_xinfo(${table}, ${schema})) = 1 as key from pragma_table_xinfo(${table}, ${schema})`.execute(
        db,
      );
      const { rows: indexes } = await sql<{ column: string; collation: string; once: number }>`
        select c.name as "column", c.coll as collation, i."unique" = 1 and (select count(*) from pragma_index_info(i.name)) = 1 as once from pragma_index_list(${table}, ${schema}) i, pragma_index_xinfo(i.name, ${schema}) c
        where c.seqno = 0 and i.partial = 0`.execute(db);
      const of = (column: string, collation: string) =>
        indexes.filter((index) => index.column === column && index.collation.toUpperCase() === collation);
      const has = (column: string, collation: string) => of(column, collation).length > 0;
      const isOnce = (column: string, collation: string) => of(column, collation).some(({ once }) => once === 1);
      return new Map(
        rows.map(({ name, type, required, filled, key }): [string, Column] => [
          name,
          {
            ...any,
            ...declared(type),
            takesNoNull: filled === 1,
            isRequired: required === 1,
            isKey: key === 1,
            isCounted: key === 1 && /^integer$/i.test(type),
            unique: { exact: isOnce(name, "BINARY"), folded: isOnce(name, "NOCASE") },
            indexed: { exact: has(name, "BINARY"), folded: has(name, "NOCASE") },
          },
        ]),
      );
    }),
  );
}

/** The properties of a column's declared type. SQLite stores any value, apart from affinity. */
function declared(type: string): Partial<Column> {
  if (/blob|binary/i.test(type)) return { type: "bytes" };
  if (/int/i.test(type)) return { isInteger: true };
  const isText = /char|text|clob/i.test(type);
  return { isText, isRounded: !isText && type !== "" };
}

/** Opens a database. Throws a `SettingError` for a file that is not there, and may not be created, or that cannot be used. */
function open({ file, mayCreate, script }: Database): SqliteDialect {
  const isInMemory = file === ":memory:";
  const isThere = () => !isInMemory && existsSync(file);
  if (!isInMemory && !isThere() && !mayCreate)
    throw new SettingError(
      `file: there is no database ${file}. Correct the path, or have it created with create: true`,
      "file",
    );
  const make = () => {
    if (script === undefined || isThere()) return openDatabase(usable(file));
    if (!isInMemory) return openDatabase(filled(file, script()));
    const made = openDatabase(usable(file));
    made.database.exec(script());
    return made;
  };
  // A file is not created before it is needed: checking a configuration writes nothing.
  let opened = isInMemory || isThere() ? make() : undefined;
  const database = () => {
    opened ??= make();
    return opened.database;
  };
  // A database in memory cannot be read by another connection.
  const ms = isInMemory ? SEARCH_MS : AT_ONCE_MS;
  return sqliteDialect(database, () => opened?.within(ms));
}

/**
 * Creates a database by a script, and opens it. It has its name only once it is whole: a script that fails, or a process that is killed
 * meanwhile, leaves no database that later starts would take for a finished one. Throws a `SettingError`.
 */
function filled(file: string, script: string) {
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  const database = usable(draft);
  try {
    database.exec(script);
  } catch (error) {
    database.close();
    rmSync(draft, { force: true });
    throw new SettingError(
      `script: it failed, so ${file} was not created: ${(error as Error).message}. Correct the script.`,
      "script",
    );
  }
  database.close();
  renameSync(draft, file);
  return usable(file);
}

function usable(file: string) {
  try {
    return openSqlite(file, HELD_MS);
  } catch (error) {
    throw new SettingError(`file: ${file} cannot be used: ${(error as Error).message}`, "file");
  }
}

/** Reads on a separate thread, so that a full scan does not block the process. */
function readApart(file: string): SqlDialect["apart"] {
  if (file === ":memory:") return undefined;
  const thread = createThread<Reading, readonly unknown[]>({
    module: new URL(`./sqlite-thread${extname(import.meta.filename)}`, import.meta.url),
    data: { file, ms: SEARCH_MS },
    maxMs: 2 * SEARCH_MS,
    maxMb: 512,
    maxWaiting: 1024,
  });
  return {
    isFor: (error) => error instanceof Error && error.message === TOO_LONG,
    read: async ({ sql: text, parameters }, signal) => ({
      rows: [
        ...(await thread.run({ text, parameters: parameters as Reading["parameters"] }, signal).catch((error) => {
          throw threadFailure(error);
        })),
      ],
    }),
    close: () => thread.end(),
  };
}

/** A failure of the thread itself is not the statement's. */
function threadFailure(error: Error & { readonly code?: string }): unknown {
  if (error.code !== undefined || error.message === TOO_LONG) return error;
  return new ConnectorError("busy", `Too many searches are scanning whole tables: ${error.message}. Try again later.`, {
    cause: error,
  });
}

/** How long a search may block the process, in milliseconds. Then it starts over on a separate thread with more time. */
const AT_ONCE_MS = 4;
const SEARCH_MS = 1000;

/** How long a statement blocks the process while waiting for a lock, in milliseconds, before other work continues. */
const HELD_MS = 20;

/** Reports whether another process has locked the file. */
const isHeld = (error: unknown): boolean => [5, 6].includes(((error as { errcode?: number }).errcode ?? 0) & 0xff);

/** Interprets SQLite's extended result codes (https://sqlite.org/rescode.html). */
function sqliteFailure(error: unknown): unknown {
  if (error instanceof SettingError) return new ConnectorError("unavailable", error.message, { cause: error });
  if (error instanceof Error && error.message === TOO_LONG)
    return new ConnectorError(
      "tooMany",
      `The search was ended after ${SEARCH_MS / 1000} s: narrow the filter, or add an index for it.`,
      { cause: error },
    );
  if (!(error instanceof Error) || (error as { code?: string }).code !== "ERR_SQLITE_ERROR") return error;
  const code = (error as { errcode?: number }).errcode ?? 0;
  const column = /failed: (?:[^.\s]+\.)?([^,\s]+)/.exec(error.message)?.[1];
  const options = { cause: error, ...(column && { attr: column }) };
  if (code === 2067 || code === 1555)
    return new ConnectorError("conflict", `An entry with this ${column ?? "value"} already exists.`, options);
  if (code === 1299) return new ConnectorError("invalid", `The database requires a value for "${column}".`, options);
  if (code === 1811)
    return new ConnectorError("invalid", `The database refuses the change: ${error.message}.`, options);
  if (code === 787)
    return new ConnectorError(
      "invalid",
      "The database refuses a reference: its target does not exist, or something still refers to this entry.",
      options,
    );
  if ((code & 0xff) === 19 || code === 18 || code === 20)
    return new ConnectorError("invalid", `The database refuses a value: ${error.message}.`, options);
  if (isHeld(error))
    return new ConnectorError("busy", "The database is locked by another process. Try again later.", options);
  const isAnswered = (code & 0xff) === 1;
  return new ConnectorError("unavailable", `The database failed: ${error.message}.`, { ...options, isAnswered });
}
