import { setImmediate as next } from "node:timers/promises";
import { notNow } from "../scim/error.ts";
import type { Context } from "./context.ts";

/** Maximum number of a caller's expensive queries that may wait. */
const MAX_WAITING = 32;

/**
 * Runs a caller's expensive work one item at a time, and yields to others in between: the main thread is shared. Throws 503 if too many of
 * the caller's items are waiting.
 */
export type InTurn = <T>(context: Context, work: () => Promise<T>) => Promise<T>;

/** Starts with an empty queue. */
export function createTurns(): InTurn {
  const waiting = new Map<string, { count: number; last: Promise<unknown> }>();
  return async (context, work) => {
    const caller = context.caller ?? "";
    const own = waiting.get(caller) ?? { count: 0, last: Promise.resolve() };
    if (own.count > MAX_WAITING)
      throw notNow(
        "Too many of this caller's queries that the backend can only partly evaluate are waiting. Send fewer at a time.",
      );
    own.count++;
    waiting.set(caller, own);
    const turn = own.last.then(async () => {
      // Requests that arrived meanwhile go first.
      await next();
      if (context.signal.aborted) throw notNow("The caller's earlier queries took too long. Send fewer at a time.");
      return work();
    });
    own.last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      own.count--;
      if (own.count === 0) waiting.delete(caller);
    }
  };
}
