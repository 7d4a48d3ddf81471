/** How Entra, or a simulator in more of a hurry, paces what it does, in milliseconds. */
export interface Pace {
  /** How far two cycles are apart: Entra's 40 minutes, unless the configuration says otherwise. */
  readonly cycleMs: number;
  /** The times between one attempt and the next; the last of them repeats. */
  readonly retriesMs: readonly number[];
  /** How long after the first failure it stops. */
  readonly givenUpAfterMs: number;
}
