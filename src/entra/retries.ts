const HOUR = 3_600_000;
/** Time between the starts of two cycles. */
export const CYCLE_MS = 40 * 60_000;
/** Failed objects are retried for at most 28 days. */
export const GIVEN_UP_AFTER_MS = 28 * 24 * HOUR;
const RETRIES_MS = [CYCLE_MS, 2 * CYCLE_MS, 6 * HOUR, 12 * HOUR, 24 * HOUR];

/** Entra's times for a client whose cycles are apart by another time, in milliseconds. */
export function retriesAt(cycleMs: number) {
  const scale = cycleMs / CYCLE_MS;
  return {
    cycleMs,
    /** The times between one attempt and the next; the last of them repeats. */
    retriesMs: RETRIES_MS.map((ms) => scale * ms),
    nextAttempt: (failures: number, at: number) => at + scale * nextAttempt(failures, 0),
    givenUpAfterMs: scale * GIVEN_UP_AFTER_MS,
  };
}

/** When something that failed this often is tried again. */
export const nextAttempt = (attempts: number, now: number): number =>
  now + (RETRIES_MS[Math.min(attempts, RETRIES_MS.length) - 1] ?? CYCLE_MS);
