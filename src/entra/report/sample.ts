/** An evenly spread sample in bounded memory; all items while they are few. Plain data. */
export interface Sample<T> {
  /** Every how many items one is kept. */
  stride: number;
  seen: number;
  items: { readonly n: number; readonly value: T }[];
}

/** An empty sample. */
export const emptySample = <T>(): Sample<T> => ({ stride: 1, seen: 0, items: [] });

/** Offers an item. `make` is called if it is kept. Above `limit`, every second item is dropped, and half as many are kept from then on. */
export function offer<T>(sample: Sample<T>, limit: number, make: () => T): void {
  const n = sample.seen++;
  if (n % sample.stride !== 0) return;
  sample.items.push({ n, value: make() });
  if (sample.items.length <= limit) return;
  sample.stride *= 2;
  sample.items = sample.items.filter((each) => each.n % sample.stride === 0);
}
