import { setTimeout as sleep } from "node:timers/promises";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Caller } from "../auth/caller.ts";

/** Failures to authenticate within a minute that are answered at once, of one source. */
const FREE_FAILURES = 10;
/** How long the answer to one that is beyond them is held back, in milliseconds. */
const SLOW_MS = 1000;
/** The most answers that are held back at a time: each holds a connection. */
const MAX_SLOWED = 100;

/** What is remembered of who asks, on all routes and at the token endpoint together. It outlives a change of the configuration. */
export interface Throttle {
  /**
   * Counts a failure of a source, and holds it back where there were too many; rejects nothing. False where so many are held
   * back that this one is to be turned away instead.
   */
  readonly heldBack: (source: string) => Promise<boolean>;
  /** Whether a caller may ask once more in this second. */
  readonly isWithinRate: (caller: Caller) => Promise<boolean>;
}

export function createThrottle(): Throttle {
  const failures = new RateLimiterMemory({ points: FREE_FAILURES, duration: 60 });
  const rates = new Map<number, RateLimiterMemory>();
  let slowed = 0;
  return {
    heldBack: async (source) => {
      if (await consumes(failures, source)) return true;
      if (slowed >= MAX_SLOWED) return false;
      slowed++;
      await sleep(SLOW_MS).finally(() => slowed--);
      return true;
    },
    isWithinRate: async ({ name, rate }) => {
      if (rate === undefined) return true;
      const limiter = rates.get(rate) ?? new RateLimiterMemory({ points: rate, duration: 1 });
      rates.set(rate, limiter);
      return consumes(limiter, name);
    },
  };
}

async function consumes(limiter: RateLimiterMemory, key: string): Promise<boolean> {
  try {
    await limiter.consume(key);
    return true;
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    return false;
  }
}
