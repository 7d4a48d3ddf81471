import { IDS_A_MS, timeOfId } from "../journal/entry.ts";

/** The times that have numbers: about seventy years before and after 2026. */
const EPOCH = Date.UTC(2026, 0, 1);
const MOST_MS = 2 ** 41;

/** The first number of a time in milliseconds since 1970. Numbers are exact integers of JavaScript's. */
export const numberAt = (time: number): number =>
  Math.max(-MOST_MS, Math.min(MOST_MS, Math.floor(time) - EPOCH)) * IDS_A_MS;

/**
 * The number that an entry gets by its id, if nobody has it: numbers sort as ids do. Two processes that write to one file may come to the same
 * one; then the later gets the next that is free.
 */
export function numberOf(id: string): number {
  const counter = Number.parseInt(id.slice(9, 14), 36);
  return numberAt(timeOfId(id)) + (Number.isNaN(counter) ? 0 : Math.min(counter, IDS_A_MS - 1));
}

/** How far behind the number of its id an entry is looked for. */
export const REACH = 4 * IDS_A_MS;
