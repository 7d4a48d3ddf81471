import { DateTime } from "luxon";
import type { Call, FunctionDefinition } from "../definition.ts";
import { type Blanks, formatted, parsedAs } from "../dotnet/date-format.ts";
import { checked, clockOf, type Moment, parsedMoment, TICKS, textOfMoment } from "../dotnet/moment.ts";
import type { Value } from "../value.ts";

/** Date functions. They return dates as text, `M/d/yyyy h:mm:ss tt` in UTC. */
export const dateFunctions: readonly FunctionDefinition[] = [
  {
    name: "CDate",
    parameters: ["expression"],
    summary: "Converts a date such as `2020-03-16-07:00` to `M/d/yyyy h:mm:ss tt` in UTC.",
    evaluate: (call) => textOf(momentAt(call, 0)),
  },
  {
    name: "DateAdd",
    parameters: ["interval", "value", "dateTime"],
    summary:
      "Adds a number of intervals to a date: `yyyy` (years), `m` (months), `ww` (weeks), `d`, `h`, `n` (minutes) or `s`.",
    evaluate: dateAdd,
  },
  {
    name: "DateDiff",
    parameters: ["interval", "date1", "date2"],
    summary: "The number of intervals from date1 to date2, negative if date2 is earlier.",
    evaluate: dateDiff,
  },
  {
    name: "DateFromNum",
    parameters: ["value"],
    summary: "Converts an Active Directory timestamp (100 ns steps since 1601) to a date.",
    evaluate: dateFromNum,
  },
  {
    name: "FormatDateTime",
    parameters: ["source", "dateTimeStyles?", "inputFormat", "outputFormat"],
    summary: "Converts a date from one .NET format to another. Dates with an offset are converted to UTC.",
    evaluate: formatDateTime,
  },
  {
    name: "Now",
    parameters: [],
    summary: "The current time in UTC.",
    evaluate: (call) => textOfMoment(nowOf(call)),
  },
  {
    name: "NumFromDate",
    parameters: ["value"],
    summary: "Converts a date to an Active Directory timestamp, for `accountExpires` and similar attributes.",
    evaluate: (call) => {
      const moment = momentAt(call, 0);
      return moment && String((BigInt(moment.seconds) + EPOCH) * BigInt(TICKS) + BigInt(moment.ticks));
    },
  },
];

/** Seconds from 1601, where Active Directory's timestamps start, to 1970. */
const EPOCH = 11_644_473_600n;
const [DAY, HOUR, MINUTE] = [86_400, 3600, 60];
/** Intervals of fixed length, in seconds. */
const SECONDS: Readonly<Record<string, number>> = { ww: 7 * DAY, d: DAY, h: HOUR, n: MINUTE, s: 1 };
const INTERVALS = "yyyy, m, d, ww, h, n or s";

const textOf = (moment: Moment | undefined): Value => moment && textOfMoment(moment);

function nowOf({ surroundings }: Call): Moment {
  const milliseconds = surroundings.now.getTime();
  const seconds = Math.floor(milliseconds / 1000);
  return checked({ seconds, ticks: (milliseconds - seconds * 1000) * 10_000 });
}

/** Parses an argument as a date; undefined for null and for an empty text. */
function momentAt(call: Call, index: number): Moment | undefined {
  const text = call.text(index);
  if (text === undefined || text === "") return undefined;
  const moment = parsedMoment(text);
  if (!moment)
    throw call.error(`"${text.slice(0, 40)}" isn't a recognised date: use FormatDateTime to give its format`, index);
  return moment;
}

function intervalOf(call: Call): string {
  const interval = call.text(0) ?? "";
  if (interval !== "yyyy" && interval !== "m" && !Object.hasOwn(SECONDS, interval))
    throw call.error(`the interval must be ${INTERVALS}`, 0);
  return interval;
}

