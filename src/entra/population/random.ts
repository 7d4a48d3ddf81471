import { hash } from "node:crypto";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Numbers that look random and are the same for the same key. */
export interface Random {
  /** A whole number from 0 to below `limit`. */
  readonly below: (limit: number) => number;
  /** True in so many of a hundred cases. */
  readonly percent: (share: number) => boolean;
  /** One of a list, which is not empty. */
  readonly pick: <T>(list: readonly T[]) => T;
}

/** What names a stream of random numbers or an object: a seed, a type, a number ... */
export type Key = readonly (string | number)[];

/** The numbers of a key. */
export function randomOf(...key: Key): Random {
  const generator = xoroshiro128plus(hashOf(...key));
  const below = (limit: number) => uniformInt(generator, 0, limit - 1);
  return { below, percent: (share) => below(100) < share, pick: (list) => list[below(list.length)]! };
}

/** A 32-bit number for a key, FNV-1a. */
export function hashOf(...key: Key): number {
  let value = 0x811c9dc5;
  for (const letter of key.join("\0")) value = Math.imul(value ^ letter.codePointAt(0)!, 0x01000193);
  return value >>> 0;
}

/** A GUID for a key, in the shape of version 8 (RFC 9562 §5.8: made by a rule of one's own). */
export function guidOf(...key: Key): string {
  const hex = hash("sha1", key.join("\0"), "hex");
  const variant = "89ab"[Number.parseInt(hex[16]!, 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** An order of the numbers 0 to below `size` that looks shuffled and takes no memory: each comes once. */
export interface Shuffle {
  /** The number at a place. */
  readonly at: (place: number) => number;
  /** The place of a number. */
  readonly placeOf: (number: number) => number;
}

/** The order of a key. */
export function shuffleOf(size: number, ...key: Key): Shuffle {
  const random = randomOf("shuffle", ...key);
  let step = size > 1 ? 1 + random.below(size - 1) : 1;
  while (greatestDivisor(step, size) !== 1) step = step > 1 ? step - 1 : size - 1;
  const start = size > 0 ? random.below(size) : 0;
  const inverse = inverseOf(step, size);
  return {
    at: (place) => (start + place * step) % size,
    placeOf: (number) => ((number - start + size) * inverse) % size,
  };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** The number that `step` is multiplied by to give 1, modulo `size` (extended Euclid). */
function inverseOf(step: number, size: number): number {
  let [previous, current] = [size, step % size];
  let [before, factor] = [0, 1];
  while (current > 1) {
    const quotient = Math.floor(previous / current);
    [previous, current] = [current, previous % current];
    [before, factor] = [factor, before - quotient * factor];
  }
  return ((factor % size) + size) % size;
}
