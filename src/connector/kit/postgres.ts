import { createRequire } from "node:module";
import type pg from "pg";

/** Loads PostgreSQL's driver on first use. */
export const loadPostgres = (): typeof pg => createRequire(import.meta.url)("pg") as typeof pg;

/** A pool of PostgreSQL connections. When a connection is lost its current query fails, and the pool opens another. */
export function openPostgres(config: pg.PoolConfig): pg.Pool {
  const { Pool } = loadPostgres();
  const pool = new Pool({ idleTimeoutMillis: 30_000, keepAlive: true, ...config });
  // Without a listener the error would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}
