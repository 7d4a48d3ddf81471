import { setTimeout as sleep } from "node:timers/promises";
import type { Kysely, QueryResult } from "kysely";
import { abortable } from "../../src/connector/abortable.ts";
import { ConnectorError, timedOut } from "../../src/connector/error.ts";
import type { SqlDialect } from "./dialect.ts";
import type { Sql } from "./kind.ts";

export type Run = (statement: Sql) => Promise<QueryResult<unknown>>;

/** Statements on a database: reads by themselves, writes in transactions. */
export interface Session {
  readonly read: (statement: Sql, signal: AbortSignal) => Promise<QueryResult<unknown>>;
  /** Runs all of the work or none of it; again where others were in its way, a few times. */
  readonly transaction: <T>(signal: AbortSignal, work: (run: Run) => Promise<T>) => Promise<T>;
}

const ATTEMPTS = 6;

/** Nobody waits for longer than the signal says; the server ends a statement by a time limit of its own, set on each connection. */
export function openSession(db: Kysely<unknown>, dialect: SqlDialect): Session {
  const meaning = (error: unknown, signal: AbortSignal): unknown => {
    if (error instanceof ConnectorError) return error;
    return signal.aborted ? timedOut("The database", error) : dialect.failure(error);
  };
  const inTransaction = <T>(signal: AbortSignal, work: (run: Run) => Promise<T>): Promise<T> =>
    db.transaction().execute(async (transaction) => {
      const result = await work((statement) => {
        signal.throwIfAborted();
        return statement.execute(transaction);
      });
      // Nobody is told of what is done after the end of the operation: it is undone.
      signal.throwIfAborted();
      return result;
    });
  return {
    read: async (statement, signal) => {
      try {
        return await abortable(signal, statement.execute(db));
      } catch (error) {
        throw meaning(error, signal);
      }
    },
    transaction: async (signal, work) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await abortable(signal, inTransaction(signal, work));
        } catch (error) {
          if (!dialect.isPassing(error) || attempt === ATTEMPTS || signal.aborted) throw meaning(error, signal);
          await sleep(2 ** attempt * 5 * (1 + Math.random()));
        }
      }
    },
  };
}
