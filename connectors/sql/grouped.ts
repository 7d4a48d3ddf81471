import type { Condition, Entry, SearchRequest, Support, Value } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { columnIn, mayHoldText } from "./column.ts";
import { supports } from "./conditions.ts";
import { isEmpty } from "./empty.ts";
import { inText, isKeyed, keyValues } from "./keys.ts";
import { allOf, columnOf, columnSql, type SqlKind, tableSql } from "./kind.ts";
import { behind, keyInOrder } from "./order.ts";
import { type Sql, sql } from "./sql.ts";
import { byKey, inKind, positionOfRow, whereSql } from "./statements.ts";

/**
 * Kinds with `rows`: one entry for each value of a column, with all rows that have it. Such kinds are read-only.
 *
 * @module
 */

/** The attribute that holds an entry's rows. */
export const ROWS = "rows";

/** The column that an entry's rows share. */
const byOf = (kind: SqlKind): string => kind.key.columns[0]!;

/** How well a database answers a condition on such a kind: only conditions on the key are pushed down. */
export function groupSupports(kind: SqlKind, condition: Condition): Support {
  if ("attr" in condition && condition.attr !== kind.key.attr) return "none";
  return supports(kind, condition);
}

/** Rows without a key are skipped: NULL, empty or blank. */
function hasKey(kind: SqlKind): Sql {
  const column = columnSql(kind.name, byOf(kind));
  const of = columnOf(kind, byOf(kind));
  const { dialect } = kind;
  if (!mayHoldText(of)) return sql`${column} is not null`;
  const text = of.isBytes ? dialect.decoded(column) : inText(column, of, dialect);
  return sql`not ${isEmpty(column, of, dialect)} and ltrim(rtrim(${text})) <> ''`;
}

/** The distinct keys of matching rows, compared exactly, whatever the column's collation. */
function groups(kind: SqlKind, conditions: readonly Sql[]): { from: Sql; key: Sql } {
  const key = keyInOrder(kind);
  return { key, from: sql`from ${tableSql(kind.name)}${allOf([...conditions, hasKey(kind)])} group by ${key}` };
}

/** Selects a page of keys, with one more when paging. */
export function groupKeysStatement(kind: SqlKind, asked: Omit<SearchRequest, "kind" | "signal" | "count">): Sql {
  const { where, limit, offset = 0, orderBy = byKey(kind), bookmark } = asked;
  const { from, key } = groups(kind, [
    ...inKind(kind),
    ...whereSql(kind, where),
    ...(bookmark ? [behind(kind, orderBy, positionOfRow(kind, bookmark))] : []),
  ]);
  const of = columnOf(kind, byOf(kind));
  // Keys of a group are equal as text, but may be compared as another type.
  const selected = of.type === "text" && !of.isBytes ? sql`min(${columnSql(kind.name, byOf(kind))})` : key;
  const order = orderBy.descending ? sql`${key} desc` : key;
  const page = kind.dialect.page(Math.trunc(limit), bookmark ? 0 : Math.trunc(offset));
  return sql`select ${selected} as ${sql.id(byOf(kind))} ${from} order by ${order} ${page}`;
}

/** Counts the keys, up to `upTo`. */
export function groupCountStatement(kind: SqlKind, where: Condition | undefined, upTo: number): Sql {
  const { from, key } = groups(kind, [...inKind(kind), ...whereSql(kind, where)]);
  const part = upTo === Number.POSITIVE_INFINITY ? sql`` : sql` order by ${key} ${kind.dialect.page(upTo, 0)}`;
  return sql`select count(*) as total from (select 1 as one ${from}${part}) as counted`;
}

/** Selects the rows of some keys, up to one more than the maximum. */
export function groupRowsStatement(kind: SqlKind, keys: readonly string[]): Sql {
  const by = byOf(kind);
  const column = inText(columnSql(kind.name, by), columnOf(kind, by), kind.dialect);
  const named =
    keys.length === 1
      ? isKeyed(kind, keys[0]!)
      : sql`${column} in (${sql.join(keys.map((key) => keyValues(kind, key)[0]))})`;
  const columns = [...kind.columns.keys()].map((name) => sql`${columnSql(kind.name, name)} as ${sql.id(name)}`);
  if (columns.length === 0) throw noTable(kind);
  const page = kind.dialect.page(keys.length * kind.rows!.maximum + 1, 0);
  return sql`select ${sql.join(columns)} from ${tableSql(kind.name)}${allOf([named, ...inKind(kind), hasKey(kind)])} order by (select null) ${page}`;
}

const noTable = ({ name }: SqlKind) =>
  new ConnectorError("unavailable", `There is no table ${name.table}, or the account may not read it.`, {
    isAnswered: true,
  });

/** The key of a row. */
export function groupKeyOf(kind: SqlKind, row: Record<string, unknown>): string {
  const value = kind.dialect.fromDatabase(row[byOf(kind)], columnOf(kind, byOf(kind)));
  return String(value ?? "");
}

/** The rows of each key in a stable order. Rejects if a key has more than the maximum. */
export function groupRows(
  kind: SqlKind,
  keys: readonly string[],
  rows: readonly Record<string, unknown>[],
): ReadonlyMap<string, readonly Entry[]> {
  const { maximum, order } = kind.rows!;
  const found = new Map<string, Entry[]>(keys.map((key) => [key, []]));
  for (const row of rows) found.get(groupKeyOf(kind, row))?.push(rowEntry(kind, row));
  for (const [key, each] of found) if (each.length > maximum) throw tooManyRows(kind, JSON.stringify(key));
  // A column that ignores case or pads also returns rows of differently written keys.
  if (rows.length > keys.length * maximum) throw tooManyRows(kind, `one of ${keys.length} keys`);
  const names = [...order, ...kind.columns.keys()];
  const compare = (a: Entry, b: Entry): number => {
    for (const name of names) {
      const result = compareValues(a[name] as Value | undefined, b[name] as Value | undefined);
      if (result !== 0) return result;
    }
    return 0;
  };
  for (const each of found.values()) each.sort(compare);
  return found;
}

const tooManyRows = ({ name, rows }: SqlKind, key: string) =>
  new ConnectorError(
    "unavailable",
    `${name.table} has more than ${rows!.maximum} rows with ${rows!.by} ${key}. Raise rows.maximum, or exclude such rows with \`where\`.`,
    { isAnswered: true },
  );

/** A row as an object, without NULL and empty text. */
function rowEntry(kind: SqlKind, row: Record<string, unknown>): Entry {
  const entry: Record<string, Value> = {};
  for (const name of kind.columns.keys()) {
    if (row[name] === null || row[name] === undefined) continue;
    const value = kind.dialect.fromDatabase(row[name], columnIn(kind.columns, name, kind.dialect));
    if (value !== undefined && value !== "") entry[name] = value;
  }
  return entry;
}

/** Compares numbers by size and everything else as text; absent values come last. */
function compareValues(a: Value | undefined, b: Value | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [textOf(a), textOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const textOf = (value: Value): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

/** An entry with the requested attributes; the key if there are none. */
export function groupEntry(
  { key }: SqlKind,
  name: string,
  rows: readonly Entry[] | undefined,
  attrs: readonly string[],
): Entry {
  return {
    ...((attrs.length === 0 || attrs.includes(key.attr)) && { [key.attr]: name }),
    ...(attrs.includes(ROWS) && rows && { [ROWS]: rows as readonly Value[] }),
  };
}
