/** An instant with .NET's precision and range (years 1 to 9999): seconds since 1970 in UTC, and 100 ns ticks within the second. */
export interface Moment {
  readonly seconds: number;
  readonly ticks: number;
}

/** A date and time of day, in any time zone. */
export interface Clock {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Ticks of 100 ns within the second, 0 to 9,999,999. */
  readonly ticks: number;
}

/** Ticks in a second. */
export const TICKS = 10_000_000;

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
/** English names as .NET's invariant culture has them; days begin with Sunday. */
export const NAMES = { months: MONTHS, days: DAYS } as const;

/** The index of a name, given in full or by its first three letters; -1 if there is none. */
export function indexOfName(names: readonly string[], text: string): number {
  const name = text.toLowerCase();
  return names.findIndex((each) => each.toLowerCase() === name || each.slice(0, 3).toLowerCase() === name);
}

const [FIRST, LAST] = [-62_135_596_800, 253_402_300_799];
const SECONDS_PER_MINUTE = 60;

/** Converts a date and time that is `offset` minutes ahead of UTC. Throws a RangeError if it doesn't exist. */
export function momentOf(clock: Clock, offset = 0): Moment {
  const { year, month, day, hour, minute, second, ticks } = clock;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!exists) throw new RangeError(`there is no day ${year}-${month}-${day}`);
  if (hour > 23 || minute > 59 || second > 59) throw new RangeError(`there is no time ${hour}:${minute}:${second}`);
  if (Math.abs(offset) > 14 * 60) throw new RangeError("an offset from UTC is at most 14 hours");
  const seconds = date.getTime() / 1000 + hour * 3600 + (minute - offset) * SECONDS_PER_MINUTE + second;
  return checked({ seconds, ticks });
}

/** Returns the instant. Throws a RangeError if it is outside the years 1 to 9999. */
export function checked(moment: Moment): Moment {
  if (!(moment.seconds >= FIRST && moment.seconds <= LAST))
    throw new RangeError("the date is outside the years 1 to 9999");
  return moment;
}

/** The date and time of an instant, in UTC. */
export function clockOf({ seconds, ticks }: Moment): Clock {
  const date = new Date(seconds * 1000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    ticks,
  };
}

/** Formats an instant as Microsoft's date functions do: `M/d/yyyy h:mm:ss tt`, in UTC. */
export function textOfMoment(moment: Moment): string {
  const { year, month, day, hour, minute, second } = clockOf(moment);
  const time = `${hour % 12 || 12}:${two(minute)}:${two(second)} ${hour < 12 ? "AM" : "PM"}`;
  return `${month}/${day}/${String(year).padStart(4, "0")} ${time}`;
}

const two = (number: number): string => String(number).padStart(2, "0");

const DATES: readonly RegExp[] = [
  /^(?<year>\d{4})[-/](?<month>\d{1,2})[-/](?<day>\d{1,2})/,
  /^(?<month>\d{1,2})[-/](?<day>\d{1,2})[-/](?<year>\d{4})/,
  /^(?<day>\d{1,2})[ -](?<name>[A-Za-z]{3,9})[ -](?<year>\d{4})/,
  /^(?<name>[A-Za-z]{3,9}) (?<day>\d{1,2}),? (?<year>\d{4})/,
];
const WEEKDAY = /^(?:sun|mon|tue|wed|thu|fri|sat)[a-z]{0,6}, /i;
const TIME = String.raw`(?<hour>\d{1,2})(?::(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,7})\d*)?)?)?\s*(?<half>[AP]M)?`;
const OFFSET = String.raw`(?<offset>Z|GMT|UTC|[+-]\d{1,2}(?::?\d{2})?)`;
const REST = new RegExp(String.raw`^(?:(?:T|\s+)${TIME})?\s*${OFFSET}?$`, "i");
/** Longer texts aren't dates. */
const MAX_LENGTH = 100;

/**
 * Parses a date like .NET's DateTime.Parse in the invariant culture: ISO 8601 (also `2020-03-16-07:00`), `M/d/yyyy h:mm:ss tt`,
 * `16 Mar 2020`, `March 16, 2020` and RFC 1123, with or without a time and an offset (default: UTC). Returns undefined for any other
 * text. Throws a RangeError for a date that doesn't exist.
 */
export function parsedMoment(text: string): Moment | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const trimmed = text.trim().replace(WEEKDAY, "");
  const date = DATES.map((pattern) => pattern.exec(trimmed)).find((match) => match !== null);
  const rest = date && REST.exec(trimmed.slice(date[0].length));
  if (!date?.groups || !rest?.groups) return undefined;
  const { year, month, name, day } = date.groups;
  const { hour = "0", minute, second = "0", fraction = "", half, offset = "Z" } = rest.groups;
  const isHourAlone = rest.groups.hour !== undefined && minute === undefined && half === undefined;
  if (isHourAlone) return undefined;
  const clock = {
    year: Number(year),
    month: name === undefined ? Number(month) : indexOfName(MONTHS, name) + 1,
    day: Number(day),
    hour: half === undefined ? Number(hour) : hourOf(Number(hour), half),
    minute: Number(minute ?? 0),
    second: Number(second),
    ticks: Number(fraction.padEnd(7, "0")),
  };
  return momentOf(clock, minutesOf(offset));
}

/** Converts a 12-hour clock's hour. `half` begins with A or P. Throws a RangeError for an hour beyond 12. */
export function hourOf(hour: number, half: string): number {
  if (hour > 12) throw new RangeError(`there is no time ${hour} ${half.toUpperCase()}`);
  return (hour % 12) + (/^p/i.test(half) ? 12 : 0);
}

/** Minutes ahead of UTC, for an offset such as `+05:30`, `-8` or `Z`. */
export function minutesOf(offset: string): number {
  const parts = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(offset);
  if (!parts) return 0;
  const minutes = Number(parts[2]) * 60 + Number(parts[3] ?? 0);
  return parts[1] === "-" ? -minutes : minutes;
}
