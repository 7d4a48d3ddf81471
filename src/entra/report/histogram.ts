/**
 * How many values there were of each size, in buckets that grow by 2 %: a percentile is exact to 1 %, whatever the number of values. It is plain
 * data, so that it is kept as JSON and two are added up by their buckets, which the HDR histogram of Node.js cannot do.
 */
export interface Histogram {
  count: number;
  sum: number;
  max: number;
  /** Counts by the number of the bucket, as text. */
  readonly buckets: Record<string, number>;
}

const GROWTH = Math.log(1.02);
/** Smaller values are counted as this one, in milliseconds. */
const SMALLEST = 0.01;
/** Larger ones as this: a day. */
const LARGEST = 86_400_000;

/** A histogram without values. */
export const emptyHistogram = (): Histogram => ({ count: 0, sum: 0, max: 0, buckets: {} });

/** Counts a value in milliseconds. What is no number is counted as 0. */
export function record(histogram: Histogram, value: number): void {
  const ms = Number.isFinite(value) ? Math.min(Math.max(value, 0), LARGEST) : 0;
  const bucket = Math.round(Math.log(Math.max(ms, SMALLEST)) / GROWTH);
  histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
  histogram.count++;
  histogram.sum += ms;
  histogram.max = Math.max(histogram.max, ms);
}

/** Adds another histogram's values. */
export function add(histogram: Histogram, other: Histogram): void {
  for (const [bucket, count] of Object.entries(other.buckets))
    histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + count;
  histogram.count += other.count;
  histogram.sum += other.sum;
  histogram.max = Math.max(histogram.max, other.max);
}

/** The values, in milliseconds, that the given shares of all (0.95) do not exceed. Nothing was counted: 0. */
export function percentiles(histogram: Histogram, shares: readonly number[]): readonly number[] {
  const buckets = Object.entries(histogram.buckets)
    .map(([bucket, count]) => [Number(bucket), count] as const)
    .sort(([a], [b]) => a - b);
  return shares.map((share) => {
    let left = Math.max(1, Math.ceil(share * histogram.count));
    for (const [bucket, count] of buckets) {
      left -= count;
      if (left <= 0) return Math.min(Math.exp(bucket * GROWTH), histogram.max);
    }
    return 0;
  });
}
