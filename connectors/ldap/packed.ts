import { setImmediate as next } from "node:timers/promises";
import TinyQueue from "tinyqueue";

/** A sorted set of byte strings in packed memory, without an object for each. */
export interface Packed {
  readonly length: () => number;
  /** Memory used, in bytes. */
  readonly size: () => number;
  /** A range of items. */
  readonly slice: (start: number, count: number) => Buffer[];
  /** The index of the first item greater than the given bytes. */
  readonly upperBound: (bytes: Buffer) => number;
  readonly insert: (item: Buffer) => void;
  readonly remove: (item: Buffer) => void;
}

/** Part of the list: concatenated items, and where each ends. */
interface Chunk {
  readonly bytes: Buffer;
  readonly ends: Uint32Array;
}

/** Initial number of items in a chunk, and so how many are copied by an insertion. */
const CHUNK = 1024;
/** Yields to other work after this many items. */
const PIECE = 10_000;

const itemAt = ({ bytes, ends }: Chunk, index: number): Buffer =>
  bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]);

const sizeOf = ({ bytes, ends }: Chunk): number => bytes.length + ends.byteLength;

function chunkOf(items: readonly Buffer[]): Chunk {
  let end = 0;
  const ends = Uint32Array.from(items, (item) => {
    end += item.length;
    return end;
  });
  return { bytes: Buffer.concat(items, end), ends };
}

/** A chunk with an item inserted. */
function inserted({ bytes, ends }: Chunk, index: number, item: Buffer): Chunk {
  const start = index === 0 ? 0 : ends[index - 1]!;
  const more = new Uint32Array(ends.length + 1);
  more.set(ends.subarray(0, index));
  more[index] = start + item.length;
  for (let n = index; n < ends.length; n++) more[n + 1] = ends[n]! + item.length;
  return { bytes: Buffer.concat([bytes.subarray(0, start), item, bytes.subarray(start)]), ends: more };
}

/** A chunk with an item removed. */
function removed({ bytes, ends }: Chunk, index: number): Chunk {
  const start = index === 0 ? 0 : ends[index - 1]!;
  const end = ends[index]!;
  const fewer = new Uint32Array(ends.length - 1);
  fewer.set(ends.subarray(0, index));
  for (let n = index + 1; n < ends.length; n++) fewer[n - 1] = ends[n]! - (end - start);
  return { bytes: Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]), ends: fewer };
}

/** Splits a chunk in half. */
function halved({ bytes, ends }: Chunk): Chunk[] {
  const middle = ends.length >> 1;
  const end = ends[middle - 1]!;
  return [
    { bytes: Buffer.from(bytes.subarray(0, end)), ends: ends.slice(0, middle) },
    { bytes: Buffer.from(bytes.subarray(end)), ends: ends.slice(middle).map((each) => each - end) },
  ];
}

/** Binary search: the first index below `length` for which a monotonic condition holds. */
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Sorts items that arrive in parts. */
export interface Sorter {
  readonly add: (items: Buffer[]) => void;
  readonly count: () => number;
  /** Memory used, in bytes. */
  readonly size: () => number;
  /** All items in order. Yields to other work. */
  readonly finish: () => Promise<Packed>;
}

/** Sorts each part, and merges all parts at the end. */
export function createSorter(): Sorter {
  const runs: Chunk[] = [];
  let count = 0;
  let size = 0;
  return {
    add: (items) => {
      if (items.length === 0) return;
      const run = chunkOf(items.sort(Buffer.compare));
      count += items.length;
      size += sizeOf(run);
      runs.push(run);
    },
    count: () => count,
    size: () => size,
    finish: async () => {
      const chunks: Chunk[] = [];
      let items: Buffer[] = [];
      let last: Buffer | undefined;
      let done = 0;
      for (const item of merged(runs)) {
        if (last?.equals(item)) continue;
        items.push(item);
        last = item;
        if (items.length === CHUNK) {
          chunks.push(chunkOf(items));
          items = [];
        }
        if (++done % PIECE === 0) await next();
      }
      if (items.length > 0) chunks.push(chunkOf(items));
      return packed(chunks);
    },
  };
}

