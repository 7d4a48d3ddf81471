import { createRequire } from "node:module";
import { type Dialect, type Kysely, MssqlDialect } from "kysely";
import { ConnectorError } from "../../../src/connector/error.ts";
import { loadOptional } from "../../../src/connector/kit/optional.ts";
import type { Column, Columns, ColumnType, TableName } from "../column.ts";
import type { SqlDialect } from "../dialect.ts";
import { type Sql, sql } from "../sql.ts";
import { type Server, serverName } from "./server.ts";
import { any, fromTypedColumn, toTypedColumn } from "./values.ts";

/** Microsoft SQL Server, 2017 and later, by tedious. */
export const mssql = (server: Server): SqlDialect => ({
  kysely: () => dialectFor(server),
  unknownColumn: any,
  columnsOf,
  folded: (value) => sql`lower(${asText(value)}) collate ${CODE_POINTS}`,
  exact: (value) => sql`${asText(value)} collate ${CODE_POINTS}`,
  // An index can answer comparisons in the column's own collation.
  indexed: (column, value, { foldsCase }, caseExact) =>
    foldsCase || caseExact ? { condition: sql`${column} = ${value}`, isExact: false } : undefined,
  foldsAll: false,
  // Comparisons ignore trailing blanks in every collation.
  equals: (left, right) => sql`(${left} = ${right} and datalength(${left}) = datalength(${right}))`,
  isSame: (column, value) => sql`exists (select ${column} intersect select ${value})`,
  isTrue: (condition) => sql`(${asNumber(condition)} = 1)`,
  asValue: asNumber,
  jsonList: (values, rest) => sql`select coalesce('[' + string_agg(${jsonText(values)}, ',') + ']', '[]') ${rest}`,
  insertMissing,
  // Rows inserted by triggers are counted too.
  countsInserted: false,
  noColumns: sql`default values`,
  // `output` fails on tables with triggers.
  returning: () => sql`; select scope_identity() as ${sql.id("made")}`,
  page: (limit, offset) => sql.raw(`offset ${offset} rows fetch next ${limit} rows only`),
  lockHint: sql` with (updlock, rowlock)`,
  forUpdate: sql``,
  castToText: asText,
  // UTF-8 if the database's collation is a UTF-8 one.
  isSameJson: (column, text) => sql`${column} = ${text}`,
  maxWhole: 2n ** 63n - 1n,
  decoded: (bytes) => sql`cast(${bytes} as varchar(max))`,
  hex: (bytes) => sql`convert(varchar(max), ${bytes}, 2)`,
  toDatabase: (value, column) => {
    const given = toTypedColumn(value, column);
    // With a T, dates with times are parsed independently of the session's language.
    return column.type === "time" && typeof given === "string" ? given.replace(" ", "T") : given;
  },
  fromDatabase: (value, column) => {
    if (value instanceof Date) return column.type === "date" ? value.toISOString().slice(0, 10) : value.toISOString();
    const given = fromTypedColumn(value, column);
    return column.type === "uuid" && typeof given === "string" ? given.toLowerCase() : given;
  },
  foldedIndex: (column, { foldsCase }) =>
    foldsCase
      ? { on: column }
      : {
          first: "its collation is case-sensitive, so no index can help: choose one with _CI_ in its name",
        },
  quote: '"',
  instantOf: (text) => sql`try_cast(${text} as datetimeoffset)`,
  failure: mssqlFailure,
  isPassing: (error) => PASSING.includes(numberOf(error)),
  version: sql`select 'SQL Server ' + cast(serverproperty('ProductVersion') as nvarchar(50)) as version`,
});

const CODE_POINTS = sql.raw("Latin1_General_100_BIN2");

function asText(value: Sql): Sql {
  return sql`cast(${value} as nvarchar(max))`;
}

function asNumber(condition: Sql): Sql {
  return sql`case when ${condition} then 1 else 0 end`;
}

