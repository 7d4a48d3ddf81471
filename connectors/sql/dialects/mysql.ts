import { CompiledQuery, type Kysely, MysqlDialect } from "kysely";
import { ConnectorError } from "../../../src/connector/error.ts";
import type { Column, Columns, ColumnType, TableName } from "../column.ts";
import type { SqlDialect } from "../dialect.ts";
import { type Sql, sql } from "../sql.ts";
import { openPool, preparing } from "./mysql-pool.ts";
import type { Server } from "./server.ts";
import { insertRows, oneOrArray, usual } from "./statements.ts";
import { any, fromTypedColumn, toTypedColumn } from "./values.ts";

/** MariaDB and MySQL by mysql2. */
export const mysql = (server: Server): SqlDialect => ({
  kysely: () =>
    new MysqlDialect({
      pool: preparing(openPool(server), server.waitMs),
      onCreateConnection: async (connection) => {
        for (const statement of session(server)) await connection.executeQuery(CompiledQuery.raw(statement));
        for (const statement of limits(server))
          await connection.executeQuery(CompiledQuery.raw(statement)).catch(() => {});
      },
    }),
  ...usual,
  unknownColumn: any,
  columnsOf,
  // As UTF-8 bytes, neither padding nor collation matter, and the order is by code points.
  folded: (value) => sql`cast(lower(${asUtf8(value)}) as binary)`,
  exact: (value) => sql`cast(${asUtf8(value)} as binary)`,
  // An index can answer comparisons in the column's own collation.
  indexed: (column, value, { foldsCase }, caseExact) =>
    foldsCase || caseExact ? { condition: sql`${column} = ${value}`, isExact: false } : undefined,
  foldsAll: false,
  isSame: (column, value) => sql`${column} <=> ${value}`,
  // Each must contain the other: MariaDB and MySQL have no common equality function.
  isSameJson: (column, text) => sql`(json_contains(${column}, ${text}) and json_contains(${text}, ${column}))`,
  isTrue: (condition) => sql`coalesce(${condition}, 0)`,
  jsonList: (values, rest) => sql`select coalesce(json_arrayagg(${oneOrArray(values, sql`json_array`)}), '[]') ${rest}`,
  insertMissing: (table, columns, rows) => {
    const any = sql.id(columns[0]!);
    return insertRows(table, columns, rows, sql` on duplicate key update ${any} = ${any}`);
  },
  countsInserted: false,
  noColumns: sql`() values ()`,
  returning: () => sql``,
  // The maximum of `bigint unsigned`.
  maxWhole: 2n ** 64n - 1n,
  forUpdate: sql` for update`,
  decoded: asUtf8,
  hex: (bytes) => sql`hex(${bytes})`,
  castToText: (column) => sql`cast(${column} as char)`,
  toDatabase: toTypedColumn,
  fromDatabase: fromTypedColumn,
  foldedIndex: (column, { foldsCase }) =>
    foldsCase
      ? { on: column }
      : { first: "its collation is case-sensitive, so no index can help: choose one that ends in _ci" },
  quote: "`",
  instantOf,
  failure: mysqlFailure,
  isPassing: (error) => [1213, 1205, 1020].includes((error as { errno?: number }).errno ?? 0),
  version: sql`select concat(if(version() like '%MariaDB%', '', 'MySQL '), version()) as version`,
});

/** An invalid date becomes NULL. A time zone follows hours and minutes. */
function instantOf(given: Sql): Sql {
  const text = sql`upper(trim(${given}))`;
  const zone = sql`coalesce(regexp_substr(substring(${text}, 17), '[-+Zz].*$'), '')`;
  const bare = sql`cast(trim(left(${text}, char_length(${text}) - char_length(${zone}))) as datetime(6))`;
  const digits = sql`replace(substring(${zone}, 2), ':', '')`;
  const minutes = sql`(if(left(${zone}, 1) = '-', -1, 1) * (left(concat(${digits}, '00'), 2) * 60 + left(concat(substring(${digits}, 3), '00'), 2)))`;
  const isInstant = sql`${text} regexp '^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}|$)'`;
  return sql`case when ${isInstant} then ${bare} - interval ${minutes} minute end`;
}

function asUtf8(value: Sql): Sql {
  return sql`convert(${value} using utf8mb4)`;
}

