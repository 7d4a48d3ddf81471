import { sql } from "kysely";
import { type Change, type Entry, type Expected, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { keyIn } from "./deletions.ts";
import type { SqlDialect } from "./dialect.ts";
import { haveValues, isKeyed, splitParts } from "./keys.ts";
import {
  type Assigned,
  allOf,
  assignedSql,
  columnIn,
  columnOf,
  columnSql,
  fixedSql,
  joinedColumns,
  type Kind,
  type List,
  type Sql,
  type Table,
  tableSql,
} from "./kind.ts";
import { inKind } from "./statements.ts";

/** Takes the row away, or marks it as deleted where the kind says how. */
export function deleteStatement(kind: Kind, key: string, expected: Expected | undefined): Sql {
  const conditions = allOf(guarded(kind, key, expected, []));
  if (!kind.deletedBy) return sql`delete from ${tableSql(kind.name)}${conditions}`;
  const set = sql.join(assignments(kind, { ...kind.updatedBy, ...kind.deletedBy }, kind.dialect));
  return sql`update ${tableSql(kind.name)} set ${set}${conditions}`;
}

const assignments = (table: Table, values: Assigned, dialect: SqlDialect): Sql[] =>
  Object.entries(values).map(
    ([column, value]) => sql`${sql.id(column)} = ${assignedSql(table, column, value, dialect)}`,
  );

/**
 * Finds the row that a change of lists alone belongs to, if it still holds what is expected, and keeps it: two that change
 * the lists of one entry come one after the other, and never each wait for the other.
 */
export const guardStatement = (kind: Kind, key: string, expected: Expected | undefined): Sql =>
  sql`select 1 as one from ${tableSql(kind.name)}${kind.dialect.lockHint}${allOf(guarded(kind, key, expected, []))}${kind.dialect.forUpdate}`;

const toColumn = (kind: Kind, column: string, value: Value): unknown =>
  ofAttr(column, () => kind.dialect.toDatabase(value, columnOf(kind, column)));

/** A value that a column does not take is told with the attribute that it was for. */
function ofAttr<T>(attr: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.attr !== undefined) throw error;
    throw new ConnectorError(error.kind, `"${attr}": ${error.message}`, { attr, cause: error });
  }
}

/** What an insert names of a row: its columns, each with its value. */
export type Row = Map<string, unknown>;

/** An entry's row: what the kind's rows have in common, its columns, and those of attributes that have several. */
export function rowOf(kind: Kind, entry: Entry): Row {
  const row: Row = new Map();
  for (const [column, value] of Object.entries(kind.where))
    if (value !== null) row.set(column, toColumn(kind, column, value));
  for (const attr of Object.keys(entry)) {
    if (kind.lists[attr]) continue;
    const value = singleValue(kind, attr, valuesOf(entry, attr))!;
    const joined = joinedColumns(kind, attr);
    if (!joined) row.set(attr, toColumn(kind, attr, value));
    else
      for (const [index, part] of partsOf(kind, attr, joined, value).entries())
        row.set(joined[index]!, toColumn(kind, joined[index]!, part));
  }
  return row;
}

function partsOf(kind: Kind, attr: string, columns: readonly string[], value: Value): string[] {
  const parts = splitParts(String(value), columns.length);
  if (parts) return parts;
  const wanted = `${columns.length} values with a colon between them, for ${columns.join(" and ")} of ${kind.name.table}`;
  throw new ConnectorError("invalid", `"${attr}" holds ${wanted}, not ${JSON.stringify(value)}.`, { attr });
}

export function insertStatement(kind: Kind, row: Row): Sql {
  const { dialect } = kind;
  const keys = kind.key.columns.map((column) => sql.id(column));
  const into = tableSql(kind.name);
  if (row.size === 0) return sql`insert into ${into} ${dialect.noColumns}${dialect.returning(keys)}`;
  const columns = sql.join([...row.keys()].map((attr) => sql.id(attr)));
  return sql`insert into ${into} (${columns}) values (${sql.join([...row.values()])})${dialect.returning(keys)}`;
}

/** The values of a new entry's lists. */
export const listInserts = (kind: Kind, entry: Entry, key: string): Sql[] =>
  Object.keys(kind.lists).flatMap((attr) =>
    listStatements(kind, key, { op: "add", attr, values: valuesOf(entry, attr) }),
  );

/** The changes of a row in one statement, guarded by what it must still hold, and those of its lists. */
export function updateStatements(
  kind: Kind,
  key: string,
  changes: readonly Change[],
  expected: Expected | undefined,
): { row: Sql | undefined; lists: Sql[] } {
  const keyed = changes.filter((change) => !isOfKey(kind, key, change));
  const isTakenAway = (change: Change) => change.op === "delete" && joinedColumns(kind, change.attr) !== undefined;
  const ofRow = keyed
    .filter((change) => !kind.lists[change.attr] && !isTakenAway(change))
    .flatMap((change) => columnChanges(kind, change));
  const assigned = new Map(ofRow.map((change) => [change.attr, assignedValue(kind, change)]));
  const set = [...assigned].map(([attr, value]) => sql`${sql.id(attr)} = ${value}`);
  const all = set.length > 0 ? [...set, ...assignments(kind, kind.updatedBy, kind.dialect)] : [];
  return {
    row:
      all.length === 0
        ? undefined
        : sql`update ${tableSql(kind.name)} set ${sql.join(all)}${allOf(guarded(kind, key, expected, ofRow))}`,
    lists: keyed.flatMap((change) => {
      if (kind.lists[change.attr]) return listStatements(kind, key, change);
      return change.op === "delete" && isTakenAway(change) ? joinedDeletes(kind, key, change.attr, change.values) : [];
    }),
  };
}

