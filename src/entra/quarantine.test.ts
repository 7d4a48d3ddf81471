import { expect, test } from "vitest";
import { isDisabled, nextQuarantine, QUARANTINE_LIMITS, quarantineFor } from "./quarantine.ts";
import { nextAttempt } from "./retries.ts";

const HOUR = 3_600_000;
const reason = { reason: "TooManyDeletes", error: { code: "TooManyDeletes", message: "" } } as const;

test.each([
  [{ export: 4999, reference: 0, objects: 5000 }, undefined],
  [{ export: 5000, reference: 0, objects: 12_500 }, undefined],
  [{ export: 5001, reference: 0, objects: 12_500 }, "EncounteredEscrowProportionThreshold"],
  [{ export: 40_001, reference: 0, objects: 1_000_000 }, "EncounteredBaseEscrowThreshold"],
  [{ export: 40_000, reference: 20_000, objects: 1_000_000 }, undefined],
  [{ export: 40_000, reference: 20_001, objects: 1_000_000 }, "EncounteredTotalEscrowThreshold"],
])("%j is %s", (failures, expected) => {
  expect(quarantineFor(failures, QUARANTINE_LIMITS)?.reason).toBe(expected);
});

test("attempts follow after 6, 12 and 24 hours, then daily; a good one ends it, and four weeks disable the job", () => {
  let quarantine = nextQuarantine(undefined, reason, 0);
  const waits: number[] = [];
  let now = 0;
  for (let turn = 0; turn < 5; turn++) {
    waits.push((quarantine!.nextAttempt - now) / HOUR);
    now = quarantine!.nextAttempt;
    quarantine = nextQuarantine(quarantine, reason, now);
  }
  expect(waits).toEqual([6, 12, 24, 24, 24]);
  expect(quarantine).toMatchObject({ currentBegan: 0, seriesCount: 6 });
  expect([isDisabled(quarantine, 28 * 24 * HOUR), isDisabled(quarantine, 28 * 24 * HOUR + 1)]).toEqual([false, true]);
  expect(nextQuarantine(quarantine, undefined, now)).toBeUndefined();
});

test("a failed object is tried with the next cycle, then after growing gaps, up to a day", () => {
  const minutes = [1, 2, 3, 4, 5, 6, 50].map((attempts) => nextAttempt(attempts, 0) / 60_000);
  expect(minutes).toEqual([40, 80, 360, 720, 1440, 1440, 1440]);
});
