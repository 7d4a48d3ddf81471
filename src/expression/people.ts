import { country } from "./countries.ts";
import { date, isDate, today } from "./dates.ts";
import { normalize } from "./letters.ts";
import { asOf, primary } from "./rows.ts";

/** Functions for what HR systems say of people: dates, rows that are valid for a time, names, countries, ids. */
export const peopleHelpers: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  date,
  isDate,
  today,
  primary,
  asOf,
  normalize,
  country,
  key,
};

/** The widest that a key is padded to. */
const MAX_WIDTH = 100;

/**
 * `$key(text, width?)`: an id in one form, for systems that write it in several: without blanks around it and, where it is a number, with zeros
 * before it up to `width`. `1222`, `" 1222"` and `"00001222"` are all `"00001222"` with a width of 8. Use it for references as well.
 */
function key(text: unknown, width?: unknown): string | undefined {
  if (text === undefined || text === null) return undefined;
  const trimmed = String(text).trim();
  if (trimmed === "") return undefined;
  if (width === undefined || width === null || !/^\d+$/.test(trimmed)) return trimmed;
  const most = Number(width);
  if (!Number.isInteger(most) || most < 1 || most > MAX_WIDTH)
    throw new RangeError(`the width of $key is a whole number from 1 to ${MAX_WIDTH}`);
  return trimmed.replace(/^0+(?=\d)/, "").padStart(most, "0");
}