/** Values as JSON texts; nothing for rows that contain NULL. */
function jsonText(values: readonly Sql[]): Sql {
  const texts = values.map((value) => sql`'"' + string_escape(${asText(value)}, 'json') + '"'`);
  return texts.length === 1 ? texts[0]! : sql`'[' + ${sql.join(texts, sql` + ',' + `)} + ']'`;
}

function insertMissing(
  table: Sql,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  identity: readonly string[],
): Sql {
  const names = sql.join(columns.map((column) => sql.id(column)));
  const values = sql.join(rows.map((row) => sql`(${sql.join([...row])})`));
  const present = sql.join(
    identity.map((column) => sql`${sql.id("present", column)} = ${sql.id("given", column)}`),
    sql` and `,
  );
  const given = sql.join(columns.map((column) => sql.id("given", column)));
  const held = sql`select 1 from ${table} as ${sql.id("present")} with (updlock, holdlock) where ${present}`;
  return sql`insert into ${table} (${names}) select distinct ${given} from (values ${values}) as ${sql.id("given")} (${names}) where not exists (${held})`;
}

/** A connection of tedious, with the socket that its types leave out. */
interface OpenConnection {
  readonly messageIo?: { readonly securePair?: { readonly cleartext: unknown } };
}

/** The driver is loaded on first use: it includes the whole Azure sign-in. */
function dialectFor(server: Server): Dialect {
  const { host, port, database, user, password, connections, waitMs, statementMs, tls, observer } = server;
  const Tedious = loadOptional("tedious", "dialect") as typeof import("tedious");
  const Tarn = createRequire(import.meta.url)("tarn") as typeof import("tarn");
  const name = serverName(server);
  const connect = () => {
    const connection = new Tedious.Connection({
      server: host,
      authentication: { type: "default", options: { userName: user, password } },
      options: {
        database,
        ...(port !== undefined && { port }),
        encrypt: tls !== undefined,
        trustServerCertificate: false,
        ...(tls && { cryptoCredentialsDetails: tls }),
        connectTimeout: waitMs,
        requestTimeout: statementMs,
        abortTransactionOnError: true,
        useUTC: true,
      },
    });
    const socketOf = ({ messageIo }: OpenConnection) => messageIo?.securePair?.cleartext;
    return connection.once("connect", () =>
      observer.connected(name, socketOf(connection as unknown as OpenConnection)),
    );
  };
  // kysely makes the pool itself.
  class Pool<Resource> extends Tarn.Pool<Resource> {
    constructor(options: ConstructorParameters<typeof Tarn.Pool<Resource>>[0]) {
      super(options);
      observer.pools(() => {
        const idle = this.numFree();
        return [{ name, open: this.numUsed() + idle, idle, waiting: this.numPendingAcquires(), limit: connections }];
      });
    }
  }
  return new MssqlDialect({
    tarn: {
      Pool,
      options: { min: 0, max: connections, acquireTimeoutMillis: waitMs, propagateCreateError: true },
    },
    tedious: {
      ISOLATION_LEVEL: Tedious.ISOLATION_LEVEL,
      Request: Tedious.Request,
      TYPES: Tedious.TYPES,
      connectionFactory: connect,
    },
  } as ConstructorParameters<typeof MssqlDialect>[0]);
}

const types: Readonly<Record<string, ColumnType>> = {
  tinyint: "integer",
  smallint: "integer",
  int: "integer",
  bigint: "integer",
  decimal: "decimal",
  numeric: "decimal",
  money: "decimal",
  smallmoney: "decimal",
  float: "decimal",
  real: "decimal",
  bit: "boolean",
  datetime: "time",
  datetime2: "time",
  smalldatetime: "time",
  datetimeoffset: "time",
  date: "date",
  uniqueidentifier: "uuid",
  binary: "bytes",
  varbinary: "bytes",
};

