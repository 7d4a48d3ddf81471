import { setTimeout as sleep } from "node:timers/promises";
import type { Kysely, QueryResult } from "kysely";
import { ConnectorError } from "../../src/connector/error.ts";
import type { SqlDialect } from "./dialect.ts";
import type { Sql } from "./kind.ts";

export type Run = (statement: Sql) => Promise<QueryResult<unknown>>;

/** Statements on a database: reads by themselves, writes in transactions. */
export interface Session {
  readonly read: (statement: Sql, signal: AbortSignal) => Promise<QueryResult<unknown>>;
  /** Runs all of the work or none of it; again where others were in its way, three times. */
  readonly transaction: <T>(signal: AbortSignal, work: (run: Run) => Promise<T>) => Promise<T>;
}

const ATTEMPTS = 4;

/** Each statement ends with the signal, on the server, too. */
export function openSession(db: Kysely<unknown>, dialect: SqlDialect): Session {
  const run = (on: Kysely<unknown>, signal: AbortSignal) => (statement: Sql) =>
    statement.execute(on, dialect.cancels ? { signal, inflightQueryAbortStrategy: "cancel query" } : {});
  const meaning = (error: unknown, signal: AbortSignal): unknown => {
    if (error instanceof ConnectorError) return error;
    if (signal.aborted)
      return new ConnectorError(
        "timeout",
        "The database did not answer in time. A write may or may not have happened: read before repeating it.",
        { cause: error },
      );
    return dialect.failure(error);
  };
  return {
    read: async (statement, signal) => {
      try {
        signal.throwIfAborted();
        return await run(db, signal)(statement);
      } catch (error) {
        throw meaning(error, signal);
      }
    },
    transaction: async (signal, work) => {
      for (let attempt = 1; ; attempt++) {
        try {
          signal.throwIfAborted();
          return await db.transaction().execute((on) => work(run(on, signal)));
        } catch (error) {
          if (!dialect.isPassing(error) || attempt === ATTEMPTS || signal.aborted) throw meaning(error, signal);
          await sleep(2 ** attempt * 5 * (1 + Math.random()));
        }
      }
    },
  };
}
