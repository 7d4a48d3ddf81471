import { date, isDate, today } from "./dates.ts";

type Row = Readonly<Record<string, unknown>>;

/** Names of start properties, in lower case without separators, in order of preference. */
const STARTS =
  "startdate effectivestartdate effectivefrom validfrom datefrom fromdate begda begindate effectivedate startofvalidity start from hiredate since date".split(
    " ",
  );
const ENDS =
  "enddate effectiveenddate effectiveto effectiveuntil validto validuntil dateto todate endda endofvalidity end to until terminationdate lastdayofwork".split(
    " ",
  );
const PRIMARY =
  /^(is)?(primary|main)(job|assignment|position|employment|workrelationship|contract)?(flag|indicator|yn)?$/;
const YES = new Set(["true", "1", "yes", "y", "x", "t", "primary", "main"]);

const plainName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** JSONata returns a single row as itself, and no rows as undefined. */
function rowsOf(rows: unknown): Row[] {
  if (rows === undefined || rows === null) return [];
  return (Array.isArray(rows) ? rows : [rows]).filter((row): row is Row => typeof row === "object" && row !== null);
}

/** The value of a row's property: the named one, else the first known one. */
function rowValue(row: Row, name: unknown, known: readonly string[]): unknown {
  if (typeof name === "string" && name !== "") return row[name];
  const names = new Map(Object.keys(row).map((each) => [plainName(each), each]));
  const found = known.find((each) => names.has(each));
  return found === undefined ? undefined : row[names.get(found)!];
}

interface Dated {
  readonly row: Row;
  /** The first day; empty if it has always been valid. */
  readonly start: string;
  /** The last day. */
  readonly end: string | undefined;
  /** Whether its dates are valid: an invalid row must not hide the others. */
  readonly isSound: boolean;
}

function dated(row: Row, from?: unknown, to?: unknown): Dated {
  const [start, end] = [rowValue(row, from, STARTS), rowValue(row, to, ENDS)];
  if (!isDate(start) || !isDate(end)) return { row, start: "", end: undefined, isSound: false };
  return { row, start: date(start) ?? "", end: date(end), isSound: true };
}

const isValidOn = ({ start, end, isSound }: Dated, day: string): boolean =>
  isSound && start <= day && (end === undefined || day <= end);

/** Latest start first; ties are ordered independently of the input order. */
function byStart(one: Dated, other: Dated): number {
  if (one.isSound !== other.isSound) return one.isSound ? -1 : 1;
  if (one.start !== other.start) return one.start < other.start ? 1 : -1;
  const [first, second] = [JSON.stringify(one.row), JSON.stringify(other.row)];
  return first < second ? -1 : first > second ? 1 : 0;
}

/**
 * `$asOf(rows, date, from?, to?)`: the rows that are valid on a day, latest start first. `from` and `to` name the properties with a row's
 * first and last day; by default common names are searched for. Without a first day a row has always been valid, without a last day it is
 * valid forever; with invalid dates it is never valid.
 */
export function asOf(rows: unknown, on: unknown, from?: unknown, to?: unknown): Row[] {
  const day = date(on) ?? today();
  return rowsOf(rows)
    .map((row) => dated(row, from, to))
    .filter((each) => isValidOn(each, day))
    .sort(byStart)
    .map(({ row }) => row);
}

const isYes = (value: unknown): boolean =>
  value === true || value === 1 || (typeof value === "string" && YES.has(value.trim().toLowerCase()));

const isMarked = (row: Row): boolean =>
  Object.entries(row).some(([name, value]) => PRIMARY.test(plainName(name)) && isYes(value));

/**
 * `$primary(rows, predicate?)`: the row that counts among several, such as jobs: the one marked by a property such as `isPrimary` or by
 * `predicate`, `function($row) { $row.status = "A" }`; among several marked ones, or all if none is, the one valid today; among several of
 * those, the one with the latest start.
 */
export async function primary(rows: unknown, predicate?: unknown): Promise<Row | undefined> {
  const all = rowsOf(rows);
  if (all.length === 0) return undefined;
  const marks = await Promise.all(
    all.map(async (row) => (typeof predicate === "function" ? Boolean(await predicate(row)) : isMarked(row))),
  );
  const marked = all.filter((_, index) => marks[index]);
  const candidates = (marked.length > 0 ? marked : all).map((row) => dated(row));
  const day = today();
  const current = candidates.filter((each) => isValidOn(each, day));
  return (current.length > 0 ? current : candidates).sort(byStart)[0]!.row;
}
