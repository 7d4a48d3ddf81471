import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSeries, OTHER, SPANS } from "./series.ts";

const NOW = 1_800_000_000_000;
const samples = fc.array(
  fc.record({
    name: fc.constantFrom("/scim", "/other"),
    ago: fc.integer({ min: 0, max: 100_000_000 }),
    ms: fc.double({ min: 0, max: 40_000, noNaN: true }),
    isFailed: fc.boolean(),
  }),
  { maxLength: 200 },
);
const sum = (counts: readonly number[]) => counts.reduce((all, each) => all + each, 0);

describe("a series", () => {
  test("holds in its steps exactly what was put in within its span, whatever the order", () => {
    fc.assert(
      fc.property(samples, (given) => {
        const series = createSeries();
        // Later ones first would find their places taken by newer steps: time goes on, with little disorder.
        const sorted = given.toSorted((one, other) => other.ago - one.ago);
        for (const { name, ago, ms, isFailed } of sorted) series.add(name, { at: NOW - ago, ms, isFailed });
        for (const span of ["hour", "day"] as const) {
          const points = series.read(span, NOW);
          const { step, length } = SPANS[span];
          const within = sorted.filter(({ ago }) => NOW - ago >= points.start);
          expect(points.start).toBe((Math.floor(NOW / step) - length + 1) * step);
          expect(points.counts).toHaveLength(length);
          expect(sum(points.counts)).toBe(within.length);
          expect(points.total.count).toBe(within.length);
          expect(sum(points.failures)).toBe(within.filter(({ isFailed }) => isFailed).length);
          const byName = series.names().map((name) => series.total(span, NOW, [name]).count);
          expect(sum(byName)).toBe(within.length);
        }
      }),
    );
  });

  test("gives percentiles that are never too low, and at most 42 % too high", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.5, max: 40_000, noNaN: true }), { minLength: 1, maxLength: 100 }),
        (all) => {
          const series = createSeries();
          for (const ms of all) series.add("/scim", { at: NOW, ms, isFailed: false });
          const sorted = all.toSorted((one, other) => one - other);
          const { total } = series.read("hour", NOW);
          for (const [share, found] of [
            [0.5, total.p50!],
            [0.95, total.p95!],
            [0.99, total.p99!],
          ] as const) {
            const exact = sorted[Math.ceil(sorted.length * share) - 1]!;
            expect(found).toBeGreaterThanOrEqual(exact - 0.01);
            expect(found).toBeLessThanOrEqual(Math.max(0.5, exact * 1.42) + 0.01);
          }
        },
      ),
    );
  });

  test("knows a limited number of names, and loses no sample of further ones", () => {
    const series = createSeries();
    for (let index = 0; index < 1000; index++) series.add(`/${index}`, { at: NOW, ms: 1, isFailed: false });
    expect(series.names()).toHaveLength(32);
    expect(series.names()).toContain(OTHER);
    expect(series.read("day", NOW).total.count).toBe(1000);
  });

  test("leaves newer steps as they are when the clock is set back", () => {
    const series = createSeries();
    series.add("/scim", { at: NOW, ms: 1, isFailed: false });
    series.add("/scim", { at: NOW - SPANS.hour.step * SPANS.hour.length, ms: 1, isFailed: false });
    expect(series.read("hour", NOW).total.count).toBe(1);
    expect(series.read("day", NOW).total.count).toBe(2);
  });
});
