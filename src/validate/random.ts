import { randomInt, randomUUID } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Random capital letters: what Microsoft's validators send for most attributes. */
export function randomLetters(length = 10): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}

/** A random address that reaches nobody. The prefix lets administrators recognise what was made by a run. */
export const randomEmail = (): string => `postern-${randomLetters().toLowerCase()}@example.com`;

/** An id that no resource has. */
export const randomId = (): string => randomUUID();

/** One of some values. */
export const randomChoice = <T>(values: readonly T[]): T => values[randomInt(values.length)]!;
