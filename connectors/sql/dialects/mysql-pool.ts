import { createRequire } from "node:module";
import type { MysqlPool } from "kysely";
import type * as mysql2 from "mysql2";
import { ConnectorError } from "../../../src/connector/error.ts";
import { type Server, serverName } from "./server.ts";

/** What mysql2 keeps of its connections. Its types leave it out. */
interface PoolInside {
  readonly _allConnections?: { readonly length: number };
  readonly _freeConnections?: { readonly length: number };
  readonly _connectionQueue?: { readonly length: number };
}

/** A pool of connections to MariaDB or MySQL. The driver is loaded on first use. */
export function openPool(server: Server): mysql2.Pool {
  const { host, port, database, user, password, connections, waitMs, tls, observer } = server;
  const { createPool } = createRequire(import.meta.url)("mysql2") as typeof mysql2;
  const pool = createPool({
    host,
    port,
    database,
    user,
    password,
    connectionLimit: connections,
    connectTimeout: waitMs,
    charset: "utf8mb4",
    dateStrings: true,
    // JSON is parsed here, without rounding.
    jsonStrings: true,
    supportBigNumbers: true,
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    maxPreparedStatements: 256,
    // mysql2 verifies host names only if asked to.
    ...(tls && { ssl: { verifyIdentity: true, ...tls } }),
  });
  const name = serverName(server);
  observer.pools(() => {
    const { _allConnections: all, _freeConnections: free, _connectionQueue: queue } = pool as PoolInside;
    if (!all || !free || !queue) return [];
    return [{ name, open: all.length, idle: free.length, waiting: queue.length, limit: connections }];
  });
  pool.on("connection", (connection) => observer.connected(name, (connection as { stream?: unknown }).stream));
  return pool;
}

/** Sends values as parameters of prepared statements: mysql2's `query` would insert them into the text. */
export function preparing(pool: mysql2.Pool, waitMs: number): MysqlPool {
  const wrapped = new WeakMap<mysql2.PoolConnection, unknown>();
  return {
    getConnection: (callback) => {
      // The pool itself would wait indefinitely.
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        callback(new ConnectorError("busy", "No database connection became available in time."), undefined as never);
      }, waitMs);
      pool.getConnection((error, connection) => {
        clearTimeout(timer);
        if (isLate) return connection?.release();
        if (error || !connection) return callback(error, undefined as never);
        const known = wrapped.get(connection) ?? {
          config: connection.config,
          threadId: connection.threadId,
          connect: () => {},
          destroy: () => connection.destroy(),
          release: () => connection.release(),
          query: (text: string, parameters: unknown[], done: (error: unknown, result: unknown) => void) =>
            parameters.length === 0
              ? connection.query(text, rowsOnly(done))
              : connection.execute(text, parameters as never, rowsOnly(done)),
        };
        wrapped.set(connection, known);
        callback(null, known as never);
      });
    },
    // A connection that was never established has nothing to close.
    end: (callback) => pool.end(() => callback(null)),
  };
}

/** A procedure call returns several results and a final status. Its rows are those of all results. */
const rowsOnly = (done: (error: unknown, result: unknown) => void) => (error: unknown, result: unknown) =>
  done(error, Array.isArray(result) && result.some(Array.isArray) ? result.filter(Array.isArray).flat() : result);
