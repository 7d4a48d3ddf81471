import { type Change, type Entry, type Expected, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { instantOf } from "../../src/json/date.ts";
import type { Assigned, Table } from "./column.ts";
import type { SqlDialect } from "./dialect.ts";
import { isHeld, isStill, toColumn } from "./held.ts";
import { haveValues, inText, isKeyed, isText, splitParts } from "./keys.ts";
import { allOf, assignedSql, columnOf, columnSql, joinedColumns, type SqlKind, tableSql } from "./kind.ts";
import { type Sql, sql } from "./sql.ts";
import { inKind } from "./statements.ts";

/** Deletes the row, or marks it as deleted if configured. */
export function deleteStatement(kind: SqlKind, key: string, expected: Expected | undefined): Sql {
  const conditions = allOf(guarded(kind, key, expected, []));
  if (!kind.deletedBy) return sql`delete from ${tableSql(kind.name)}${conditions}`;
  const set = sql.join(assignments(kind, { ...kind.updatedBy, ...kind.deletedBy }, kind.dialect));
  return sql`update ${tableSql(kind.name)} set ${set}${conditions}`;
}

/** The `set` clause for columns and values. */
export const assignments = (table: Table, values: Assigned, dialect: SqlDialect): Sql[] =>
  Object.entries(values).map(
    ([column, value]) => sql`${sql.id(column)} = ${assignedSql(table, column, value, dialect)}`,
  );

/**
 * Finds and locks the row of a change that affects only lists, if it has the expected values. Concurrent list changes of an entry run one
 * after another without deadlocks.
 */
export const guardStatement = (kind: SqlKind, key: string, expected: Expected | undefined): Sql =>
  sql`select 1 as one from ${tableSql(kind.name)}${kind.dialect.lockHint}${allOf(guarded(kind, key, expected, []))}${kind.dialect.forUpdate}`;

/** The columns of an insert with their values. */
export type Row = Map<string, unknown>;

/** An entry's row: the kind's fixed values, its columns, and those of combined attributes. */
export function rowOf(kind: SqlKind, entry: Entry): Row {
  const row: Row = new Map();
  for (const [column, value] of Object.entries(kind.where))
    if (value !== null) row.set(column, toColumn(kind, column, value));
  // Mapped attributes without a value become empty text in NOT NULL columns.
  for (const attr of kind.mapped?.writes ?? []) if (wantsText(kind, attr)) row.set(attr, toColumn(kind, attr, ""));
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

/** Reports whether a column stores empty text instead of NULL. */
const wantsText = (kind: SqlKind, attr: string): boolean =>
  kind.columns.get(attr)?.isRequired === true && isOfText(kind, attr);

function isOfText(kind: SqlKind, attr: string): boolean {
  const column = kind.columns.get(attr);
  const takesEmpty = column?.values === undefined || column.values.includes("");
  return (
    (column?.type === "text" && !column.isOwnType && takesEmpty) || (column?.type === "any" && column.isText === true)
  );
}

/** The column values of a combined attribute. Throws `invalid` for a wrong number of parts. */
export function partsOf(kind: SqlKind, attr: string, columns: readonly string[], value: Value): string[] {
  const parts = splitParts(String(value), columns.length);
  if (parts) return parts;
  const wanted = `${columns.length} values joined with colons, for ${columns.join(" and ")} of ${kind.name.table}`;
  throw new ConnectorError("invalid", `"${attr}" must be ${wanted}, not ${JSON.stringify(value)}.`, { attr });
}

/** Inserts a row and returns its key. */
export function insertStatement(kind: SqlKind, row: Row): Sql {
  const { dialect } = kind;
  const keys = kind.key.columns.map((column) => sql.id(column));
  const into = tableSql(kind.name);
  if (row.size === 0) return sql`insert into ${into} ${dialect.noColumns}${dialect.returning(keys)}`;
  const columns = sql.join([...row.keys()].map((attr) => sql.id(attr)));
  return sql`insert into ${into} (${columns}) values (${sql.join([...row.values()])})${dialect.returning(keys)}`;
}

/**
 * The row's changes in one statement with its expected values, the removals from combined attributes, and the list changes, which
 * `lists.ts` makes.
 */
export function updateStatements(
  kind: SqlKind,
  key: string,
  changes: readonly Change[],
  expected: Expected | undefined,
): { row: Sql | undefined; taken: Sql[]; lists: Change[] } {
  const keyed = changes.filter((change) => !isOfKey(kind, key, change));
  const isTakenAway = (change: Change) => change.op === "delete" && joinedColumns(kind, change.attr) !== undefined;
  const ofRow = keyed
    .filter((change) => !kind.lists[change.attr] && !isTakenAway(change))
    .flatMap((change) => sharingChanges(kind, key, change));
  const assigned = new Map(ofRow.map((change) => [change.attr, assignedValue(kind, change)]));
  const set = [...assigned].map(([attr, value]) => sql`${sql.id(attr)} = ${value}`);
  // First, because some databases see earlier assignments of the same statement.
  const all = set.length > 0 ? [...whenChanged(kind, ofRow), ...set] : [];
  return {
    row:
      all.length === 0
        ? undefined
        : sql`update ${tableSql(kind.name)} set ${sql.join(all)}${allOf(guarded(kind, key, expected, ofRow))}`,
    taken: keyed.flatMap((change) => {
      return change.op === "delete" && isTakenAway(change) ? joinedDeletes(kind, key, change.attr, change.values) : [];
    }),
    lists: keyed.filter(({ attr }) => kind.lists[attr]),
  };
}

/** The assignments of each change, unless all columns already have their values, so that a repeated change has no effect. */
function whenChanged(kind: SqlKind, changes: readonly Change[]): Sql[] {
  const { dialect } = kind;
  const values = changes.map((change) =>
    change.op === "swap" ? change.to : (singleValue(kind, change.attr, change.values) ?? null),
  );
  const isKnown = changes.every(({ attr, op }) => op !== "delete" && columnOf(kind, attr).type !== "json");
  const isSame = sql.join(
    changes.map(({ attr }, index) => isExactly(kind, attr, values[index]!)),
    sql` and `,
  );
  return Object.entries(kind.updatedBy).map(([column, value]) => {
    const next = assignedSql(kind, column, value, dialect);
    const held = columnSql(kind.name, column);
    return isKnown
      ? sql`${sql.id(column)} = case when ${isSame} then ${held} else ${next} end`
      : sql`${sql.id(column)} = ${next}`;
  });
}

/** The condition that a column has exactly this value, whatever its collation. */
function isExactly(kind: SqlKind, attr: string, value: Value | null): Sql {
  if (typeof value !== "string" || !isText(columnOf(kind, attr))) return isStill(kind, attr, value);
  const { exact } = kind.dialect;
  const column = inText(columnSql(kind.name, attr), columnOf(kind, attr), kind.dialect);
  return sql`${exact(column)} = ${exact(sql`${toColumn(kind, attr, value)}`)}`;
}

/** Removes values from a combined attribute if they are all of it. */
function joinedDeletes(kind: SqlKind, key: string, attr: string, values: readonly Value[]): Sql[] {
  const columns = joinedColumns(kind, attr)!;
  return values.map((value) => {
    const parts = partsOf(kind, attr, columns, value).map((part, at) => toColumn(kind, columns[at]!, part));
    const held = haveValues(
      columns.map((column) => columnSql(kind.name, column)),
      parts,
    );
    const own = columns.filter((column) => !kind.key.columns.includes(column));
    const set = sql.join(own.map((column) => sql`${sql.id(column)} = null`));
    return sql`update ${tableSql(kind.name)} set ${set}${allOf([isKeyed(kind, key), held])}`;
  });
}

/** Reports whether a change leaves a key column unchanged. Throws `invalid` if it would change: others refer to it. */
function isOfKey(kind: SqlKind, key: string, change: Change): boolean {
  const index = kind.key.columns.indexOf(change.attr);
  if (index < 0 && change.attr !== kind.key.attr) return false;
  const [wanted] = change.op === "swap" ? [change.to] : change.values;
  const held = index < 0 ? key : splitParts(key, kind.key.columns.length)![index];
  if (change.op !== "delete" && String(wanted) === held) return true;
  throw new ConnectorError("invalid", `"${change.attr}" is part of the key and cannot be changed.`, {
    attr: change.attr,
  });
}

/** Splits a change of a combined attribute into its columns. */
function columnChanges(kind: SqlKind, change: Change): Change[] {
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

/**
 * A change of a combined attribute without the key columns that it shares, such as the tenant, which stay. Throws `invalid` if it would
 * refer to another tenant.
 */
function sharingChanges(kind: SqlKind, key: string, change: Change): Change[] {
  const all = columnChanges(kind, change);
  if (all.length === 1) return all;
  return all.filter((each) => {
    const index = kind.key.columns.indexOf(each.attr);
    if (index < 0) return true;
    const [wanted] = each.op === "swap" ? [each.to] : each.values;
    if (wanted === undefined || wanted === null) return false;
    if (String(wanted) === splitParts(key, kind.key.columns.length)![index]) return false;
    throw new ConnectorError("invalid", `"${change.attr}" refers to another ${each.attr} than the entry's own.`, {
      attr: change.attr,
    });
  });
}

function assignedValue(kind: SqlKind, change: Change): Sql {
  const { attr } = change;
  const nothing = () => (kind.columns.get(attr)?.takesNoNull && isOfText(kind, attr) ? toColumn(kind, attr, "") : null);
  if (change.op === "swap") return sql`${change.to === null ? nothing() : toColumn(kind, attr, change.to)}`;
  const value = singleValue(kind, attr, change.values);
  if (change.op !== "delete") return sql`${value === undefined ? nothing() : toColumn(kind, attr, value)}`;
  const column = columnSql(kind.name, attr);
  if (value === undefined) return column;
  return sql`case when ${column} = ${toColumn(kind, attr, value)} then ${nothing()} else ${column} end`;
}

function singleValue(kind: SqlKind, attr: string, values: readonly Value[]): Value | undefined {
  if (values.length > 1)
    throw new ConnectorError("invalid", `"${attr}" is a single column: it takes one value, not ${values.length}.`, {
      attr,
    });
  const [value] = values;
  if (typeof value === "object" && columnOf(kind, attr).type !== "json")
    throw new ConnectorError("invalid", `"${attr}" is a single column: it takes text or a number.`, { attr });
  return value;
}

function guarded(kind: SqlKind, key: string, expected: Expected | undefined, changes: readonly Change[]): Sql[] {
  const { dialect } = kind;
  const swaps = changes.flatMap((change) => (change.op === "swap" ? [isStill(kind, change.attr, change.from)] : []));
  const held = Object.entries(expected ?? {}).map(([attr, value]) => {
    const of = columnOf(kind, attr);
    const column = columnSql(kind.name, attr);
    const isInstant = of.type === "time" && instantOf(String(value)) !== undefined;
    // A version that is an instant was returned to the millisecond, in a form other than the database's.
    return isInstant ? isHeld(column, of, dialect, value) : sql`${dialect.castToText(column)} = ${String(value)}`;
  });
  return [isKeyed(kind, key), ...inKind(kind), ...swaps, ...held];
}
