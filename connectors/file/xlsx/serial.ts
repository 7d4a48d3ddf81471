/** Days between Excel's day 0 and 1970-01-01, in the 1900 and 1904 date systems. */
const TO_1970 = { 1900: 25_569, 1904: 24_107 } as const;
const DAY_MS = 86_400_000;

/**
 * Converts a serial number to a date and time; undefined if it is not one. In the 1900 system, day 60 is 29 February 1900, which did not
 * exist, and earlier days are off by one.
 */
export function serialDate(serial: number, system: 1900 | 1904): string | undefined {
  if (!(serial >= 0) || serial >= 2_958_466 || (system === 1900 && (serial < 1 || Math.floor(serial) === 60)))
    return undefined;
  const days = Math.floor(serial) + (system === 1900 && serial < 60 ? 1 : 0);
  const seconds = Math.round((serial - Math.floor(serial)) * 86_400);
  const text = new Date((days - TO_1970[system]) * DAY_MS + seconds * 1000).toISOString().slice(0, 19);
  return text.endsWith("T00:00:00") ? text.slice(0, 10) : text;
}

/** Converts a fraction of a day to a time. */
export const serialTime = (serial: number): string =>
  new Date(Math.round((serial - Math.floor(serial)) * 86_400) * 1000).toISOString().slice(11, 19);

/** A number with the 15 digits that Excel keeps. */
export const numberText = (text: string): string => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return text;
  const rounded = Number(value.toPrecision(15));
  return Number.isInteger(rounded) && Math.abs(rounded) < 1e21 ? BigInt(rounded).toString() : String(rounded);
};
