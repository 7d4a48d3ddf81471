import { setTimeout as sleep } from "node:timers/promises";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Caller } from "../auth/caller.ts";

/** Failed authentications of one source within a minute after which it is slowed down. */
const FREE_FAILURES = 10;
/** How long a request of a source that failed too often waits before its credentials are looked at, in milliseconds. */
const SLOW_MS = 1000;
/** The most requests that wait so at a time, in all and of one source; others are turned away. */
const MAX_SLOWED = 200;
const MAX_SLOWED_OF_ONE = 20;

/** Rate-limit and failure counters, over all routes and the token endpoint. They survive configuration reloads. */
export interface Throttle {
  /**
   * Waits before the credentials of a source that failed too often are looked at, right ones and wrong ones alike: who guesses
   * learns no more than twenty answers a second. False where too many wait already. A connection that has proven itself for the
   * source does not wait.
   */
  readonly admit: (source: string, connection: object | undefined) => Promise<boolean>;
  /** Counts a failed authentication. */
  readonly failed: (source: string, connection: object | undefined) => void;
  /** Takes note that a connection has proven itself for a source. */
  readonly proven: (source: string, connection: object | undefined) => void;
  /** Reports whether a caller may do so many more operations in this second. */
  readonly isWithinRate: (caller: Caller, operations?: number) => Promise<boolean>;
}

export function createThrottle(): Throttle {
  const failures = new RateLimiterMemory({ points: FREE_FAILURES, duration: 60 });
  const rates = new Map<number, RateLimiterMemory>();
  const slowedOf = new Map<string, number>();
  const provenFor = new WeakMap<object, string>();
  let slowed = 0;
  return {
    admit: async (source, connection) => {
      if (connection && provenFor.get(connection) === source) return true;
      const count = (await failures.get(source))?.consumedPoints ?? 0;
      if (count < FREE_FAILURES) return true;
      const ofOne = slowedOf.get(source) ?? 0;
      if (slowed >= MAX_SLOWED || ofOne >= MAX_SLOWED_OF_ONE) return false;
      slowed++;
      slowedOf.set(source, ofOne + 1);
      await sleep(SLOW_MS);
      slowed--;
      const left = slowedOf.get(source)! - 1;
      if (left > 0) slowedOf.set(source, left);
      else slowedOf.delete(source);
      return true;
    },
    failed: (source, connection) => {
      if (connection) provenFor.delete(connection);
      failures.consume(source).catch(() => {});
    },
    proven: (source, connection) => {
      if (connection) provenFor.set(connection, source);
    },
    isWithinRate: async ({ name, rate }, operations = 1) => {
      if (rate === undefined) return true;
      const limiter = rates.get(rate) ?? new RateLimiterMemory({ points: rate, duration: 1 });
      rates.set(rate, limiter);
      return consumes(limiter, name, operations);
    },
  };
}

async function consumes(limiter: RateLimiterMemory, key: string, points: number): Promise<boolean> {
  try {
    await limiter.consume(key, points);
    return true;
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    return false;
  }
}
