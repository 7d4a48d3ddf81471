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
import { columnOf, conditionSql } from "./conditions.ts";
import { columnIn, columnSql, type Fixed, fixedSql, type Kind, keySql, type List, type Sql, tableSql } from "./kind.ts";
import { behind, orderOf } from "./order.ts";

const keyValue = (kind: Kind, key: string) =>
  kind.dialect.toDatabase(kind.key.type === "integer" ? Number(key) : key, columnOf(kind, kind.key.column));

const isKeyed = (kind: Kind, key: string): Sql => sql`${keySql(kind)} = ${keyValue(kind, key)}`;
const inKind = (kind: Kind): Sql[] => fixedSql(kind.name, kind.columns, kind.where, kind.dialect);
const allOf = (conditions: readonly Sql[]): Sql =>
  conditions.length > 0 ? sql` where ${sql.join(conditions, sql` and `)}` : sql``;

/** The entry's columns, and its lists as JSON, so that one statement reads them all. */
function selection(kind: Kind, attrs: readonly string[]): Sql {
  const parts = (attrs.length > 0 ? [...new Set(attrs)] : [kind.key.column]).map((attr) => {
    const list = kind.lists[attr];
    if (!list) return sql`${columnSql(kind.name, attr)} as ${sql.id(attr)}`;
    const owned = [sql`${columnSql(list.name, list.owner)} = ${keySql(kind)}`, ...inList(kind, list)];
    const value = columnSql(list.name, list.value);
    return sql`(${kind.dialect.jsonList(value, sql`from ${tableSql(list.name)}${allOf(owned)}`)}) as ${sql.id(attr)}`;
  });
  return sql.join(parts);
}

const inList = (kind: Kind, list: List): Sql[] => fixedSql(list.name, list.columns, list.where, kind.dialect);

export function searchStatement(
  kind: Kind,
  { where, attrs, limit, offset = 0, orderBy, after }: Omit<SearchRequest, "kind" | "signal" | "count">,
): Sql {
  const conditions = [
    ...inKind(kind),
    ...(where ? [conditionSql(kind, where)] : []),
    ...(orderBy && after ? [behind(kind, orderBy, after)] : []),
  ];
  // Numbers of ours, that drivers would send as what some databases do not take here.
  const page = sql.raw(`limit ${Math.trunc(limit)} offset ${Math.trunc(offset)}`);
  return sql`select ${selection(kind, attrs)} from ${tableSql(kind.name)}${allOf(conditions)} order by ${orderOf(kind, orderBy)} ${page}`;
}

export function countStatement(kind: Kind, where: SearchRequest["where"]): Sql {
  const conditions = [...inKind(kind), ...(where ? [conditionSql(kind, where)] : [])];
  return sql`select count(*) as total from ${tableSql(kind.name)}${allOf(conditions)}`;
}

export const getStatement = (kind: Kind, key: string, attrs: readonly string[]): Sql =>
  sql`select ${selection(kind, attrs)} from ${tableSql(kind.name)}${allOf([isKeyed(kind, key), ...inKind(kind)])}`;

export function keysStatement(kind: Kind, keys: readonly string[]): Sql {
  const named = sql`${keySql(kind)} in (${sql.join(keys.map((key) => keyValue(kind, key)))})`;
  return sql`select ${keySql(kind)} as ${sql.id("key")} from ${tableSql(kind.name)}${allOf([named, ...inKind(kind)])}`;
}

/** Takes the row away, or marks it as deleted where the kind says how. */
export function deleteStatement(kind: Kind, key: string, expected: Expected | undefined): Sql {
  const conditions = allOf(guarded(kind, key, expected, []));
  if (!kind.deletedBy) return sql`delete from ${tableSql(kind.name)}${conditions}`;
  return sql`update ${tableSql(kind.name)} set ${assignments(kind, kind.deletedBy)}${conditions}`;
}

const assignments = (kind: Kind, values: Fixed): Sql =>
  sql.join(
    Object.entries(values).map(
      ([column, value]) => sql`${sql.id(column)} = ${value === null ? null : toColumn(kind, column, value)}`,
    ),
  );

/**
 * Finds the row that a change of lists alone belongs to, if it still holds what is expected, and keeps it: two that change
 * the lists of one entry come one after the other, and never each wait for the other.
 */
export const guardStatement = (kind: Kind, key: string, expected: Expected | undefined): Sql =>
  sql`select 1 from ${tableSql(kind.name)}${allOf(guarded(kind, key, expected, []))}${kind.dialect.forUpdate}`;

const toColumn = (kind: Kind, column: string, value: Value): unknown =>
  kind.dialect.toDatabase(value, columnOf(kind, column));

