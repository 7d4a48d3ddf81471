/** A calendar day as numbers. */
interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Oracle's end of time. */
const ORACLE_END = "4712-12-31";
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MS_PER_MINUTE = 60_000;

/**
 * `$date(text, format?, zone?)`: the day that a text means, as `yyyy-mm-dd`. ISO 8601 dates and date-times, `yyyymmdd` and OData's
 * `/Date(ms)/` need no format; others do, such as `"dd/mm/yyyy"`. Midnight in any zone is that day; any other time is the day in `zone` or,
 * without one, the day as written. Nothing for an empty date and an open end (`0000-00-00`, `9999-12-31`). Throws for anything that is not
 * a date.
 */
export function date(text: unknown, format?: unknown, zone?: unknown): string | undefined {
  if (text === undefined || text === null) return undefined;
  const given = String(text).trim();
  if (given === "") return undefined;
  const parsed =
    (typeof format === "string" && format !== "" ? inFormat(given, format) : undefined) ??
    ofOData(given, zone) ??
    ofIso(given, zone);
  if (!parsed)
    throw new TypeError(
      '$date does not recognise this text without a format: add one, such as $date(text, "dd/mm/yyyy")',
    );
  return written(parsed);
}

/**
 * `$isDate(text, format?, zone?)`: whether `$date` accepts it, or it is empty, so that an invalid date can be handled instead of failing.
 */
export function isDate(text?: unknown, format?: unknown, zone?: unknown): boolean {
  try {
    date(text, format, zone);
    return true;
  } catch {
    return false;
  }
}

/** `$today(zone)`: today's date in a time zone, such as `"Europe/Oslo"`; UTC by default. */
export function today(zone?: unknown): string {
  return dayIn(Date.now(), zone ?? "UTC");
}

/** A day in ISO format; nothing for no date or an open end. Throws a `RangeError` for a day that does not exist. */
function written({ year, month, day }: Day): string | undefined {
  if (year === 0 && month === 0 && day === 0) return undefined;
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  if (!isDay) throw new RangeError("this date does not exist, like 31 February: correct it in the source");
  const two = (number: number) => String(number).padStart(2, "0");
  const iso = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  // .NET's empty date, and open ends.
  return year <= 1 || year >= 9999 || iso === ORACLE_END ? undefined : iso;
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysIn = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

const TIME = String.raw`(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?`;
const OFFSET = String.raw`(Z|[+-]\d{2}:?(?:\d{2})?)`;
/** A day, optionally with an offset as in Workday: `2020-03-16-07:00`. */
const ISO_DAY = /^(\d{4})-?(\d{2})-?(\d{2})(?:Z|[+-]\d{2}:\d{2})?$/i;
const ISO_TIME = new RegExp(String.raw`^(\d{4})-(\d{2})-(\d{2})[T ]${TIME}\s?${OFFSET}?$`, "i");

function ofIso(text: string, zone: unknown): Day | undefined {
  const alone = ISO_DAY.exec(text);
  if (alone) return dayOf(alone);
  const parts = ISO_TIME.exec(text);
  if (!parts) return undefined;
  const [hour, minute, second] = [parts[4], parts[5], parts[6]].map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 60)
    throw new RangeError("this time of day does not exist: correct it in the source");
  const there = dayOf(parts);
  const isMidnight = hour === 0 && minute === 0 && second === 0;
  const offset = parts[8];
  if (isMidnight || offset === undefined || zone === undefined || zone === null) return there;
  // Reports a day that does not exist as it was written.
  written(there);
  const utc =
    Date.UTC(there.year, there.month - 1, there.day, hour, minute, second) - minutesOf(offset) * MS_PER_MINUTE;
  return parsedIso(dayIn(utc, zone));
}

const dayOf = (parts: RegExpExecArray): Day => ({
  year: Number(parts[1]),
  month: Number(parts[2]),
  day: Number(parts[3]),
});

function parsedIso(text: string): Day {
  const [year, month, day] = text.split("-").map(Number) as [number, number, number];
  return { year, month, day };
}

