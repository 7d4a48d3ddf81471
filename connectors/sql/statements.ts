import { sql } from "kysely";
import {
  type Change,
  type Entry,
  type Expected,
  fromValues,
  type SearchRequest,
  type Value,
  valuesOf,
} from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { columnOf, conditionSql, type Kind, type Sql } from "./conditions.ts";
import { behind, orderOf } from "./order.ts";

const keyValue = (kind: Kind, key: string) => (kind.key.type === "integer" ? Number(key) : key);

/** The entry's columns, and its lists as JSON, so that one statement reads them all. */
function selection(kind: Kind, attrs: readonly string[]): Sql {
  const parts = (attrs.length > 0 ? [...new Set(attrs)] : [kind.key.column]).map((attr) => {
    const list = kind.lists[attr];
    if (!list) return sql`${columnOf(kind, attr)} as ${sql.id(attr)}`;
    const owner = sql`${sql.ref(`${list.table}.${list.owner}`)} = ${columnOf(kind, kind.key.column)}`;
    const values = sql`select ${sql.ref(`${list.table}.${list.value}`)} as value from ${sql.table(list.table)} where ${owner} order by 1`;
    return sql`(select json_group_array(value) from (${values})) as ${sql.id(attr)}`;
  });
  return sql.join(parts);
}

export function searchStatement(
  kind: Kind,
  { where, attrs, limit, offset = 0, orderBy, after }: Omit<SearchRequest, "kind" | "signal" | "count">,
): Sql {
  const conditions = [
    ...(where ? [conditionSql(kind, where)] : []),
    ...(orderBy && after ? [behind(kind, orderBy, after)] : []),
  ];
  const condition = conditions.length > 0 ? sql` where ${sql.join(conditions, sql` and `)}` : sql``;
  return sql`select ${selection(kind, attrs)} from ${sql.table(kind.table)}${condition} order by ${orderOf(kind, orderBy)} limit ${limit} offset ${offset}`;
}

export function countStatement(kind: Kind, where: SearchRequest["where"]): Sql {
  return sql`select count(*) as total from ${sql.table(kind.table)}${where ? sql` where ${conditionSql(kind, where)}` : sql``}`;
}

export const getStatement = (kind: Kind, key: string, attrs: readonly string[]): Sql =>
  sql`select ${selection(kind, attrs)} from ${sql.table(kind.table)} where ${columnOf(kind, kind.key.column)} = ${keyValue(kind, key)}`;

export const keysStatement = (kind: Kind, keys: readonly string[]): Sql =>
  sql`select ${columnOf(kind, kind.key.column)} as key from ${sql.table(kind.table)} where ${columnOf(kind, kind.key.column)} in (${sql.join(keys.map((key) => keyValue(kind, key)))})`;

export function deleteStatement(kind: Kind, key: string, expected: Expected | undefined): Sql {
  return sql`delete from ${sql.table(kind.table)} where ${guarded(kind, key, expected, [])}`;
}

/** Finds the row that a change of lists alone belongs to, if it still holds what is expected. */
export const guardStatement = (kind: Kind, key: string, expected: Expected | undefined): Sql =>
  sql`select 1 from ${sql.table(kind.table)} where ${guarded(kind, key, expected, [])}`;

/** The row, and then the values of each list. */
export function insertStatements(
  kind: Kind,
  entry: Entry,
  key: string | undefined,
): { row: Sql; lists: (key: string) => Sql[] } {
  const columns = Object.keys(entry).filter((attr) => !kind.lists[attr]);
  for (const attr of columns) singleValue(attr, valuesOf(entry, attr));
  const row: [string, unknown][] = columns.map((attr) => [attr, valuesOf(entry, attr)[0]]);
  if (key !== undefined) row.push([kind.key.column, key]);
  const values =
    row.length === 0
      ? sql`default values`
      : sql`(${sql.join(row.map(([attr]) => sql.id(attr)))}) values (${sql.join(row.map(([, value]) => value))})`;
  return {
    row: sql`insert into ${sql.table(kind.table)} ${values} returning ${sql.id(kind.key.column)} as key`,
    lists: (made) =>
      Object.keys(kind.lists).flatMap((attr) =>
        listStatements(kind, made, { op: "add", attr, values: valuesOf(entry, attr) }),
      ),
  };
}