/** The row, and then the values of each list. */
export function insertStatements(
  kind: Kind,
  entry: Entry,
  key: string | undefined,
): { row: Sql; lists: (key: string) => Sql[] } {
  const columns = Object.keys(entry).filter((attr) => !kind.lists[attr]);
  const row = new Map<string, unknown>();
  for (const [column, value] of Object.entries(kind.where))
    if (value !== null) row.set(column, toColumn(kind, column, value));
  for (const attr of columns) row.set(attr, toColumn(kind, attr, singleValue(kind, attr, valuesOf(entry, attr))!));
  if (key !== undefined) row.set(kind.key.column, toColumn(kind, kind.key.column, key));
  const values =
    row.size === 0
      ? kind.dialect.noColumns
      : sql`(${sql.join([...row.keys()].map((attr) => sql.id(attr)))}) values (${sql.join([...row.values()])})`;
  const returning = kind.dialect.returns ? sql` returning ${sql.id(kind.key.column)} as ${sql.id("key")}` : sql``;
  return {
    row: sql`insert into ${tableSql(kind.name)} ${values}${returning}`,
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
  const assigned = new Map(ofRow.map((change) => [change.attr, assignedValue(kind, change)]));
  const set = [...assigned].map(([attr, value]) => sql`${sql.id(attr)} = ${value}`);
  return {
    row:
      set.length === 0
        ? undefined
        : sql`update ${tableSql(kind.name)} set ${sql.join(set)}${allOf(guarded(kind, key, expected, ofRow))}`,
    lists: changes.filter((change) => kind.lists[change.attr]).flatMap((change) => listStatements(kind, key, change)),
  };
}

function assignedValue(kind: Kind, change: Change): Sql {
  const { attr } = change;
  if (change.op === "swap") return sql`${change.to === null ? null : toColumn(kind, attr, change.to)}`;
  const value = singleValue(kind, attr, change.values);
  if (change.op !== "delete") return sql`${value === undefined ? null : toColumn(kind, attr, value)}`;
  const column = columnSql(kind.name, attr);
  if (value === undefined) return column;
  return sql`case when ${column} = ${toColumn(kind, attr, value)} then null else ${column} end`;
}

function singleValue(kind: Kind, attr: string, values: readonly Value[]): Value | undefined {
  if (values.length > 1)
    throw new ConnectorError("invalid", `"${attr}" is a column: it holds one value, not ${values.length}.`, { attr });
  const [value] = values;
  if (typeof value === "object" && columnOf(kind, attr).type !== "json")
    throw new ConnectorError("invalid", `"${attr}" is a column: it holds text or a number.`, { attr });
  return value;
}

function guarded(kind: Kind, key: string, expected: Expected | undefined, changes: readonly Change[]): Sql[] {
  const { dialect } = kind;
  const swaps = changes.flatMap((change) =>
    change.op === "swap"
      ? [
          dialect.isSame(
            columnSql(kind.name, change.attr),
            change.from === null ? null : toColumn(kind, change.attr, change.from),
          ),
        ]
      : [],
  );
  const held = Object.entries(expected ?? {}).map(
    ([attr, value]) => sql`${dialect.castToText(columnSql(kind.name, attr))} = ${String(value)}`,
  );
  return [isKeyed(kind, key), ...inKind(kind), ...swaps, ...held];
}

/** How many values go in one statement: databases bound the number of parameters. */
const BATCH = 500;

function listStatements(kind: Kind, key: string, change: Change): Sql[] {
  const { dialect } = kind;
  const list = kind.lists[change.attr]!;
  const owner = dialect.toDatabase(
    kind.key.type === "integer" ? Number(key) : key,
    columnIn(list.columns, list.owner, dialect),
  );
  const owned = sql`${sql.id(list.owner)} = ${owner}`;
  if (change.op === "swap")
    throw new ConnectorError("invalid", `"${change.attr}" is a list: it cannot be swapped.`, { attr: change.attr });
  const of = columnIn(list.columns, list.value, dialect);
  const batches = Array.from({ length: Math.ceil(change.values.length / BATCH) }, (_, index) =>
    change.values.slice(index * BATCH, (index + 1) * BATCH).map((value) => dialect.toDatabase(value, of)),
  );
  const fixed = Object.entries(list.where).filter(([, value]) => value !== null);
  const names = [list.owner, list.value, ...fixed.map(([column]) => column)];
  const constants = fixed.map(([column, value]) => dialect.toDatabase(value!, columnIn(list.columns, column, dialect)));
  const additions = () =>
    batches.map((values) => {
      const rows = values.map((value) => sql`(${sql.join([owner, value, ...constants])})`);
      const into = sql`${tableSql(list.name)} (${sql.join(names.map((name) => sql.id(name)))})`;
      return sql`insert into ${into} values ${sql.join(rows)} ${dialect.passingOver(list.owner)}`;
    });
  const mine = [owned, ...fixedSql(list.name, list.columns, list.where, dialect)];
  const deletion = (values?: readonly unknown[]) =>
    sql`delete from ${tableSql(list.name)}${allOf([...mine, ...(values ? [sql`${sql.id(list.value)} in (${sql.join(values)})`] : [])])}`;
  switch (change.op) {
    case "add":
      return additions();
    case "delete":
      return batches.map((values) => deletion(values));
    case "replace":
      return [deletion(), ...additions()];
  }
}

/** A row as an entry: lists parsed, NULL and empty text left out, the key as text. */
export function toEntry(kind: Kind, row: Record<string, unknown>): Entry {
  const entry: Record<string, Entry[string]> = {};
  for (const [attr, value] of Object.entries(row)) {
    if (value === null || value === undefined || value === "") continue;
    const list = kind.lists[attr];
    if (list) {
      const of = columnIn(list.columns, list.value, kind.dialect);
      const parsed = (typeof value === "string" ? JSON.parse(value) : value) as unknown[];
      const values = parsed.map((each) => (each === null ? undefined : kind.dialect.fromDatabase(each, of)));
      const found = fromValues(values.filter((each) => each !== undefined).sort(inOrder));
      if (found !== undefined) entry[attr] = found;
      continue;
    }
    const read = kind.dialect.fromDatabase(value, columnIn(kind.columns, attr, kind.dialect));
    if (read !== undefined && read !== "") entry[attr] = attr === kind.key.column ? String(read) : read;
  }
  return entry;
}

/** Lists have no order in tables: they are given in one all the same, so that pages and answers are stable. */
const inOrder = (a: Value, b: Value): number => (a < b ? -1 : a > b ? 1 : 0);
