import { isOfCalendar } from "../../src/json/date.ts";
import { serialDate } from "./xlsx/serial.ts";

/** Parses a date, optionally with a time, to `2026-01-31` or `2026-01-31T08:00:00`; undefined for anything else. */
export type DateReader = (text: string) => string | undefined;

/** Plausible years. Others are markers, such as 9999-12-31 for an open end. */
const FIRST_YEAR = 1850;
const LAST_YEAR = 2199;

const MONTHS = [
  ["jan", "januar", "january", "jän", "jänner"],
  ["feb", "februar", "february"],
  ["mar", "mär", "mrz", "march", "märz"],
  ["apr", "april"],
  ["may", "mai"],
  ["jun", "june", "juni"],
  ["jul", "july", "juli"],
  ["aug", "august"],
  ["sep", "sept", "september"],
  ["oct", "okt", "october", "oktober"],
  ["nov", "november"],
  ["dec", "dez", "december", "dezember"],
];

/** A time and zone that may follow a date. */
const TIME = /^(?:[T ]\s*(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?(?: ?([AP])M)?)? ?(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/** The tokens of a format. */
const TOKEN = /yyyy|yy|mmm|mm|m|dd|d/g;

/** A parser for a date format: `iso`, `excel`, `excel1904`, or a pattern such as `dd.mm.yyyy`. Throws a `TypeError` for anything else. */
export function dateReader(format: string): DateReader {
  if (format === "excel" || format === "excel1904") return excelReader(format === "excel" ? 1900 : 1904);
  return patternReader(format === "iso" ? "yyyy-mm-dd" : format);
}

/** Dates in workbooks are already in ISO format, whatever the format of other cells. */
const excelReader = (system: 1900 | 1904): DateReader => {
  const iso = patternReader("yyyy-mm-dd");
  return (text) => (/^\d{1,7}(\.\d+)?$/.test(text) ? inYears(serialDate(Number(text), system)) : iso(text));
};

const inYears = (date: string | undefined): string | undefined => {
  const year = Number(date?.slice(0, 4));
  return year >= FIRST_YEAR && year <= LAST_YEAR ? date : undefined;
};

function patternReader(pattern: string): DateReader {
  const tokens: string[] = [];
  // Without separators, every part needs all its digits.
  const isPacked = /^[ymd]+$/i.test(pattern) && !/mmm/i.test(pattern);
  const source = pattern
    .toLowerCase()
    .split(/(yyyy|yy|mmm|mm|m|dd|d)/)
    .map((part) => {
      if (!new RegExp(`^(?:${TOKEN.source})$`).test(part)) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      tokens.push(part);
      if (part === "mmm") return "(\\p{L}{3,9})\\.?";
      if (part === "yyyy" || part === "yy") return `(\\d{${part.length}})`;
      return isPacked ? "(\\d\\d)" : "(\\d{1,2})";
    })
    .join("");
  const letters = tokens.map((token) => token[0]).sort();
  if (letters.join("") !== "dmy")
    throw new TypeError(`"${pattern}" is not a date format: use dd.mm.yyyy, or iso, or excel`);
  const expression = new RegExp(`^${source}(.*)$`, "iu");
  return (text) => {
    const match = expression.exec(text);
    if (!match) return undefined;
    const part = (letter: string) => match[tokens.findIndex((token) => token[0] === letter) + 1]!;
    const date = calendarDate(yearOf(part("y")), monthOf(part("m")), Number(part("d")));
    return date === undefined ? undefined : inYears(withTime(date, match.at(-1)!));
  };
}

const monthOf = (text: string): number =>
  /^\d+$/.test(text) ? Number(text) : MONTHS.findIndex((names) => names.includes(text.toLowerCase())) + 1;

/** Interprets two-digit years as Excel does. */
const yearOf = (text: string): number =>
  text.length > 2 ? Number(text) : Number(text) + (Number(text) < 30 ? 2000 : 1900);

function calendarDate(year: number, month: number, day: number): string | undefined {
  const text = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
  return month >= 1 && month <= 12 && isOfCalendar(text) ? text : undefined;
}

function withTime(date: string, rest: string): string | undefined {
  const match = TIME.exec(rest.trim() === "" ? "" : rest.replace(/^ +/, " "));
  if (!match) return undefined;
  const [, hours, minutes, seconds = "00", half, zone = ""] = match;
  if (hours === undefined) return `${date}${zone === "" ? "" : `T00:00:00${zoneOf(zone)}`}`;
  const twelve = half === undefined ? Number(hours) : (Number(hours) % 12) + (half.toUpperCase() === "P" ? 12 : 0);
  if (twelve > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  return `${date}T${String(twelve).padStart(2, "0")}:${minutes}:${seconds}${zoneOf(zone)}`;
}

const zoneOf = (zone: string): string =>
  zone === "" || /^z$/i.test(zone)
    ? zone.toUpperCase()
    : `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}`;
