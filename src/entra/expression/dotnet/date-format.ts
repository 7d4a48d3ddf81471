import { type Clock, clockOf, hourOf, indexOfName, type Moment, minutesOf, momentOf, NAMES, TICKS } from "./moment.ts";

/** A part of a .NET format: literal characters, or a specifier letter and how often it is repeated. */
type Token =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "field"; readonly letter: string; readonly count: number };

/** Standard formats of one letter, in the invariant culture. */
const STANDARD: Readonly<Record<string, string>> = {
  d: "MM/dd/yyyy",
  D: "dddd, dd MMMM yyyy",
  f: "dddd, dd MMMM yyyy HH:mm",
  F: "dddd, dd MMMM yyyy HH:mm:ss",
  g: "MM/dd/yyyy HH:mm",
  G: "MM/dd/yyyy HH:mm:ss",
  m: "MMMM dd",
  M: "MMMM dd",
  o: "yyyy-MM-ddTHH:mm:ss.fffffffK",
  O: "yyyy-MM-ddTHH:mm:ss.fffffffK",
  r: "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
  R: "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
  s: "yyyy-MM-ddTHH:mm:ss",
  t: "HH:mm",
  T: "HH:mm:ss",
  u: "yyyy-MM-dd HH:mm:ssZ",
  U: "dddd, dd MMMM yyyy HH:mm:ss",
  y: "yyyy MMMM",
  Y: "yyyy MMMM",
};
/** Specifier letters of custom formats. */
const FIELDS = "dfFghHKmMstyz";
const MAX_FRACTION = 7;
const MAX_FORMAT = 200;

/** Splits a .NET format into parts. Throws a RangeError for a format that .NET rejects. */
function tokensOf(format: string): readonly Token[] {
  if (format === "" || format.length > MAX_FORMAT)
    throw new RangeError(`a date format has between 1 and ${MAX_FORMAT} characters`);
  if (format.length === 1) {
    const standard = Object.hasOwn(STANDARD, format) ? STANDARD[format] : undefined;
    if (standard === undefined) throw new RangeError(`there is no standard date format "${format}"`);
    return tokensOf(standard);
  }
  const tokens: Token[] = [];
  for (let at = 0; at < format.length; ) {
    const [token, length] = tokenAt(format, at);
    tokens.push(token);
    at += length;
  }
  return tokens;
}

/** The part that begins at an index, and its length in the format. */
function tokenAt(format: string, at: number): readonly [Token, number] {
  const letter = format[at]!;
  if (letter === "'" || letter === '"') {
    const end = format.indexOf(letter, at + 1);
    if (end < 0) throw new RangeError(`the date format has an unclosed ${letter}`);
    return [{ kind: "literal", text: format.slice(at + 1, end) }, end + 1 - at];
  }
  if (letter === "\\") {
    if (at + 1 === format.length) throw new RangeError("the date format ends with \\");
    return [{ kind: "literal", text: format[at + 1]! }, 2];
  }
  // %d is the custom format d, where d alone is the standard one.
  if (letter === "%") return [{ kind: "literal", text: "" }, 1];
  if (!FIELDS.includes(letter)) return [{ kind: "literal", text: letter }, 1];
  let count = 1;
  while (letter !== "K" && format[at + count] === letter) count++;
  if (/f/i.test(letter) && count > MAX_FRACTION)
    throw new RangeError(`a date format has at most ${MAX_FRACTION} digits of a second's fraction`);
  return [{ kind: "field", letter, count }, count];
}

/** Formats an instant in UTC with a .NET format, in the invariant culture. Throws a RangeError for a format that .NET rejects. */
export function formatted(moment: Moment, format: string): string {
  const clock = clockOf(moment);
  let text = "";
  for (const token of tokensOf(format)) {
    if (token.kind === "literal") text += token.text;
    else if (token.letter !== "F") text += written(clock, moment, token.letter, token.count);
    else {
      const fraction = digits(clock.ticks, 7).slice(0, token.count).replace(/0+$/, "");
      text = fraction === "" ? text.replace(/\.$/, "") : text + fraction;
    }
  }
  return text;
}

const digits = (number: number, count: number): string => String(number).padStart(count, "0");
const named = (names: readonly string[], index: number, count: number): string =>
  count === 3 ? names[index]!.slice(0, 3) : names[index]!;

function written(clock: Clock, { seconds }: Moment, letter: string, count: number): string {
  const pair = Math.min(count, 2);
  switch (letter) {
    case "d":
      return count < 3 ? digits(clock.day, count) : named(NAMES.days, new Date(seconds * 1000).getUTCDay(), count);
    case "M":
      return count < 3 ? digits(clock.month, count) : named(NAMES.months, clock.month - 1, count);
    case "y":
      return digits(count < 3 ? clock.year % 100 : clock.year, count);
    case "h":
      return digits(clock.hour % 12 || 12, pair);
    case "H":
      return digits(clock.hour, pair);
    case "m":
      return digits(clock.minute, pair);
    case "s":
      return digits(clock.second, pair);
    case "f":
      return digits(clock.ticks, 7).slice(0, count);
    case "t":
      return (clock.hour < 12 ? "AM" : "PM").slice(0, pair);
    case "g":
      return "A.D.";
    case "K":
      return "Z";
    default:
      return count < 3 ? `+${digits(0, count)}` : "+00:00";
  }
}

/** Where blanks are ignored while parsing. */
export interface Blanks {
  readonly leading: boolean;
  readonly trailing: boolean;
  readonly inner: boolean;
}

