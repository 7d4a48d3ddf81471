import { setTimeout as sleep } from "node:timers/promises";
import type { Kysely, QueryResult } from "kysely";
import { ConnectorError, isOwnFault, timedOut } from "../../src/connector/error.ts";
import { abortable } from "../../src/connector/kit/deadline.ts";
import { readTwice } from "../../src/connector/kit/retry.ts";
import type { SqlDialect } from "./dialect.ts";
import type { Sql } from "./sql.ts";

/** Runs a statement. */
export type Run = (statement: Sql) => Promise<QueryResult<unknown>>;

/** Runs statements on a database: reads directly, writes in transactions. */
export interface Session {
  readonly read: (statement: Sql, signal: AbortSignal) => Promise<QueryResult<unknown>>;
  /** Runs work in a transaction; repeats it a few times on conflicts. */
  readonly transaction: <T>(signal: AbortSignal, work: (run: Run) => Promise<T>) => Promise<T>;
}

const ATTEMPTS = 6;
/** How long to wait for a database that another process has locked, in milliseconds. */
const HELD_MS = 4000;
/** How long reads use the primary after a write, and how long a failed replica is avoided, in milliseconds. */
const AFTER_WRITE_MS = 10_000;
const AFTER_FAILURE_MS = 10_000;

/**
 * Waits no longer than the signal allows; the server enforces a time limit of its own, set on each connection. Reads are spread over
 * replicas, except soon after a write, or after one that was refused because its data was stale: replicas lag behind.
 */
export function openSession(db: Kysely<unknown>, replicas: readonly Kysely<unknown>[], dialect: SqlDialect): Session {
  const meaning = (error: unknown, signal: AbortSignal): unknown => {
    if (error instanceof ConnectorError || isOwnFault(error)) return error;
    return signal.aborted ? timedOut("The database", error) : dialect.failure(error);
  };
  const inTransaction = <T>(signal: AbortSignal, work: (run: Run) => Promise<T>): Promise<T> =>
    db.transaction().execute(async (transaction) => {
      const result = await work((statement) => {
        signal.throwIfAborted();
        return statement.execute(transaction);
      });
      // Work that finishes after the operation has ended is rolled back, since nobody learns of it.
      signal.throwIfAborted();
      return result;
    });

  let writtenUntil = 0;
  let turn = 0;
  const failedUntil = new Map<Kysely<unknown>, number>();
  const replica = (): Kysely<unknown> | undefined => {
    const now = Date.now();
    if (now < writtenUntil) return undefined;
    const able = replicas.filter((each) => (failedUntil.get(each) ?? 0) <= now);
    return able[turn++ % able.length];
  };
  const { apart } = dialect;
  const execute = (from: Kysely<unknown>, statement: Sql, signal: AbortSignal): Promise<QueryResult<unknown>> => {
    const here = statement.execute(from);
    if (!apart) return here;
    return here.catch((error) => {
      if (!apart.isFor(error)) throw error;
      return apart.read(statement.compile(from), signal);
    });
  };
  /** Waits, without blocking, while another process has locked the database. */
  const whenFree = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    const until = Date.now() + HELD_MS;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!dialect.isHeld?.(error) || signal.aborted || Date.now() > until) throw error;
        await sleep(10 + 20 * Math.random());
      }
    }
  };
  const readFrom = async (from: Kysely<unknown>, statement: Sql, signal: AbortSignal) => {
    try {
      return await abortable(
        signal,
        whenFree(signal, () => execute(from, statement, signal)),
      );
    } catch (error) {
      throw meaning(error, signal);
    }
  };

  return {
    read: async (statement, signal) => {
      const chosen = replica();
      if (!chosen) return readTwice(() => readFrom(db, statement, signal), signal);
      try {
        return await readFrom(chosen, statement, signal);
      } catch (error) {
        if (signal.aborted || !isOfServer(error)) throw error;
        failedUntil.set(chosen, Date.now() + AFTER_FAILURE_MS);
        return readTwice(() => readFrom(db, statement, signal), signal);
      }
    },
    transaction: async (signal, work) => {
      try {
        for (let attempt = 1; ; attempt++) {
          try {
            return await abortable(
              signal,
              whenFree(signal, () => inTransaction(signal, work)),
            );
          } catch (error) {
            if (!dialect.isPassing(error) || attempt === ATTEMPTS || signal.aborted) throw meaning(error, signal);
            await sleep(2 ** attempt * 5 * (1 + Math.random()));
          }
        }
      } finally {
        writtenUntil = Date.now() + AFTER_WRITE_MS;
      }
    },
  };
}

/** Reports whether the server failed, rather than the statement. */
const isOfServer = (error: unknown): boolean =>
  error instanceof ConnectorError && ["unavailable", "timeout", "busy", "denied"].includes(error.kind);
