import type { Value } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { type Column, columnIn } from "./column.ts";
import type { SqlDialect } from "./dialect.ts";
import { isEmpty } from "./empty.ts";
import { ofAttr } from "./held.ts";
import { fitsColumn, inText, isSameText, isText, keyTakesForSame, splitParts } from "./keys.ts";
import { allOf, assignedSql, columnOf, fixedSql, type List, type SqlKind, tableSql } from "./kind.ts";
import { type Sql, sql } from "./sql.ts";
import { assignments, partsOf } from "./writes.ts";

/** Maximum number of parameters in one statement: databases limit it. */
const BATCH = 2000;

/** Values as their columns hold them, for one statement. */
type Batch = readonly unknown[][];

/**
 * Statements on an entry's list rows. Records in their own right, such as a department's people, are assigned and released through their
 * owner columns, and never inserted or deleted.
 */
export function rowsOf(kind: SqlKind, key: string, attr: string) {
  const { dialect } = kind;
  const list = kind.lists[attr]!;
  const owners = () => ownersOf(kind, list, key);
  const given = [
    ...Object.entries(list.where).flatMap(([column, value]) => (value === null ? [] : [[column, value] as const])),
    ...Object.entries(list.set),
  ].map(([column, value]) => ({ column, value: assignedSql(list, column, value, dialect) }));
  const names = [...list.owner, ...list.value, ...given.map(({ column }) => column)];
  // An expression that counts existing rows must see the previous row.
  const isCounted = Object.values(list.set).some((value) => typeof value === "object" && value !== null);
  const size = isCounted ? 1 : Math.floor(BATCH / (names.length + list.value.length));
  const owned = isOwned(kind, list, list.owner, key);
  const ofList = fixedSql(list, list.where, dialect);
  const mine = [owned, ...ofList];
  return {
    batches: (values: readonly Value[]): Batch[] => {
      const all = values.map((value) => valuesIn(kind, attr, list, value));
      return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
    },
    additions: (batch: Batch): Sql[] => {
      if (list.isOfThings) {
        const ofOwner = list.owner.map((column, index) => ({
          equal: sql`${sql.id(column)} = ${owners()[index]}`,
          isGiven: list.released.includes(column),
        }));
        const given = ofOwner.flatMap(({ equal, isGiven }) => (isGiven ? [equal] : []));
        // An owner column that identifies the row is never changed: another tenant's rows are out of reach.
        const free = [
          isOneOf(kind, list, batch, true),
          ...ofOwner.flatMap(({ equal, isGiven }) => (isGiven ? [] : [equal])),
          ...ofList,
          ...within(list, dialect),
          sql`not ${dialect.isTrue(owned)}`,
        ];
        const set = sql.join([...given, ...assignments(list, list.set, dialect)]);
        return given.length === 0 ? [] : [sql`update ${tableSql(list.name)} set ${set}${allOf(free)}`];
      }
      return [
        ...(list.deletedBy ? [revival(kind, list, owned, batch)] : []),
        dialect.insertMissing(
          tableSql(list.name),
          names,
          batch.map((each) => [...owners(), ...each, ...given.map(({ value }) => value)]),
          [...list.owner, ...list.value, ...Object.keys(list.where)],
        ),
      ];
    },
    deletion: (batch?: Batch): Sql => {
      const gone = allOf([...mine, ...(batch ? [isOneOf(kind, list, batch, true)] : [])]);
      if (!list.deletedBy && !list.isOfThings) return sql`delete from ${tableSql(list.name)}${gone}`;
      if (!isReleasable(list))
        throw new ConnectorError(
          "invalid",
          `"${attr}" cannot be removed: ${list.owner.join(" and ")} identifies the row in ${list.name.table}.`,
          { attr },
        );
      return releaseSql(list, dialect, gone);
    },
    /** Selects which of some values are present, exactly. */
    remaining: (batch: Batch): Sql =>
      sql`select 1 as one from ${tableSql(list.name)}${allOf([...mine, isOneOf(kind, list, batch, true)])}`,
    /** Rows without a value, which are never shown: a new value can use one of them. */
    blanks: (): { readonly found: Sql; readonly filled: (value: Value) => Sql } => {
      const [name = ""] = list.value;
      const column = sql.id(name);
      const rows = allOf([...mine, isEmpty(column, columnsIn(kind, list)[0]!, dialect)]);
      return {
        found: sql`select 1 as one from ${tableSql(list.name)}${rows}`,
        filled: (value) =>
          sql`update ${tableSql(list.name)} set ${column} = ${valuesIn(kind, attr, list, value)[0]}${rows}`,
      };
    },
    matching: (batch: Batch): Sql =>
      sql`select ${sql.join(list.value.map((name) => sql.id(name)))} from ${tableSql(list.name)}${allOf([...mine, isOneOf(kind, list, batch, false)])}`,
  };
}

/** Reports whether rows can be released and kept. */
export const isReleasable = ({ deletedBy, released }: List): boolean => deletedBy !== undefined || released.length > 0;

/** Releases rows from their owner, by the list's assignments or by clearing the owner. */
export function releaseSql(list: List, dialect: SqlDialect, rows: Sql): Sql {
  const set = list.deletedBy
    ? assignments(list, list.deletedBy, dialect)
    : list.released.map((column) => sql`${sql.id(column)} = null`);
  return sql`update ${tableSql(list.name)} set ${sql.join(set)}${rows}`;
}

