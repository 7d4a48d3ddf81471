import { existsSync } from "node:fs";
import {
  type Dialect,
  Kysely,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  SqliteAdapter,
  sql,
  type Transaction,
} from "kysely";
import type pg from "pg";
import type { Files } from "../connector/kit/files.ts";
import { loadPostgres, openPostgres } from "../connector/kit/postgres.ts";
import { openSqlite, sqliteDialect } from "../connector/kit/sqlite.ts";
import { readCertificates, type TlsFiles } from "../connector/kit/tls.ts";

/** The location of the store, and how to connect. */
export interface Location {
  /** `sqlite:FILE`, `sqlite::memory:`, or `postgres://USER@HOST:PORT/DATABASE`. */
  readonly url: string;
  readonly password?: string | undefined;
  readonly tls?: TlsFiles | undefined;
}

/** The database of the store. */
export interface Database<Tables> {
  readonly db: Kysely<Tables>;
  /** Runs a transaction. Those with the same name run one after another, across all processes that share the store. */
  readonly exclusively: <T>(name: string, work: (transaction: Transaction<Tables>) => Promise<T>) => Promise<T>;
  /** Whether a query holds up the process: a long one is split. */
  readonly isInProcess: boolean;
  /** Reports whether a failure is temporary: the server is unreachable, starting or stopping. */
  readonly willPass: (error: unknown) => boolean;
}

/** Time limits for connecting, for a statement and for its response, in milliseconds. */
const CONNECT_MS = 2000;
const STATEMENT_MS = 3000;
const ANSWER_MS = 3500;
const CONNECTIONS = 4;

/** Opens the database at a location. Throws if the file cannot be opened or the URL is invalid. */
export function openDatabase<Tables>(location: Location, files: Files): Database<Tables> {
  return location.url.startsWith("sqlite:") ? openFile(location.url, files) : openServer(location, files);
}

function openFile<Tables>(url: string, files: Files): Database<Tables> {
  const name = url.slice("sqlite:".length);
  const file = name === ":memory:" ? name : files.path(name);
  const database = openSqlite(file);
  const db = new Kysely<Tables>({ dialect: withTransactionalDdl(sqliteDialect(() => database)) });
  return {
    db,
    isInProcess: true,
    // SQLite transactions always run one after another.
    exclusively: (_, work) => db.transaction().execute(work),
    willPass: (error) => /locked|busy/i.test((error as Error).message) && file !== ":memory:" && existsSync(file),
  };
}

/** SQLite as kysely's migrations should see it: DDL is transactional, and other processes that start at the same time wait. */
const withTransactionalDdl = (dialect: Dialect): Dialect => ({
  createDriver: () => dialect.createDriver(),
  createQueryCompiler: () => dialect.createQueryCompiler(),
  createIntrospector: (db) => dialect.createIntrospector(db),
  createAdapter: () => new TransactionalAdapter(),
});

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

const INT8 = 20;

function openServer<Tables>({ url, password, tls }: Location, files: Files): Database<Tables> {
  const { hostname, port, pathname, username } = new URL(url);
  const host = decodeURIComponent(hostname).replace(/^\[(.*)\]$/, "$1");
  const { types } = loadPostgres();
  const pool = openPostgres({
    host,
    ...(port !== "" && { port: Number(port) }),
    database: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    password,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
    ssl: tls ? { host, ...readCertificates(files, tls, (name) => `state.tls.${name}`) } : false,
    options: `-c statement_timeout=${STATEMENT_MS} -c idle_in_transaction_session_timeout=${2 * STATEMENT_MS}`,
    application_name: "postern",
    types: {
      // Counts and milliseconds are well within a number's range.
      getTypeParser: (oid: number, format: "text") =>
        oid === INT8 ? Number : (types.getTypeParser(oid, format) as (raw: string) => unknown),
    } as pg.CustomTypesConfig,
  });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: givingUpLate(pool) }) });
  return {
    isInProcess: false,
    db,
    exclusively: (name, work) =>
      db.transaction().execute(async (transaction) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(${`postern ${name}`}, 0))`.execute(transaction);
        return work(transaction);
      }),
    willPass,
  };
}

/**
 * A pool that discards connections whose response timed out: the statement may still be running, and the next one would join its
 * transaction.
 */
const givingUpLate = (pool: pg.Pool): PostgresPool => ({
  options: pool.options as PostgresPool["options"],
  end: () => pool.end(),
  connect: async () => {
    const client = await pool.connect();
    let isLate = false;
    const query = async (...args: unknown[]) => {
      try {
        return await (client.query as (...all: unknown[]) => Promise<unknown>)(...args);
      } catch (error) {
        isLate ||= (error as Error).message === "Query read timeout";
        throw error;
      }
    };
    const release = (gone?: unknown) => client.release(isLate || (gone as boolean | Error | undefined));
    return Object.create(client, { query: { value: query }, release: { value: release } }) as PostgresPoolClient;
  },
});

/** Errors of PostgreSQL while it starts, stops or has no free connections, and network errors of an unreachable server. */
const PASSING = [
  "57P01",
  "57P02",
  "57P03",
  "53100",
  "53200",
  "53300",
  "25006",
  "08000",
  "08003",
  "08006",
  "57014",
  "40001",
  "40P01",
  "55P03",
];
const AWAY = [
  "ENOTFOUND",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
];

function willPass(error: unknown): boolean {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  return [...PASSING, ...AWAY].includes(code) || /timeout|terminated|Connection ended/i.test(message);
}
