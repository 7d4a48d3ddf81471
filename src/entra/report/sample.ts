/** Some of many, spread evenly over all of them, in bounded memory; all of them while they are few. Plain data. */
export interface Sample<T> {
  /** Each so-manieth is kept. */
  stride: number;
  seen: number;
  items: { readonly n: number; readonly value: T }[];
}

/** A sample of nothing yet. */
export const emptySample = <T>(): Sample<T> => ({ stride: 1, seen: 0, items: [] });

/**
 * Offers one more. `make` is called if it is kept. When there are more than `limit`, every second one is dropped, and from then on half as
 * many are kept.
 */
export function offer<T>(sample: Sample<T>, limit: number, make: () => T): void {
  const n = sample.seen++;
  if (n % sample.stride !== 0) return;
  sample.items.push({ n, value: make() });
  if (sample.items.length <= limit) return;
  sample.stride *= 2;
  sample.items = sample.items.filter((each) => each.n % sample.stride === 0);
}
