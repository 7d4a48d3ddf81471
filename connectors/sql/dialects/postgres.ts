import { type Kysely, PostgresDialect } from "kysely";
import type pg from "pg";
import { ConnectorError } from "../../../src/connector/error.ts";
import { openPostgres } from "../../../src/connector/kit/postgres.ts";
import type { Column, Columns, ColumnType, TableName } from "../column.ts";
import type { SqlDialect } from "../dialect.ts";
import { type Sql, sql } from "../sql.ts";
import { type Server, serverName } from "./server.ts";
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
  // citext columns fold case themselves; others need an index on lower(...).
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
  // A cast can add details that the server otherwise omits, such as the `/32` of an address.
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

/** PostgreSQL infers a parameter's type from the column. A wider integer is cast, so that it is not found instead of failing. */
function wholeSql(value: unknown): unknown {
  const isWide = typeof value === "bigint" || (typeof value === "number" && Math.abs(value) >= 2 ** 31);
  return isWide ? sql`cast(${String(value)} as bigint)` : value;
}

const asText = (value: Parameters<SqlDialect["exact"]>[0]) => sql`cast(${value} as text)`;

/** A client of pg, with the socket that its types leave out. */
interface OpenClient {
  readonly connection?: { readonly stream: unknown };
}

function createPool(server: Server): pg.Pool {
  const { host, port, database, user, password, connections, waitMs, statementMs, tls, observer } = server;
  const pool = openPostgres({
    host,
    port,
    database,
    user,
    password,
    max: connections,
    connectionTimeoutMillis: waitMs,
    ssl: tls ? ({ host, ...tls } as pg.PoolConfig["ssl"]) : false,
    options: `-c TimeZone=UTC -c statement_timeout=${statementMs} -c idle_in_transaction_session_timeout=${2 * statementMs}`,
    // Values stay the server's text; the catalogue provides their types.
    types: {
      getTypeParser: (oid: number) => (raw: string) => (oid === BOOL ? raw === "t" : raw),
    } as pg.CustomTypesConfig,
  });
  const name = serverName(server);
  observer.pools(() => [
    { name, open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount, limit: connections },
  ]);
  pool.on("connect", (client) => observer.connected(name, (client as unknown as OpenClient).connection?.stream));
  return pool;
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

/** Texts that can be cast to an instant, except 29 February in other years. */
const INSTANT = [
  "^(?!0000)\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|[12]\\d))",
  "([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d+)?)? ?(Z|[+-](0\\d|1[0-4])(:?[0-5]\\d)?)?)?$",
].join("");

/** Only valid texts are cast: one invalid text would end the whole search. */
function instantOf(given: Sql): Sql {
  const text = sql`btrim(cast(${given} as text), E' \\t\\n\\r')`;
  const isLeap = sql`extract(day from make_date(substring(${text}, 1, 4)::int, 3, 1) - 1) = 29`;
  const isDay = sql`substring(${text}, 6, 5) <> '02-29' or ${isLeap}`;
  return sql`case when ${text} ~* ${INSTANT} then case when ${isDay} then ${text}::timestamptz end end`;
}

/** Text types. All others are only displayed as text. */
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

/** Interprets SQLSTATEs (PostgreSQL, appendix A). */
function postgresFailure(error: unknown): unknown {
  if (error instanceof ConnectorError || !(error instanceof Error)) return error;
  const {
    code = "",
    detail = "",
    column,
    message,
    severity,
  } = error as { code?: string; detail?: string; column?: string; message: string; severity?: string };
  // Server messages have a severity. Connection failures have a Node.js error code instead.
  const isOfServer = severity !== undefined;
  // For a key of several columns or an expression, all of it: the kind knows which columns are meant.
  const named = column ?? /^Key \((.+?)\)=/.exec(detail)?.[1];
  const options = { cause: error, ...(named && { attr: named }) };
  if (code === "23505")
    return new ConnectorError("conflict", `An entry with this ${named ?? "value"} already exists.`, options);
  if (code === "23502") return new ConnectorError("invalid", `The database requires a value for "${named}".`, options);
  if (code === "23503")
    return new ConnectorError(
      "invalid",
      "The database refuses a reference: its target does not exist, or something still refers to this entry.",
      options,
    );
  if (/^(22|23|44|54)/.test(code))
    return new ConnectorError("invalid", `The database refuses a value: ${message}.`, options);
  // Errors raised by the site's own functions are passed to the client.
  if (code.startsWith("P0") || (isOfServer && !CLASSES.has(code.slice(0, 2))))
    return new ConnectorError("invalid", `The database refuses the change: ${message}.`, options);
  if (code === "40001" || code === "40P01" || code === "55P03")
    return new ConnectorError("busy", "Other transactions are changing the same rows. Try again.", options);
  if (code === "57014")
    return new ConnectorError("timeout", "The database ended the statement at its time limit.", options);
  if (code === "42501")
    return new ConnectorError("denied", `The database account lacks permission: ${message}.`, options);
  if (code.startsWith("42"))
    return new ConnectorError("unavailable", `The tables do not match the configuration: ${message}.`, {
      ...options,
      isAnswered: true,
    });
  if (code.startsWith("28"))
    return new ConnectorError("denied", `The database refuses the account: ${message}.`, options);
  if (message.startsWith("timeout exceeded when trying to connect"))
    return new ConnectorError("busy", "No database connection became available in time.", options);
  const isAnswered = isOfServer && !/^(08|53|57|58|XX)/.test(code);
  const what = isAnswered ? "failed" : "cannot be reached";
  return new ConnectorError("unavailable", `The database ${what}: ${message}.`, { ...options, isAnswered });
}

/** The classes of PostgreSQL's own SQLSTATEs. */
const CLASSES = new Set(
  "00 01 02 03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44 53 54 55 57 58 72 F0 HV P0 XX".split(
    " ",
  ),
);