/** The condition that rows are entries within a kind's reach. */
function within(list: List, dialect: SqlDialect): Sql[] {
  if (list.within.length === 0 || list.within.some((where) => Object.keys(where).length === 0)) return [];
  const any = list.within.map((where) => sql`(${sql.join(fixedSql(list, where, dialect), sql` and `)})`);
  return [sql`(${sql.join(any, sql` or `)})`];
}

/** Replaces a list value within its row, which keeps its other columns. */
export function valueUpdate(kind: SqlKind, key: string, attr: string, from: Value, to: Value): Sql {
  const { dialect } = kind;
  const list = kind.lists[attr]!;
  const columns = list.value.map((column) => sql.id(column));
  const next = valuesIn(kind, attr, list, to);
  const set = columns.map((column, index) => sql`${column} = ${next[index]}`);
  const rows = [
    isOwned(kind, list, list.owner, key),
    isOneOf(kind, list, [valuesIn(kind, attr, list, from)], true),
    ...fixedSql(list, list.where, dialect),
  ];
  return sql`update ${tableSql(list.name)} set ${sql.join(set)}${allOf(rows)}`;
}

/** The column of another table that holds part of an entry's key; an untyped one gets the key's type. */
function ownerColumn(kind: SqlKind, list: List, name: string, index: number): Column {
  const { type } = columnOf(kind, kind.key.columns[index]!);
  const column = columnIn(list.columns, name, kind.dialect);
  return column.type === "any" && type === "integer" ? { ...column, type } : column;
}

/** An entry's key for the columns of its list rows. Throws `invalid` if it does not fit. */
const ownersOf = (kind: SqlKind, list: List, key: string): unknown[] =>
  splitParts(key, kind.key.columns.length)!.map((part, index) =>
    kind.dialect.toDatabase(part, ownerColumn(kind, list, list.owner[index]!, index)),
  );

/**
 * The condition that rows belong to an entry, exactly, if only the entry's own table distinguishes such keys. A key that the columns cannot
 * hold has no rows.
 */
export function isOwned(kind: SqlKind, list: List, columns: readonly string[], key: string): Sql {
  const parts = splitParts(key, kind.key.columns.length)!;
  const holds = parts.every((part, index) => {
    const column = ownerColumn(kind, list, columns[index]!, index);
    return fitsColumn(part, column, kind.dialect);
  });
  if (!holds) return sql`1 = 0`;
  const conditions = parts.map((part, index) => {
    const column = ownerColumn(kind, list, columns[index]!, index);
    const value = kind.dialect.toDatabase(part, column);
    const owner = sql.id(columns[index]!);
    return keyTakesForSame(kind) ? sql`${owner} = ${value}` : isSameText(kind.dialect, owner, column, value);
  });
  return sql.join(conditions, sql` and `);
}

/** Restores rows that were marked as deleted, with the assignments of new ones. */
function revival(kind: SqlKind, list: List, owned: Sql, batch: Batch): Sql {
  const { dialect } = kind;
  const set = assignments(list, { ...list.where, ...list.set }, dialect);
  const isIn = sql.join(fixedSql(list, list.where, dialect), sql` and `);
  return sql`update ${tableSql(list.name)} set ${sql.join(set)}${allOf([owned, isOneOf(kind, list, batch, false), sql`not ${dialect.isTrue(isIn)}`])}`;
}

/** The column values for one list value. */
export function valuesIn(kind: SqlKind, attr: string, list: List, value: Value): unknown[] {
  const { dialect } = kind;
  const parts = list.value.length === 1 ? [value] : partsOf(kind, attr, list.value, value);
  return parts.map((part, index) =>
    ofAttr(attr, () => dialect.toDatabase(part, columnIn(list.columns, list.value[index]!, dialect))),
  );
}

/** The condition that a row's value is one of these: exactly, or as the columns' collations compare. */
function isOneOf(kind: SqlKind, list: List, batch: Batch, toTheLetter: boolean): Sql {
  const { exact } = kind.dialect;
  const columns = columnsIn(kind, list);
  const equal = (name: string, index: number, value: unknown): Sql => {
    const column = sql.id(name);
    const isExact = !toTheLetter || !isText(columns[index]!) || typeof value !== "string";
    return isExact
      ? sql`${column} = ${value}`
      : sql`${column} = ${value} and ${exact(inText(column, columns[index]!, kind.dialect))} = ${exact(sql`${value}`)}`;
  };
  const [name, ...more] = list.value;
  if (more.length === 0) {
    const isEqual = sql`${sql.id(name!)} in (${sql.join(batch.map(([each]) => each))})`;
    if (!toTheLetter || !isText(columns[0]!)) return isEqual;
    return sql`${isEqual} and ${exact(inText(sql.id(name!), columns[0]!, kind.dialect))} in (${sql.join(batch.map(([each]) => exact(sql`${each}`)))})`;
  }
  const rows = batch.map(
    (each) =>
      sql`(${sql.join(
        list.value.map((of, index) => equal(of, index, each[index])),
        sql` and `,
      )})`,
  );
  return sql`(${sql.join(rows, sql` or `)})`;
}

/** The properties of the columns that hold a list's values. */
export const columnsIn = (kind: SqlKind, { columns, value }: List): Column[] =>
  value.map((name) => columnIn(columns, name, kind.dialect));
