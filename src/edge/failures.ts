import { RateLimiterMemory } from "rate-limiter-flexible";

/** Failures to authenticate within a minute that are answered at once, of one source. */
const FREE_FAILURES = 10;
/** How long the answer to one that is beyond them is held back, in milliseconds. */
export const SLOW_MS = 1000;

/** What is told of callers that are nobody, for metrics. */
export interface Failures {
  readonly failed: (method: string) => void;
}

/** Counts a source's failures; says whether this one is to be slowed down. */
export function countFailures(): (source: string) => Promise<boolean> {
  const limiter = new RateLimiterMemory({ points: FREE_FAILURES, duration: 60 });
  return (source) =>
    limiter.consume(source).then(
      () => false,
      () => true,
    );
}
