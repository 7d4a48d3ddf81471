import type { Clock } from "../../../src/graph/clock.ts";

/** A clock that stands still until the test moves it, or somebody sleeps by it. */
export interface TestClock extends Clock {
  readonly advance: (ms: number) => void;
}

export function testClock(start = Date.parse("2026-11-02T08:00:00Z")): TestClock {
  let now = start;
  return {
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
    // Whoever sleeps moves the clock to where they wake; those that sleep at the same time wake by the same move.
    sleep: async (ms, signal) => {
      const until = now + ms;
      await new Promise((done) => setImmediate(done));
      signal.throwIfAborted();
      now = Math.max(now, until);
    },
  };
}
