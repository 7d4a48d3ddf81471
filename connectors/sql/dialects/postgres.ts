import { type Kysely, PostgresDialect } from "kysely";
import type pg from "pg";
import { ConnectorError } from "../../../src/connector/error.ts";
import { openPostgres } from "../../../src/connector/kit/postgres.ts";
import type { Column, Columns, ColumnType, TableName } from "../column.ts";
import type { SqlDialect } from "../dialect.ts";
import { type Sql, sql } from "../sql.ts";
import type { Server } from "./server.ts";
import { insertRows, oneOrArray, usual } from "./statements.ts";
import { any, fromTypedColumn, toTypedColumn } from "./values.ts";

/** PostgreSQL by pg. */
export const postgres = (server: Server): SqlDialect => ({
  kysely: () => new PostgresDialect({ pool: createPool(server) }),
  ...usual,
  unknownColumn: any,
  columnsOf,
  folded: (value) => sql`lower(${asText(value)}) collate "C"`,
  exact: (value) => sql`${asText(value)} collate "C"`,
  // A column of citext folds by itself, any other has an index on lower(...) where it is to be found so.
  indexed: (column, value, { foldsCase }, caseExact) => ({
    condition: foldsCase || caseExact ? sql`${column} = ${value}` : sql`lower(${column}) = ${value.toLowerCase()}`,
    isExact: !(foldsCase && caseExact),
  }),
  foldsAll: false,
  isSame: (column, value) => sql`${column} is not distinct from ${value}`,
  isSameJson: (column, text) => sql`cast(${column} as jsonb) = cast(${text} as jsonb)`,
  isTrue: (condition) => sql`coalesce(${condition}, false)`,
  jsonList: (values, rest) =>
    sql`select coalesce(json_agg(${oneOrArray(values, sql`json_build_array`)}), '[]'::json) ${rest}`,
  insertMissing: (table, columns, rows) => insertRows(table, columns, rows, sql` on conflict do nothing`),
  noColumns: sql`default values`,
  forUpdate: sql` for no key update`,
  decoded: (bytes) => sql`convert_from(${bytes}, 'UTF8')`,
  hex: (bytes) => sql`encode(${bytes}, 'hex')`,
  // A cast adds to some what the server leaves out, such as the `/32` of an address.
  written: (column) => sql`nullif(format('%s', ${column}), '')`,
  castToText: (column) => sql`cast(${column} as text)`,
  toDatabase: (value, column) => {
    const given = toTypedColumn(value, column);
    return column.type === "integer" ? wholeSql(given) : given;
  },
  fromDatabase: (value, column) => {
    const isHex = typeof value === "string" && value.startsWith("\\x") && (column.type === "bytes" || column.isBytes);
    return fromTypedColumn(isHex ? Buffer.from(value.slice(2), "hex") : value, column);
  },
  foldedIndex: (column) => ({ on: `lower(${column})` }),
  quote: '"',
  lockValue: (name) => sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`,
  instantOf,
  failure: postgresFailure,
  isPassing: (error) => ["40001", "40P01"].includes((error as { code?: string }).code ?? ""),
  version: sql`select 'PostgreSQL ' || current_setting('server_version') as version`,
});

/** The server takes a parameter for as wide as the column beside it: what is wider is said to be, so that it only is not found. */
function wholeSql(value: unknown): unknown {
  const isWide = typeof value === "bigint" || (typeof value === "number" && Math.abs(value) >= 2 ** 31);
  return isWide ? sql`cast(${String(value)} as bigint)` : value;
}

const asText = (value: Parameters<SqlDialect["exact"]>[0]) => sql`cast(${value} as text)`;

function createPool({ host, port, database, user, password, connections, waitMs, statementMs, tls }: Server): pg.Pool {
  return openPostgres({
    host,
    port,
    database,
    user,
    password,
    max: connections,
    connectionTimeoutMillis: waitMs,
    ssl: tls ? ({ host, ...tls } as pg.PoolConfig["ssl"]) : false,
    options: `-c TimeZone=UTC -c statement_timeout=${statementMs} -c idle_in_transaction_session_timeout=${2 * statementMs}`,
    // Values stay the text that the server sends; the catalogue says what they are.
    types: {
      getTypeParser: (oid: number) => (raw: string) => (oid === BOOL ? raw === "t" : raw),
    } as pg.CustomTypesConfig,
  });
}

const BOOL = 16;

const types: Readonly<Record<string, ColumnType>> = {
  int2: "integer",
  int4: "integer",
  int8: "integer",
  numeric: "decimal",
  float4: "decimal",
  float8: "decimal",
  bool: "boolean",
  timestamp: "time",
  timestamptz: "time",
  date: "date",
  uuid: "uuid",
  json: "json",
  jsonb: "json",
  bytea: "bytes",
};

/** A text that can be cast to an instant, but for 29 February of other years. */
const INSTANT = [
  "^(?!0000)\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|[12]\\d))",
  "([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d+)?)? ?(Z|[+-](0\\d|1[0-4])(:?[0-5]\\d)?)?)?$",
].join("");

/** Nothing is cast that cannot be: one row's odd text would end the search. */
function instantOf(given: Sql): Sql {
  const text = sql`btrim(cast(${given} as text), E' \\t\\n\\r')`;
  const isLeap = sql`extract(day from make_date(substring(${text}, 1, 4)::int, 3, 1) - 1) = 29`;
  const isDay = sql`substring(${text}, 6, 5) <> '02-29' or ${isLeap}`;
  return sql`case when ${text} ~* ${INSTANT} then case when ${isDay} then ${text}::timestamptz end end`;
}

/** Types whose values are text; of all others text is only how they are written. */
const TEXTS = ["text", "varchar", "bpchar", "char", "name", "citext"];

async function columnsOf(db: Kysely<unknown>, names: readonly TableName[]): Promise<Columns[]> {
  return Promise.all(
    names.map(async ({ schema, table }) => {
      const { rows } = await sql<{
        name: string;
        type: string;
        folded: boolean;
        plain: boolean;
        required: boolean;
        filled: boolean;
        key: boolean;
        unique_exact: boolean;
        unique_folded: boolean;
        collated: boolean;
      }>`
        select a.attname as name, a.attcollation not in (0, 100) as collated, coalesce(b.typname, t.typname) as type, a.attnotnull as filled, a.attnotnull and not a.atthasdef and a.attidentity = '' as required,
          exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary and i.indnkeyatts = 1 and i.indkey[0] = a.attnum) as key,
          exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indnkeyatts = 1
            and i.indpred is null and i.indkey[0] = a.attnum) as unique_exact,
          exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indnkeyatts = 1 and i.indpred is null
            and (position('(lower(' || quote_ident(a.attname) || ')' in pg_get_indexdef(i.indexrelid)) > 0
              or position('(lower((' || quote_ident(a.attname) || ')' in pg_get_indexdef(i.indexrelid)) > 0
              or (coalesce(b.typname, t.typname) = 'citext' and i.indkey[0] = a.attnum))) as unique_folded,
          exists (select 1 from pg_index i where i.indrelid = c.oid and
            (position('(lower(' || quote_ident(a.attname) || ')' in pg_get_indexdef(i.indexrelid)) > 0
              or position('(lower((' || quote_ident(a.attname) || ')' in pg_get_indexdef(i.indexrelid)) > 0
              or (coalesce(b.typname, t.typname) = 'citext' and i.indkey[0] = a.attnum))) as folded,
          exists (select 1 from pg_index i where i.indrelid = c.oid and i.indkey[0] = a.attnum) as plain
        from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
          join pg_type t on t.oid = a.atttypid left join pg_type b on t.typtype = 'd' and b.oid = t.typbasetype
        where c.relname = ${table} and a.attnum > 0 and not a.attisdropped
          and ${schema === undefined ? sql`pg_table_is_visible(c.oid)` : sql`n.nspname = ${schema}`}`.execute(db);
      return new Map(
        rows.map(
          ({
            name,
            type,
            folded,
            plain,
            required,
            filled,
            key,
            unique_exact,
            unique_folded,
            collated,
          }): [string, Column] => [
            name,
            {
              type: types[type] ?? "text",
              isOwnType: !(type in types || TEXTS.includes(type)),
              foldsCase: type === "citext",
              isPadded: type === "bpchar",
              hasCollation: collated,
              takesNoNull: filled,
              isRequired: required,
              isKey: key,
              unique: { exact: unique_exact, folded: unique_folded },
              indexed: { exact: plain, folded },
            },
          ],
        ),
      );
    }),
  );
}

/** SQLSTATEs, as what they mean to a client (PostgreSQL, appendix A). */
function postgresFailure(error: unknown): unknown {
  if (error instanceof ConnectorError || !(error instanceof Error)) return error;
  const {
    code = "",
    detail = "",
    column,
    message,
    severity,
  } = error as { code?: string; detail?: string; column?: string; message: string; severity?: string };
  // The server's own words have a severity; a failed connection has none, and a code of Node.js.
  const isOfServer = severity !== undefined;
  // Of a key of several columns, or of an expression, all of it: the kind knows which of its columns are meant.
  const named = column ?? /^Key \((.+?)\)=/.exec(detail)?.[1];
  const options = { cause: error, ...(named && { attr: named }) };
  if (code === "23505")
    return new ConnectorError("conflict", `There is already an entry with this ${named ?? "value"}.`, options);
  if (code === "23502") return new ConnectorError("invalid", `The database needs a value for "${named}".`, options);
  if (code === "23503")
    return new ConnectorError(
      "invalid",
      "The database refuses a reference: what it points to is not there, or something still points here.",
      options,
    );
  if (/^(22|23|44|54)/.test(code))
    return new ConnectorError("invalid", `The database refuses a value: ${message}.`, options);
  // What a function of the site's own raises, by whatever code, is said to the client as it is.
  if (code.startsWith("P0") || (isOfServer && !CLASSES.has(code.slice(0, 2))))
    return new ConnectorError("invalid", `The database refuses it: ${message}.`, options);
  if (code === "40001" || code === "40P01" || code === "55P03")
    return new ConnectorError("busy", "Others are changing the same rows.", options);
  if (code === "57014")
    return new ConnectorError("timeout", "The database ended the statement at its time limit.", options);
  if (code === "42501")
    return new ConnectorError("denied", `The database account may not do this: ${message}.`, options);
  if (code.startsWith("42"))
    return new ConnectorError("unavailable", `The tables are not as they are configured: ${message}.`, {
      ...options,
      isAnswered: true,
    });
  if (code.startsWith("28"))
    return new ConnectorError("denied", `The database refuses the account: ${message}.`, options);
  if (message.startsWith("timeout exceeded when trying to connect"))
    return new ConnectorError("busy", "No connection was free, or made, in time.", options);
  const isAnswered = isOfServer && !/^(08|53|57|58|XX)/.test(code);
  const what = isAnswered ? "failed" : "cannot be reached";
  return new ConnectorError("unavailable", `The database ${what}: ${message}.`, { ...options, isAnswered });
}

/** The classes of PostgreSQL's own codes. */
const CLASSES = new Set(
  "00 01 02 03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44 53 54 55 57 58 72 F0 HV P0 XX".split(
    " ",
  ),
);
