import { setTimeout } from "node:timers/promises";

/** The time, and waiting for it. Tests hand in a clock that they move. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Resolves after some milliseconds. Rejects as soon as the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
};

/**
 * How much earlier than an upload its record in the log may be, in milliseconds: the log's times are whole seconds of another machine's
 * clock, and a record may be processed while its 202 is on its way.
 */
export const SKEW_MS = 5000;