async function columnsOf(db: Kysely<unknown>, names: readonly TableName[]): Promise<Columns[]> {
  return Promise.all(
    names.map(async ({ schema, table }) => {
      const { rows } = await sql<{
        name: string;
        type: string;
        collation: string | null;
        indexed: number;
        counted: number;
        alone: number;
      }>`
        select c.name as name, t.name as type, c.collation_name as collation, cast(c.is_identity as int) as counted,
          case when exists (select 1 from sys.index_columns i where i.object_id = c.object_id
            and i.column_id = c.column_id and i.key_ordinal = 1) then 1 else 0 end as indexed,
          case when exists (select 1 from sys.indexes p join sys.index_columns i on i.object_id = p.object_id and i.index_id = p.index_id
            where p.object_id = c.object_id and p.is_primary_key = 1 and i.column_id = c.column_id and i.key_ordinal = 1
              and not exists (select 1 from sys.index_columns m where m.object_id = p.object_id and m.index_id = p.index_id and m.key_ordinal = 2))
            then 1 else 0 end as alone
        from sys.columns c join sys.types t on t.user_type_id = c.system_type_id
        where c.object_id = object_id(quotename(${schema ?? "dbo"}) + '.' + quotename(${table}))`.execute(db);
      return new Map(
        rows.map(({ name, type, collation, indexed, counted, alone }): [string, Column] => {
          const foldsCase = collation?.includes("_CI") ?? false;
          return [
            name,
            {
              type: types[type] ?? "text",
              foldsCase,
              isPadded: type === "char" || type === "nchar",
              isCounted: counted === 1,
              isKey: alone === 1,
              indexed: { exact: indexed === 1, folded: indexed === 1 && foldsCase },
            },
          ];
        }),
      );
    }),
  );
}

/** A driver's failure; the first of several. */
const firstOf = (error: unknown): unknown => (error instanceof AggregateError ? error.errors[0] : undefined) ?? error;
const numberOf = (error: unknown): number => (firstOf(error) as { number?: number } | undefined)?.number ?? 0;

/** Deadlocks and snapshot conflicts. */
const PASSING = [1205, 3960];
const VALUES = [220, 241, 242, 244, 245, 248, 295, 2628, 8114, 8115, 8152, 8169];

/** Interprets SQL Server's error numbers. */
export function mssqlFailure(error: unknown): unknown {
  if (error instanceof ConnectorError || !(error instanceof Error)) return error;
  const { message, name, code } = firstOf(error) as Error & { code?: string };
  const number = numberOf(error);
  const column = /column '([^']+)'/i.exec(message)?.[1];
  const options = { cause: error, ...(column && { attr: column }) };
  if (number === 2601 || number === 2627) {
    const index = /(?:constraint|index) '([^']+)'/.exec(message)?.[1];
    return new ConnectorError("conflict", `An entry with this ${index ?? "value"} already exists.`, {
      cause: error,
      ...(index && { attr: index }),
    });
  }
  if (number === 515) return new ConnectorError("invalid", `The database requires a value for "${column}".`, options);
  if (number === 547 && /REFERENCE|FOREIGN KEY/.test(message))
    return new ConnectorError(
      "invalid",
      "The database refuses a reference: its target does not exist, or something still refers to this entry.",
      options,
    );
  if (number === 547 || VALUES.includes(number))
    return new ConnectorError("invalid", `The database refuses a value: ${message}.`, options);
  // Errors raised by procedures and triggers are passed to the client.
  if (number >= 50_000) return new ConnectorError("invalid", `The database refuses the change: ${message}.`, options);
  if (PASSING.includes(number) || number === 1222)
    return new ConnectorError("busy", "Other transactions are changing the same rows. Try again.", options);
  if ([229, 230, 18456, 4060].includes(number))
    return new ConnectorError("denied", `The database refuses the account: ${message}.`, options);
  if (number === 207 || number === 208)
    return new ConnectorError("unavailable", `The tables do not match the configuration: ${message}.`, {
      ...options,
      isAnswered: true,
    });
  if (code === "ETIMEOUT" || code === "ECANCEL")
    return new ConnectorError("timeout", "The database did not finish the statement within the time limit.", options);
  if (name === "TimeoutError")
    return new ConnectorError("busy", "No database connection became available in time.", options);
  const isAnswered = number > 0;
  const what = isAnswered ? "failed" : "cannot be reached";
  return new ConnectorError("unavailable", `The database ${what}: ${message}.`, { ...options, isAnswered });
}