/** The changes of a row in one statement, guarded by what it must still hold, and those of its lists. */
export function updateStatements(
  kind: Kind,
  key: string,
  changes: readonly Change[],
  expected: Expected | undefined,
): { row: Sql | undefined; lists: Sql[] } {
  const ofRow = changes.filter((change) => !kind.lists[change.attr]);
  const assignments = new Map(ofRow.map((change) => [change.attr, assigned(kind, change)]));
  const row =
    assignments.size === 0
      ? undefined
      : sql`update ${sql.table(kind.table)} set ${sql.join([...assignments].map(([attr, value]) => sql`${sql.id(attr)} = ${value}`))} where ${guarded(kind, key, expected, ofRow)}`;
  return {
    row,
    lists: changes.filter((change) => kind.lists[change.attr]).flatMap((change) => listStatements(kind, key, change)),
  };
}

function assigned(kind: Kind, change: Change): Sql {
  if (change.op === "swap") return sql`${change.to}`;
  singleValue(change.attr, change.values);
  if (change.op !== "delete") return sql`${change.values[0] ?? null}`;
  const column = columnOf(kind, change.attr);
  return change.values.length === 0
    ? sql`${column}`
    : sql`case when ${column} = ${change.values[0]} then null else ${column} end`;
}

function singleValue(attr: string, values: readonly Value[]): void {
  if (values.length > 1)
    throw new ConnectorError("invalid", `"${attr}" is a column: it holds one value, not ${values.length}.`, { attr });
  if (typeof values[0] === "object")
    throw new ConnectorError("invalid", `"${attr}" is a column: it holds text or a number.`, { attr });
}

function guarded(kind: Kind, key: string, expected: Expected | undefined, changes: readonly Change[]): Sql {
  const swaps = changes.flatMap((change) =>
    change.op === "swap" ? [sql`${columnOf(kind, change.attr)} is ${change.from}`] : [],
  );
  const held = Object.entries(expected ?? {}).map(
    ([attr, value]) => sql`cast(${columnOf(kind, attr)} as text) = ${String(value)}`,
  );
  return sql.join([sql`${columnOf(kind, kind.key.column)} = ${keyValue(kind, key)}`, ...swaps, ...held], sql` and `);
}

/** How many values go in one statement: databases bound the number of parameters. */
const BATCH = 500;

function listStatements(kind: Kind, key: string, change: Change): Sql[] {
  const list = kind.lists[change.attr]!;
  const owner = keyValue(kind, key);
  const owned = sql`${sql.id(list.owner)} = ${owner}`;
  if (change.op === "swap")
    throw new ConnectorError("invalid", `"${change.attr}" is a list: it cannot be swapped.`, { attr: change.attr });
  const batches = Array.from({ length: Math.ceil(change.values.length / BATCH) }, (_, index) =>
    change.values.slice(index * BATCH, (index + 1) * BATCH),
  );
  const additions = () =>
    batches.map((values) => {
      const rows = values.map((value) => sql`(${owner}, ${value})`);
      return sql`insert into ${sql.table(list.table)} (${sql.id(list.owner)}, ${sql.id(list.value)}) values ${sql.join(rows)} on conflict do nothing`;
    });
  switch (change.op) {
    case "add":
      return additions();
    case "delete":
      return batches.map(
        (values) =>
          sql`delete from ${sql.table(list.table)} where ${owned} and ${sql.id(list.value)} in (${sql.join(values)})`,
      );
    case "replace":
      return [sql`delete from ${sql.table(list.table)} where ${owned}`, ...additions()];
  }
}

/** A row as an entry: lists parsed, NULL and empty text left out, the key as text. */
export function toEntry(kind: Kind, row: Record<string, unknown>): Entry {
  const entry: Record<string, Entry[string]> = {};
  for (const [attr, value] of Object.entries(row)) {
    if (value === null || value === "") continue;
    if (kind.lists[attr])
      entry[attr] = fromValues((JSON.parse(String(value)) as Value[]).filter((each) => each !== null));
    else entry[attr] = attr === kind.key.column ? String(value) : (value as Value);
    if (entry[attr] === undefined) delete entry[attr];
  }
  return entry;
}
