import { setImmediate as next } from "node:timers/promises";
import { notNow } from "../scim/error.ts";
import type { Context } from "./context.ts";

/** How many of a caller's long works may wait for their turn. */
const MAX_WAITING = 32;

/**
 * Does long works of one caller one after the other, and lets others be served in between: each takes the one thread that all
 * share. Throws 503 where too many of the caller's wait already.
 */
export type InTurn = <T>(context: Context, work: () => Promise<T>) => Promise<T>;

/** Nobody waits yet. */
export function createTurns(): InTurn {
  const waiting = new Map<string, { count: number; last: Promise<unknown> }>();
  return async (context, work) => {
    const caller = context.caller ?? "";
    const own = waiting.get(caller) ?? { count: 0, last: Promise.resolve() };
    if (own.count > MAX_WAITING)
      throw notNow("Too many queries of this caller wait that the backend answers in part only. Send fewer at a time.");
    own.count++;
    waiting.set(caller, own);
    const turn = own.last.then(async () => {
      // Whoever has come meanwhile is served first.
      await next();
      if (context.signal.aborted)
        throw notNow("The caller's queries before this one took too long. Send fewer at a time.");
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
