/**
 * Counts values in buckets that grow by 2 %, so that percentiles are exact to 1 %, whatever the number of values. It is plain data that can
 * be stored as JSON and added up, which the HDR histogram of Node.js cannot.
 */
export interface Histogram {
  count: number;
  sum: number;
  max: number;
  /** Counts by bucket number, as text. */
  readonly buckets: Record<string, number>;
}

const GROWTH = Math.log(1.02);
/** Smaller values count as this one, in milliseconds. */
const SMALLEST = 0.01;
/** Larger values count as this: a day. */
const LARGEST = 86_400_000;

/** A histogram without values. */
export const emptyHistogram = (): Histogram => ({ count: 0, sum: 0, max: 0, buckets: {} });

/** Counts a value in milliseconds. Anything but a number counts as 0. */
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

/** The values in milliseconds below which the given shares (0.95) of all values lie. 0 without values. */
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