/** Times in UTC, strict mode, and no length limit for lists. */
const session = ({ statementMs }: Server): string[] => [
  "set session time_zone = '+00:00'",
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'",
  "set session group_concat_max_len = 1073741824",
  "set session transaction isolation level read committed",
  `set session innodb_lock_wait_timeout = ${Math.max(1, Math.floor(statementMs / 1000))}`,
];

/** The statement time limit, which MariaDB and MySQL name differently. MySQL's applies only to reads. */
const limits = ({ statementMs }: Server): string[] => [
  `set session max_statement_time = ${statementMs / 1000}`,
  `set session max_execution_time = ${statementMs}`,
];

const types: Readonly<Record<string, ColumnType>> = {
  tinyint: "integer",
  smallint: "integer",
  mediumint: "integer",
  int: "integer",
  bigint: "integer",
  year: "integer",
  decimal: "decimal",
  float: "decimal",
  double: "decimal",
  bit: "bit",
  datetime: "time",
  timestamp: "time",
  date: "date",
  uuid: "uuid",
  json: "json",
  binary: "bytes",
  varbinary: "bytes",
  tinyblob: "bytes",
  blob: "bytes",
  mediumblob: "bytes",
  longblob: "bytes",
};

interface FoundColumn {
  readonly name: string;
  readonly type: string;
  readonly full: string;
  readonly collation: string | null;
  readonly required: number;
  readonly filled: number;
  readonly counted: number;
  readonly charset: string | null;
}

/** Types that depend on their length: several bits are a number. */
const whole: Readonly<Record<string, ColumnType>> = {
  "binary(16)": "uuidBytes",
  ...Object.fromEntries(Array.from({ length: 63 }, (_, index) => [`bit(${index + 2})`, "integer" as const])),
};

/** The permitted texts of a column of type `enum('a','b')` or `set('a','b')`. */
function choicesOf(full: string): Pick<Column, "values" | "takesSeveral"> {
  const [, kind, list] = /^(enum|set)\((.*)\)$/is.exec(full) ?? [];
  if (list === undefined) return {};
  const values = [...list.matchAll(/'((?:[^']|'')*)'/g)].map(([, value]) => value!.replaceAll("''", "'"));
  return { values, takesSeveral: kind!.toLowerCase() === "set" };
}

interface IndexPart {
  readonly index: string;
  readonly column: string;
  readonly place: number;
  readonly once: number;
}

// Each part gets the table's name as a value. With a column of another part, the server would open all tables for each row.
async function columnsOf(db: Kysely<unknown>, names: readonly TableName[]): Promise<Columns[]> {
  return Promise.all(
    names.map(async ({ schema, table }) => {
      const place = schema === undefined ? sql`database()` : sql`${schema}`;
      const { rows } = await sql<FoundColumn>`
        select c.column_name as name, c.data_type as type, c.column_type as full, c.collation_name as collation,
          c.is_nullable = 'NO' as filled, c.is_nullable = 'NO' and c.column_default is null and c.extra not like '%auto_increment%' as required,
          c.extra like '%auto_increment%' as counted, c.character_set_name as charset
        from information_schema.columns c
        where c.table_name = ${table} and c.table_schema = ${place}`.execute(db);
      const { rows: parts } = await sql<IndexPart>`
        select s.index_name as \`index\`, s.column_name as \`column\`, s.seq_in_index as place, s.non_unique = 0 as once
        from information_schema.statistics s where s.table_name = ${table} and s.table_schema = ${place}`.execute(db);
      const json = await jsonColumns(db, place, table);
      const first = parts.filter(({ place: at }) => Number(at) === 1);
      const isAlone = ({ index }: IndexPart) => parts.filter((part) => part.index === index).length === 1;
      return new Map(
        rows.map(({ name, type, full, collation, required, filled, counted, charset }): [string, Column] => {
          const foldsCase = collation?.includes("_ci") ?? false;
          const of = first.filter(({ column }) => column === name);
          const once = of.some((part) => Boolean(part.once) && isAlone(part));
          return [
            name,
            {
              type: json.has(name) ? "json" : (whole[full] ?? types[type] ?? "text"),
              ...choicesOf(full),
              charset: charset ?? undefined,
              foldsCase,
              isPadded: false,
              takesNoNull: Boolean(filled),
              isRequired: Boolean(required),
              isCounted: Boolean(counted),
              isKey: of.some((part) => part.index === "PRIMARY" && isAlone(part)),
              unique: { exact: once, folded: once && foldsCase },
              indexed: { exact: of.length > 0, folded: of.length > 0 && foldsCase },
            },
          ];
        }),
      );
    }),
  );
}

