import { country } from "./countries.ts";
import { date, isDate, today } from "./dates.ts";
import { normalize } from "./letters.ts";
import { asOf, primary } from "./rows.ts";

/** Functions for HR data: dates, time-bound rows, names, countries, IDs. */
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

/** Maximum width of a key. */
const MAX_WIDTH = 100;

/**
 * `$key(text, width?)`: an ID in canonical form, for systems that write it in several: without surrounding blanks and, if it is a number,
 * padded with zeros to `width`. `1222`, `" 1222"` and `"00001222"` all become `"00001222"` with a width of 8. Use it for references too.
 */
function key(text: unknown, width?: unknown): string | undefined {
  if (text === undefined || text === null) return undefined;
  const trimmed = String(text).trim();
  if (trimmed === "") return undefined;
  if (width === undefined || width === null || !/^\d+$/.test(trimmed)) return trimmed;
  const most = Number(width);
  if (!Number.isInteger(most) || most < 1 || most > MAX_WIDTH)
    throw new RangeError(`the width of $key must be a whole number from 1 to ${MAX_WIDTH}`);
  return trimmed.replace(/^0+(?=\d)/, "").padStart(most, "0");
}
