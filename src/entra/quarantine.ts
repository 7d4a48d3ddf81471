import type { QuarantineLimits } from "./engine.ts";
import type { Quarantine } from "./report-data.ts";
import { GIVEN_UP_AFTER_MS } from "./retries.ts";

/** Microsoft's numbers. */
export const QUARANTINE_LIMITS: QuarantineLimits = { from: 5000, proportion: 0.4, base: 40_000, total: 60_000 };

const HOUR = 3_600_000;
/** In quarantine, the delays between cycles; daily after these. */
const ATTEMPTS_MS = [6 * HOUR, 12 * HOUR, 24 * HOUR];

/** Why a job is put in quarantine. */
export type Reason = Pick<Quarantine, "reason" | "error">;

/** Counts of a job's failures. */
export interface Failures {
  readonly export: number;
  readonly reference: number;
  /** The number of objects of the job. */
  readonly objects: number;
}

/** Reports whether this many failures put a job in quarantine. */
export function quarantineFor(failures: Failures, limits: QuarantineLimits): Reason | undefined {
  const { export: base, reference, objects } = failures;
  const told = (reason: Reason["reason"], message: string): Reason => ({ reason, error: { code: reason, message } });
  if (base > limits.base)
    return told("EncounteredBaseEscrowThreshold", `${base} objects failed; the limit is ${limits.base}`);
  if (base + reference > limits.total)
    return told(
      "EncounteredTotalEscrowThreshold",
      `${base + reference} objects and references failed; the limit is ${limits.total}`,
    );
  if (base >= limits.from && base > limits.proportion * objects)
    return told(
      "EncounteredEscrowProportionThreshold",
      `${base} of ${objects} objects failed, more than ${limits.proportion * 100} %`,
    );
  return undefined;
}

/** The quarantine after a cycle: none, a new one, or the continuing one. */
export function nextQuarantine(
  before: Quarantine | undefined,
  reason: Reason | undefined,
  now: number,
): Quarantine | undefined {
  if (!reason) return undefined;
  const seriesCount = (before?.seriesCount ?? 0) + 1;
  return {
    ...reason,
    currentBegan: before?.currentBegan ?? now,
    seriesBegan: before?.seriesBegan ?? now,
    seriesCount,
    nextAttempt: now + ATTEMPTS_MS[Math.min(seriesCount, ATTEMPTS_MS.length) - 1]!,
  };
}

/** Reports whether a job is disabled, which happens after four weeks of quarantine. */
export const isDisabled = (quarantine: Quarantine | undefined, now: number): boolean =>
  quarantine !== undefined && now - quarantine.currentBegan > GIVEN_UP_AFTER_MS;