/** MariaDB's JSON columns are text with a check. MySQL has a type for them and returns nothing here. */
async function jsonColumns(db: Kysely<unknown>, place: Sql, table: string): Promise<Set<string>> {
  const { rows } = await sql<{ clause: string }>`
    select check_clause as clause from information_schema.check_constraints
    where constraint_schema = ${place} and table_name = ${table}`
    .execute(db)
    .catch((error) => {
      if ([UNKNOWN_TABLE, UNKNOWN_COLUMN].includes((error as { errno?: number }).errno ?? 0)) return { rows: [] };
      throw error;
    });
  return new Set(rows.flatMap(({ clause }) => /^json_valid\(`(.+)`\)$/i.exec(clause)?.[1] ?? []));
}

/** Error numbers of a server that shuts down or loses the connection. */
const GOING = [1053, 1077, 1079, 1080, 1152, 1153, 1158, 1159, 1160, 1161, 1927, 4031];
const UNKNOWN_COLUMN = 1054;
const UNKNOWN_TABLE = 1109;

/** Interprets error numbers of MariaDB and MySQL. */
function mysqlFailure(error: unknown): unknown {
  if (error instanceof ConnectorError || !(error instanceof Error)) return error;
  const { errno = 0, message } = error as { errno?: number; message: string };
  const named = /(?:Column|column) '(?:[^'.]*\.)*([^'.]+)'/.exec(message)?.[1];
  const options = { cause: error, ...(named && { attr: named }) };
  switch (errno) {
    case 1062: {
      // The message contains the index, usually named after the column, or the table and column.
      const index = /for key '(?:[^'.]*\.)?([^']+)'/.exec(message)?.[1];
      return new ConnectorError("conflict", `An entry with this ${index ?? "value"} already exists.`, {
        cause: error,
        ...(index && { attr: index }),
      });
    }
    case 1048:
    case 1364:
      return new ConnectorError("invalid", `The database requires a value for "${named ?? message}".`, options);
    case 1451:
    case 1452:
      return new ConnectorError(
        "invalid",
        "The database refuses a reference: its target does not exist, or something still refers to this entry.",
        options,
      );
    case 1369:
    case 1906:
    case 3105:
      return new ConnectorError("invalid", `The database refuses the change: ${message}.`, options);
    case 1643:
    case 1644:
      // Errors signalled by procedures and triggers are passed to the client.
      return new ConnectorError("invalid", `The database refuses the change: ${message}.`, options);
    case 1213:
    case 1205:
    case 1020:
      return new ConnectorError("busy", "Other transactions are changing the same rows. Try again.", options);
    case 1317:
    case 1969:
    case 3024:
      return new ConnectorError("timeout", "The database ended the statement at its time limit.", options);
    case 1044:
    case 1045:
    case 1142:
    case 1143:
      return new ConnectorError("denied", `The database refuses the account: ${message}.`, options);
    case 1054:
    case 1146:
    case 1064:
      return new ConnectorError("unavailable", `The tables do not match the configuration: ${message}.`, {
        ...options,
        isAnswered: true,
      });
    case 1040:
    case 1203:
      return new ConnectorError("busy", "The database has no free connections.", options);
    case 0:
      return new ConnectorError("unavailable", `The database cannot be reached: ${message}.`, options);
    default: {
      // Values that are too long, out of range, malformed or rejected by a check.
      const isValue = [1264, 1265, 1292, 1366, 1406, 1525, 3140, 3819, 4025, 1690, 1411].includes(errno);
      if (isValue) return new ConnectorError("invalid", `The database refuses a value: ${message}.`, options);
      // Procedures and triggers may signal custom error numbers.
      const { sqlState = "" } = error as { sqlState?: string };
      if (/^(22|23|44|45)/.test(sqlState))
        return new ConnectorError("invalid", `The database refuses the change: ${message}.`, options);
      const isAnswered = sqlState !== "" && !sqlState.startsWith("08") && !GOING.includes(errno);
      return new ConnectorError("unavailable", `The database failed: ${message}.`, { ...options, isAnswered });
    }
  }
}
