import fc from "fast-check";
import { expect, test } from "vitest";
import { add, emptyHistogram, percentiles, record } from "./histogram.ts";

const SHARES = [0.01, 0.5, 0.95, 0.99, 1];
const times = fc.array(
  fc.oneof(fc.double({ min: 0.01, max: 100, noNaN: true }), fc.double({ min: 1, max: 100_000, noNaN: true })),
  { minLength: 1, maxLength: 500 },
);

const histogramOf = (values: readonly number[]) => {
  const histogram = emptyHistogram();
  for (const value of values) record(histogram, value);
  return histogram;
};
/** The nearest rank, from all values. */
const exact = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1]!;

test("law: percentiles are within 1 % of those of all values", () => {
  fc.assert(
    fc.property(times, (values) => {
      const found = percentiles(histogramOf(values), SHARES);
      SHARES.forEach((share, index) => {
        expect(Math.abs(found[index]! / exact(values, share) - 1)).toBeLessThanOrEqual(0.0101);
      });
    }),
  );
});

test("law: two histograms added up are the histogram of both, and JSON keeps one as it is", () => {
  fc.assert(
    fc.property(times, times, (one, two) => {
      const sum = histogramOf(one);
      add(sum, JSON.parse(JSON.stringify(histogramOf(two))));
      const both = histogramOf([...one, ...two]);
      expect(percentiles(sum, SHARES)).toEqual(percentiles(both, SHARES));
      expect(sum.count).toBe(both.count);
    }),
  );
});

test("nothing counted is 0, and what is no time is counted as 0", () => {
  expect(percentiles(emptyHistogram(), [0.5])).toEqual([0]);
  expect(percentiles(histogramOf([Number.NaN, -5, Number.POSITIVE_INFINITY]), [1])).toEqual([0]);
});

test("a million values take no more buckets than there are sizes", () => {
  const histogram = emptyHistogram();
  for (let index = 0; index < 1_000_000; index++) record(histogram, (index * 7919) % 60_000);
  expect(Object.keys(histogram.buckets).length).toBeLessThan(800);
});