/** The first six bytes as a number: few items share them. */
const prefixOf = (item: Buffer): number => (item.length >= 6 ? item.readUIntBE(0, 6) : 0);

interface Head {
  readonly run: Chunk;
  readonly index: number;
  readonly item: Buffer;
  readonly prefix: number;
}

const headOf = (run: Chunk, index: number): Head => {
  const item = itemAt(run, index);
  return { run, index, item, prefix: prefixOf(item) };
};

const inOrder = (a: Head, b: Head): number =>
  a.item.length < 6 || b.item.length < 6
    ? Buffer.compare(a.item, b.item)
    : a.prefix - b.prefix || Buffer.compare(a.item, b.item);

/** Merges sorted runs. Each run is released once it is consumed. */
function* merged(runs: Chunk[]): Generator<Buffer> {
  const heads = runs.splice(0).map((run) => headOf(run, 0));
  const queue = new TinyQueue(heads, inOrder);
  for (let head = queue.pop(); head; head = queue.pop()) {
    yield head.item;
    if (head.index + 1 < head.run.ends.length) queue.push(headOf(head.run, head.index + 1));
  }
}

function packed(chunks: Chunk[]): Packed {
  /** The number of items before each chunk, computed on demand. */
  let known: number[] | undefined;
  const starts = (): number[] => {
    if (known) return known;
    known = [0];
    for (const { ends } of chunks) known.push(known.at(-1)! + ends.length);
    return known;
  };
  const length = () => starts().at(-1)!;
  /** The chunk that contains an item, or where it belongs. */
  const chunkFor = (item: Buffer): number =>
    Math.max(0, firstIndex(chunks.length, (n) => Buffer.compare(itemAt(chunks[n]!, 0), item) > 0) - 1);
  const put = (at: number, chunk: Chunk) => {
    const { length } = chunk.ends;
    chunks.splice(at, 1, ...(length === 0 ? [] : length > 2 * CHUNK ? halved(chunk) : [chunk]));
    known = undefined;
  };
  /** The index in a chunk of the first item not less than the given one. */
  const indexIn = (chunk: Chunk, item: Buffer) =>
    firstIndex(chunk.ends.length, (n) => Buffer.compare(itemAt(chunk, n), item) >= 0);
  const isAt = (chunk: Chunk, index: number, item: Buffer) =>
    index < chunk.ends.length && itemAt(chunk, index).equals(item);
  return {
    length,
    size: () => chunks.reduce((sum, chunk) => sum + sizeOf(chunk), 0),
    slice: (start, count) => {
      const found: Buffer[] = [];
      let at = firstIndex(chunks.length, (n) => starts()[n + 1]! > start);
      for (let index = start; at < chunks.length && found.length < count; at++) {
        const { ends } = chunks[at]!;
        for (let n = index - starts()[at]!; n < ends.length && found.length < count; n++, index++)
          found.push(itemAt(chunks[at]!, n));
      }
      return found;
    },
    upperBound: (bytes) => {
      if (chunks.length === 0) return 0;
      const at = chunkFor(bytes);
      const chunk = chunks[at]!;
      return starts()[at]! + firstIndex(chunk.ends.length, (n) => Buffer.compare(itemAt(chunk, n), bytes) > 0);
    },
    insert: (item) => {
      if (chunks.length === 0) {
        chunks.push(chunkOf([item]));
        known = undefined;
        return;
      }
      const at = chunkFor(item);
      const index = indexIn(chunks[at]!, item);
      if (!isAt(chunks[at]!, index, item)) put(at, inserted(chunks[at]!, index, item));
    },
    remove: (item) => {
      if (chunks.length === 0) return;
      const at = chunkFor(item);
      const index = indexIn(chunks[at]!, item);
      if (isAt(chunks[at]!, index, item)) put(at, removed(chunks[at]!, index));
    },
  };
}
