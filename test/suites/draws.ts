/** Random numbers from a seed, by mulberry32: the same seed always gives the same ones. */
export interface Draws {
  /** A number from 0 on, below 1. */
  readonly next: () => number;
  /** A whole number from 0 on, below a limit. */
  readonly below: (limit: number) => number;
  /** Whether something of a probability happens. */
  readonly isTrue: (probability: number) => boolean;
  readonly oneOf: <T>(all: readonly T[]) => T;
}

/** Begins random numbers. */
export function drawsFrom(seed: number): Draws {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { next, below, isTrue: (probability) => next() < probability, oneOf: (all) => all[below(all.length)]! };
}

/** A seed for a test: SEED from the environment, to see a failure again, or a new one. */
export const seedOf = (): number => Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