function dateAdd(call: Call): Value {
  const interval = intervalOf(call);
  const [count, moment] = [call.integer(1), momentAt(call, 2)];
  if (moment === undefined || count === undefined) return undefined;
  const length = SECONDS[interval];
  if (length !== undefined) return textOfMoment(checked({ ...moment, seconds: moment.seconds + count * length }));
  const start = DateTime.fromSeconds(moment.seconds, { zone: "utc" });
  const seconds = start.plus(interval === "m" ? { months: count } : { years: count }).toSeconds();
  return textOfMoment(checked({ ...moment, seconds }));
}

/** Counts like Visual Basic: 31 December and 1 January are one year apart, and weeks begin on Sunday. */
function dateDiff(call: Call): Value {
  const interval = intervalOf(call);
  const [first, second] = [momentAt(call, 1), momentAt(call, 2)];
  if (first === undefined || second === undefined) return undefined;
  const [from, to] = [clockOf(first), clockOf(second)];
  const years = to.year - from.year;
  if (interval === "yyyy") return String(years);
  if (interval === "m") return String(years * 12 + to.month - from.month);
  if (interval === "ww") return whole(secondsBetween(sundayOf(first), sundayOf(second)) / (7 * DAY));
  return whole(secondsBetween(first, second) / SECONDS[interval]!);
}

const secondsBetween = (from: Moment, to: Moment): number =>
  to.seconds - from.seconds + (to.ticks - from.ticks) / TICKS;
/** The number without its fraction, as text; never "-0". */
const whole = (number: number): string => String(Math.trunc(number) + 0);

/** The Sunday that begins the week. */
function sundayOf({ seconds }: Moment): Moment {
  const day = Math.floor(seconds / DAY);
  // The first day of 1970 was a Thursday.
  const sinceSunday = (((day + 4) % 7) + 7) % 7;
  return { seconds: (day - sinceSunday) * DAY, ticks: 0 };
}

function dateFromNum(call: Call): Value {
  const text = call.text(0);
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,19}$/.test(text)) throw call.error("an Active Directory timestamp is a positive integer", 0);
  const ticks = BigInt(text);
  const seconds = Number(ticks / BigInt(TICKS) - EPOCH);
  return textOfMoment(checked({ seconds, ticks: Number(ticks % BigInt(TICKS)) }));
}

/** Blanks ignored by each of .NET's DateTimeStyles. Those about time zones have no effect, since the local zone is UTC. */
const STYLES: Readonly<Record<string, Partial<Blanks>>> = {
  None: {},
  AllowLeadingWhite: { leading: true },
  AllowTrailingWhite: { trailing: true },
  AllowInnerWhite: { inner: true },
  AllowWhiteSpaces: { leading: true, trailing: true, inner: true },
  NoCurrentDateDefault: {},
  AdjustToUniversal: {},
  AssumeLocal: {},
  AssumeUniversal: {},
  RoundtripKind: {},
};

function blanksOf(call: Call): Blanks {
  const none = { leading: false, trailing: false, inner: false };
  const styles = call.text(1);
  if (styles === undefined || styles === "") return { ...none, leading: true, trailing: true };
  return styles.split(/[,|]/).reduce<Blanks>((blanks, each) => {
    const name = each.trim().replace(/^DateTimeStyles\./, "");
    if (!Object.hasOwn(STYLES, name))
      throw call.error(`there is no style "${name.slice(0, 40)}" among .NET's DateTimeStyles`, 1);
    return Object.assign(blanks, STYLES[name]);
  }, none);
}

function formatDateTime(call: Call): Value {
  const text = call.text(0);
  if (text === undefined || text === "") return undefined;
  const [input, output] = [call.text(2) ?? "", call.text(3) ?? ""];
  const moment = parsedAs(text, input, blanksOf(call), nowOf(call));
  if (!moment) throw call.error(`"${text.slice(0, 40)}" doesn't match the format "${input}"`, 0);
  return formatted(moment, output);
}
