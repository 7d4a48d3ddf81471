import { createRequire } from "node:module";
import type pg from "pg";

/** PostgreSQL's driver, loaded where it is needed. */
export const loadPostgres = (): typeof pg => createRequire(import.meta.url)("pg") as typeof pg;

/**
 * A pool of connections to PostgreSQL. A connection that is lost is told to whoever uses it by the failure of what it runs, and the pool makes
 * another.
 */
export function openPostgres(config: pg.PoolConfig): pg.Pool {
  const { Pool } = loadPostgres();
  const pool = new Pool({ idleTimeoutMillis: 30_000, keepAlive: true, ...config });
  // Without listeners the loss itself would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}
