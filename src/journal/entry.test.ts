import fc from "fast-check";
import { expect, test } from "vitest";
import { IDS_A_MS, idOfTime, journalId, timeOfId } from "./entry.ts";

/** Readings of a clock that stands, runs, and is set back or forth by seconds or hours. */
const clock = fc
  .array(fc.oneof(fc.constant(0), fc.nat(3), fc.integer({ min: -20_000, max: 20_000 }), fc.integer({ max: 0 })), {
    maxLength: 60,
  })
  .map((steps) => {
    let now = Date.UTC(2026, 10, 26);
    return steps.map((step) => {
      now = Math.max(0, now + step);
      return now;
    });
  });

test("no id comes twice, whatever a clock says, and a millisecond has only so many", () => {
  const all = new Set<string>();
  fc.assert(
    fc.property(clock, (readings) => {
      for (const now of readings) {
        const id = journalId(now);
        expect(all).not.toContain(id);
        all.add(id);
        expect(Number.parseInt(id.slice(9, 14), 36)).toBeLessThan(IDS_A_MS);
      }
    }),
  );
});

test("ids ascend while a clock stands or is set back by a few seconds, and stay near its time", () => {
  const start = Date.UTC(2040, 0, 1);
  const ids = Array.from({ length: 30_000 }, (_, n) => journalId(n < 1000 ? start + 5000 : start));
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(ids.length);
  expect(timeOfId(ids.at(-1)!) - start).toBeLessThan(5100);
  expect(ids.at(-1)! > idOfTime(start)).toBe(true);
});