/** The minutes by which an offset such as `+0530` is ahead of UTC. */
function minutesOf(offset: string): number {
  if (/^z$/i.test(offset)) return 0;
  const digits = offset.slice(1).replace(":", "");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0);
  return offset.startsWith("-") ? -minutes : minutes;
}

/** OData 2.0: milliseconds since 1970, and an offset in minutes. */
const ODATA = /^\\?\/Date\((-?\d{1,16})([+-]\d{1,4})?\)\\?\/$/;

function ofOData(text: string, zone: unknown): Day | undefined {
  const parts = ODATA.exec(text);
  if (!parts) return undefined;
  const utc = Number(parts[1]);
  const there = utc + Number(parts[2] ?? 0) * MS_PER_MINUTE;
  const isMidnight = there % (24 * 60 * MS_PER_MINUTE) === 0;
  const isInZone = !isMidnight && zone !== undefined && zone !== null;
  // Beyond these, years have a sign and six digits.
  if (Math.abs(there) > 253_402_300_799_999) return { year: 9999, month: 12, day: 31 };
  return parsedIso(isInZone ? dayIn(utc, zone) : new Date(there).toISOString().slice(0, 10));
}

const TOKENS: Readonly<Record<string, string>> = {
  yyyy: String.raw`(?<year>\d{4})`,
  mmm: String.raw`(?<name>[A-Za-z]{3,9})\.?`,
  mm: String.raw`(?<month>\d{2})`,
  m: String.raw`(?<month>\d{1,2})`,
  dd: String.raw`(?<day>\d{2})`,
  d: String.raw`(?<day>\d{1,2})`,
};
const compiledFormats = new Map<string, RegExp>();
/** Maximum number of cached formats: a configuration has a few. */
const MAX_FORMATS = 100;

/** A format as a regular expression. Leading zeros are optional next to separators, and a time may follow. */
function formatOf(format: string): RegExp {
  const known = compiledFormats.get(format);
  if (known) return known;
  const hasSeparators = /[^a-z]/i.test(format);
  const names: string[] = [];
  const pattern = format.toLowerCase().replace(/y+|m+|d+|[^ymd]/g, (token) => {
    const part = Object.hasOwn(TOKENS, token) ? TOKENS[token]! : undefined;
    if (/[a-z]/.test(token)) names.push(token[0]!);
    if (part) return hasSeparators ? part.replace(/\\d\{2\}/, String.raw`\d{1,2}`) : part;
    return token.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  });
  if ([...names].sort().join("") !== "dmy" || !format.toLowerCase().includes("yyyy"))
    throw new RangeError("a format of $date contains yyyy, mm (or mmm) and dd once each, such as dd/mm/yyyy");
  const made = new RegExp(`^${pattern}(?:[T ]+${TIME}\\s?(?:[AP]M)?)?$`, "i");
  if (compiledFormats.size < MAX_FORMATS) compiledFormats.set(format, made);
  return made;
}

function inFormat(text: string, format: string): Day | undefined {
  const groups = formatOf(format).exec(text)?.groups;
  if (!groups) return undefined;
  const { year, month, name, day } = groups;
  const number = name === undefined ? Number(month) : MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
  return { year: Number(year), month: number, day: Number(day) };
}

const clocks = new Map<string, Intl.DateTimeFormat>();
/** Maximum number of cached time zones: there are a few hundred. */
const MAX_CLOCKS = 1000;

/** The day of an instant in a time zone. Throws a `RangeError` for an unknown zone. */
function dayIn(instant: number, zone: unknown): string {
  const name = String(zone);
  let clock = clocks.get(name);
  if (!clock) {
    try {
      clock = new Intl.DateTimeFormat("en-CA", {
        timeZone: name,
        calendar: "iso8601",
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
      });
    } catch {
      throw new RangeError("unknown time zone: use an IANA name, such as Europe/Oslo");
    }
    if (clocks.size < MAX_CLOCKS) clocks.set(name, clock);
  }
  const parts = Object.fromEntries(clock.formatToParts(instant).map(({ type, value }) => [type, value]));
  return `${parts.year!.padStart(4, "0")}-${parts.month}-${parts.day}`;
}