/** What has been parsed so far. Fields that the format lacks stay undefined. */
interface Found {
  year?: number;
  month?: number;
  day?: number;
  hour?: number;
  /** The hour is on a 12-hour clock. */
  isHalf?: boolean;
  half?: string;
  minute?: number;
  second?: number;
  ticks?: number;
  offset?: number;
}

/**
 * Parses a text like .NET's DateTime.ParseExact in the invariant culture. Without an offset, the text is UTC. A missing year or date is
 * taken from `now`. Returns undefined if the text doesn't match the format. Throws a RangeError for a format that .NET rejects and for a
 * date that doesn't exist.
 */
export function parsedAs(text: string, format: string, blanks: Blanks, now: Moment): Moment | undefined {
  let rest = blanks.leading ? text.trimStart() : text;
  if (blanks.trailing) rest = rest.trimEnd();
  const found: Found = {};
  const tokens = [...tokensOf(format)];
  for (let token = tokens.shift(); token !== undefined; token = tokens.shift()) {
    if (blanks.inner) rest = rest.trimStart();
    if (isOptionalPoint(token, tokens[0]) && !rest.startsWith(".")) {
      tokens.shift();
      continue;
    }
    const length = token.kind === "field" ? read(rest, token, found) : readLiteral(rest, token.text, blanks, found);
    if (length < 0) return undefined;
    rest = rest.slice(length);
  }
  return rest === "" ? completed(found, clockOf(now)) : undefined;
}

/** Reports whether a token is a point before F, which .NET drops together with a zero fraction. */
const isOptionalPoint = (token: Token, next: Token | undefined): boolean =>
  token.kind === "literal" && token.text === "." && next?.kind === "field" && next.letter === "F";

type Field = Extract<Token, { kind: "field" }>;

/** Specifiers of plain numbers. */
const NUMBERS: Readonly<Record<string, "day" | "month" | "hour" | "minute" | "second">> = {
  d: "day",
  M: "month",
  h: "hour",
  H: "hour",
  m: "minute",
  s: "second",
};

/** Reads literal characters, of which Z means UTC. Returns their number, or -1 if they aren't there. */
function readLiteral(text: string, literal: string, { inner }: Blanks, found: Found): number {
  const expected = inner ? literal.trim() : literal;
  if (!text.startsWith(expected)) return -1;
  if (expected === "Z") found.offset ??= 0;
  return expected.length;
}

/** Reads a field at the beginning of a text. Returns its length, or -1 if it isn't there. */
function read(text: string, { letter, count }: Field, found: Found): number {
  if ((letter === "d" || letter === "M") && count > 2) return readName(text, letter, count, found);
  const match = patternOf(letter, count).exec(text);
  if (!match) return -1;
  const [all] = match;
  const field = NUMBERS[letter];
  if (field !== undefined) found[field] = Number(all);
  if (letter === "h") found.isHalf = true;
  if (letter === "y") found.year = count > 2 ? Number(all) : Number(all) + (Number(all) < 50 ? 2000 : 1900);
  if (/f/i.test(letter)) found.ticks = Number(all.padEnd(MAX_FRACTION, "0"));
  if (letter === "t") found.half = all;
  if (letter === "z" || (letter === "K" && all !== "")) found.offset = minutesOf(all);
  return all.length;
}

function patternOf(letter: string, count: number): RegExp {
  switch (letter) {
    case "y":
      return count === 1 ? /^\d{1,2}/ : count === 3 ? /^\d{3,4}/ : new RegExp(`^\\d{${Math.min(count, 5)}}`);
    case "f":
      return new RegExp(`^\\d{${count}}`);
    case "F":
      return new RegExp(`^\\d{0,${count}}`);
    case "t":
      return count === 1 ? /^[AP]/i : /^[AP]M/i;
    case "g":
      return /^A\.?D\.?/i;
    case "K":
      return /^(?:Z|[+-]\d{2}:\d{2})?/;
    case "z":
      return count === 1 ? /^[+-]\d{1,2}/ : count === 2 ? /^[+-]\d{2}/ : /^[+-]\d{2}:?\d{2}/;
    default:
      return count === 1 ? /^\d{1,2}/ : /^\d{2}/;
  }
}

/** Reads the name of a month or weekday. Returns its length, or -1 if it isn't there. */
function readName(text: string, letter: "d" | "M", count: number, found: Found): number {
  const names = letter === "d" ? NAMES.days : NAMES.months;
  const word = /^[A-Za-z]+/.exec(text)?.[0] ?? "";
  const name = count === 3 ? word.slice(0, 3) : word;
  const index = indexOfName(names, name);
  if (index < 0 || (count > 3 && names[index]!.length !== name.length)) return -1;
  if (letter === "M") found.month = index + 1;
  return name.length;
}

/** Builds the instant, with missing fields taken from today. */
function completed(found: Found, today: Clock): Moment {
  const { isHalf, half = "AM", hour = 0 } = found;
  const hasDate = found.year !== undefined || found.month !== undefined || found.day !== undefined;
  const standard = hasDate ? { year: today.year, month: 1, day: 1 } : today;
  const clock = {
    year: found.year ?? standard.year,
    month: found.month ?? standard.month,
    day: found.day ?? standard.day,
    hour: isHalf ? hourOf(hour, half) : hour,
    minute: found.minute ?? 0,
    second: found.second ?? 0,
    ticks: (found.ticks ?? 0) % TICKS,
  };
  return momentOf(clock, found.offset);
}