/** Takes values away from an attribute of several columns, where it is all of them. */
function joinedDeletes(kind: Kind, key: string, attr: string, values: readonly Value[]): Sql[] {
  const columns = joinedColumns(kind, attr)!;
  return values.map((value) => {
    const parts = partsOf(kind, attr, columns, value).map((part, at) => toColumn(kind, columns[at]!, part));
    const held = haveValues(
      columns.map((column) => columnSql(kind.name, column)),
      parts,
    );
    const set = sql.join(columns.map((column) => sql`${sql.id(column)} = null`));
    return sql`update ${tableSql(kind.name)} set ${set}${allOf([isKeyed(kind, key), held])}`;
  });
}

/** Whether a change leaves a column of the key as it is. Throws `invalid` where it would change it: others refer to it. */
function isOfKey(kind: Kind, key: string, change: Change): boolean {
  const index = kind.key.columns.indexOf(change.attr);
  if (index < 0 && change.attr !== kind.key.attr) return false;
  const [wanted] = change.op === "swap" ? [change.to] : change.values;
  const held = index < 0 ? key : splitParts(key, kind.key.columns.length)![index];
  if (change.op !== "delete" && String(wanted) === held) return true;
  throw new ConnectorError("invalid", `"${change.attr}" is of the key: it stays as it was made.`, {
    attr: change.attr,
  });
}

/** A change of an attribute of several columns as a change of each. */
function columnChanges(kind: Kind, change: Change): Change[] {
  const columns = joinedColumns(kind, change.attr);
  if (!columns) return [change];
  const partsAt = (value: Value | null | undefined) =>
    value === null || value === undefined ? undefined : partsOf(kind, change.attr, columns, value);
  if (change.op === "swap") {
    const [from, to] = [partsAt(change.from), partsAt(change.to)];
    return columns.map((attr, at) => ({ op: "swap", attr, from: from?.[at] ?? null, to: to?.[at] ?? null }));
  }
  const values = change.values.length === 0 ? undefined : partsAt(singleValue(kind, change.attr, change.values));
  return columns.map((attr, at) => ({ op: "replace", attr, values: values ? [values[at]!] : [] }));
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

/** How many parameters go in one statement: databases bound their number. */
const BATCH = 2000;

function listStatements(kind: Kind, key: string, change: Change): Sql[] {
  const { dialect } = kind;
  const list = kind.lists[change.attr]!;
  if (change.op === "swap")
    throw new ConnectorError("invalid", `"${change.attr}" is a list: it cannot be swapped.`, { attr: change.attr });
  const owners = keyIn(kind, list, list.owner, key);
  const given = [
    ...Object.entries(list.where).flatMap(([column, value]) => (value === null ? [] : [[column, value] as const])),
    ...Object.entries(list.set),
  ].map(([column, value]) => ({ column, value: assignedSql(list, column, value, dialect) }));
  const names = [...list.owner, ...list.value, ...given.map(({ column }) => column)];
  const size = Math.floor(BATCH / names.length);
  const values = change.values.map((value) => valuesIn(kind, change.attr, list, value));
  const batches = Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size),
  );
  const owned = haveValues(
    list.owner.map((column) => sql.id(column)),
    owners,
  );
  const additions = () =>
    batches.flatMap((batch) => [
      ...(list.deletedBy ? [revival(list, owned, batch, dialect)] : []),
      dialect.insertMissing(
        tableSql(list.name),
        names,
        batch.map((each) => [...owners, ...each, ...given.map(({ value }) => value)]),
        [...list.owner, ...list.value, ...Object.keys(list.where)],
      ),
    ]);
  const mine = [owned, ...fixedSql(list, list.where, dialect)];
  const deletion = (batch?: readonly unknown[][]) => {
    const gone = allOf([...mine, ...(batch ? [isOneOf(list, batch)] : [])]);
    if (!list.deletedBy) return sql`delete from ${tableSql(list.name)}${gone}`;
    return sql`update ${tableSql(list.name)} set ${sql.join(assignments(list, list.deletedBy, dialect))}${gone}`;
  };
  switch (change.op) {
    case "add":
      return additions();
    case "delete":
      return batches.map((batch) => deletion(batch));
    case "replace":
      return [deletion(), ...additions()];
  }
}

/** Takes rows back that are there, but were taken out: as new ones they are given what those are. */
function revival(list: List, owned: Sql, batch: readonly unknown[][], dialect: SqlDialect): Sql {
  const set = assignments(list, { ...list.where, ...list.set }, dialect);
  const isIn = sql.join(fixedSql(list, list.where, dialect), sql` and `);
  return sql`update ${tableSql(list.name)} set ${sql.join(set)}${allOf([owned, isOneOf(list, batch), sql`not ${dialect.isTrue(isIn)}`])}`;
}

function valuesIn(kind: Kind, attr: string, list: List, value: Value): unknown[] {
  const { dialect } = kind;
  const parts = list.value.length === 1 ? [value] : partsOf(kind, attr, list.value, value);
  return parts.map((part, index) =>
    ofAttr(attr, () => dialect.toDatabase(part, columnIn(list.columns, list.value[index]!, dialect))),
  );
}

function isOneOf({ value }: List, batch: readonly unknown[][]): Sql {
  const [column, ...more] = value;
  if (more.length === 0) return sql`${sql.id(column!)} in (${sql.join(batch.map(([each]) => each))})`;
  const sides = value.map((each) => sql.id(each));
  return sql`(${sql.join(
    batch.map((each) => sql`(${haveValues(sides, each)})`),
    sql` or `,
  )})`;
}
