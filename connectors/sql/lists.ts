import { sql } from "kysely";
import { type Change, type Entry, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { keyIn } from "./deletions.ts";
import { textOf } from "./dialects/values.ts";
import { ofAttr } from "./held.ts";
import { haveValues, inText, isText, joinParts } from "./keys.ts";
import {
  allOf,
  assignedSql,
  type Column,
  columnIn,
  fixedSql,
  type Kind,
  type List,
  type Sql,
  tableSql,
} from "./kind.ts";
import type { Run } from "./session.ts";
import { getStatement, toEntry } from "./statements.ts";
import { assignments, partsOf } from "./writes.ts";

/** The statements that give a new entry the values of its lists, as far as they are known without a look. */
export const listInserts = (kind: Kind, entry: Entry, key: string): Sql[] =>
  Object.keys(kind.lists).flatMap((attr) =>
    listStatements(kind, key, { op: "add", attr, values: valuesOf(entry, attr) }),
  );

/** How many parameters go in one statement: databases bound their number. */
const BATCH = 2000;

/** The statements of a list's change, as far as they are known without a look at it: `changeList` makes fewer where it can. */
export function listStatements(kind: Kind, key: string, change: Change): Sql[] {
  const { attr } = change;
  const list = rowsOf(kind, key, attr);
  if (change.op !== "swap") {
    const additions = change.op === "delete" ? [] : list.batches(change.values).flatMap(list.additions);
    if (change.op === "add") return additions;
    return change.op === "delete" ? list.batches(change.values).map(list.deletion) : [list.deletion(), ...additions];
  }
  const { from, to } = change;
  if (from !== null && to !== null) return [valueUpdate(kind, key, attr, from, to)];
  if (to !== null) return listStatements(kind, key, { op: "add", attr, values: [to] });
  return from === null ? [] : listStatements(kind, key, { op: "delete", attr, values: [from] });
}

/** Values as their columns hold them, as many as one statement takes. */
type Batch = readonly unknown[][];

/** The statements on an entry's rows in a list. */
function rowsOf(kind: Kind, key: string, attr: string) {
  const { dialect } = kind;
  const list = kind.lists[attr]!;
  const owners = keyIn(kind, list, list.owner, key);
  const given = [
    ...Object.entries(list.where).flatMap(([column, value]) => (value === null ? [] : [[column, value] as const])),
    ...Object.entries(list.set),
  ].map(([column, value]) => ({ column, value: assignedSql(list, column, value, dialect) }));
  const names = [...list.owner, ...list.value, ...given.map(({ column }) => column)];
  // An expression may count on from what is there, and has to see the row before.
  const isCounted = Object.values(list.set).some((value) => typeof value === "object" && value !== null);
  const size = isCounted ? 1 : Math.floor(BATCH / (names.length + list.value.length));
  const owned = haveValues(
    list.owner.map((column) => sql.id(column)),
    owners,
  );
  const mine = [owned, ...fixedSql(list, list.where, dialect)];
  return {
    batches: (values: readonly Value[]): Batch[] => {
      const all = values.map((value) => valuesIn(kind, attr, list, value));
      return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
    },
    additions: (batch: Batch): Sql[] => [
      ...(list.deletedBy ? [revival(kind, list, owned, batch)] : []),
      dialect.insertMissing(
        tableSql(list.name),
        names,
        batch.map((each) => [...owners, ...each, ...given.map(({ value }) => value)]),
        [...list.owner, ...list.value, ...Object.keys(list.where)],
      ),
    ],
    deletion: (batch?: Batch): Sql => {
      const gone = allOf([...mine, ...(batch ? [isOneOf(kind, list, batch, true)] : [])]);
      if (!list.deletedBy) return sql`delete from ${tableSql(list.name)}${gone}`;
      return sql`update ${tableSql(list.name)} set ${sql.join(assignments(list, list.deletedBy, dialect))}${gone}`;
    },
    matching: (batch: Batch): Sql =>
      sql`select ${sql.join(list.value.map((name) => sql.id(name)))} from ${tableSql(list.name)}${allOf([...mine, isOneOf(kind, list, batch, false)])}`,
    count: (batch: Batch): Sql =>
      sql`select count(*) as total from ${tableSql(list.name)}${allOf([...mine, isOneOf(kind, list, batch, false)])}`,
  };
}

/** Gives a value of a list another one in its own row: whatever else that row holds stays. */
function valueUpdate(kind: Kind, key: string, attr: string, from: Value, to: Value): Sql {
  const { dialect } = kind;
  const list = kind.lists[attr]!;
  const columns = list.value.map((column) => sql.id(column));
  const next = valuesIn(kind, attr, list, to);
  const set = columns.map((column, index) => sql`${column} = ${next[index]}`);
  const rows = [
    haveValues(
      list.owner.map((column) => sql.id(column)),
      keyIn(kind, list, list.owner, key),
    ),
    isOneOf(kind, list, [valuesIn(kind, attr, list, from)], true),
    ...fixedSql(list, list.where, dialect),
  ];
  return sql`update ${tableSql(list.name)} set ${sql.join(set)}${allOf(rows)}`;
}

/**
 * Changes lists, in a transaction that is the caller's. What stays keeps its row; where one value goes and another comes it takes
 * that row, in one change or in several, for rows hold more than the value. Not where the values are keys: what a row says of one
 * entry is not said of another. Rejects with `versionMismatch` where a swap's value is not there any more, and with `conflict` where
 * the database passes over a value.
 */
export async function changeLists(run: Run, kind: Kind, key: string, changes: readonly Change[]): Promise<void> {
  for (const [attr, group] of Map.groupBy(changes, (change) => change.attr)) {
    const isExchange =
      group.length > 1 && !kind.lists[attr]!.isOfKeys && group.every(({ op }) => op === "add" || op === "delete");
    if (isExchange) {
      const present = await presentIn(run, kind, key, attr);
      const form = formOf(kind, attr);
      const after = new Map(present.map((value) => [form(value), value]));
      for (const each of group)
        for (const value of each.op === "swap" ? [] : each.values) {
          if (each.op === "delete") after.delete(form(value));
          else if (!after.has(form(value))) after.set(form(value), value);
        }
      await replaceValues(run, kind, key, attr, present, [...after.values()]);
    } else for (const change of group) await changeList(run, kind, key, change);
  }
}

async function changeList(run: Run, kind: Kind, key: string, change: Change): Promise<void> {
  const { attr } = change;
  if (change.op === "add") return addValues(run, kind, key, attr, change.values);
  if (change.op === "delete" && !foldsCase(kind, attr)) return deleteValues(run, kind, key, attr, change.values);
  if (change.op === "delete")
    return deleteValues(run, kind, key, attr, await heldAs(run, kind, key, attr, change.values));
  const present = await presentIn(run, kind, key, attr);
  if (change.op !== "swap") return replaceValues(run, kind, key, attr, present, change.values);
  const { from, to } = change;
  const isFrom = from === null ? present.length === 0 : present.length === 1 && String(present[0]) === String(from);
  if (!isFrom) throw new ConnectorError("versionMismatch", `"${attr}" is no longer what it was.`, { attr });
  return replaceValues(run, kind, key, attr, present, to === null ? [] : [to]);
}

async function presentIn(run: Run, kind: Kind, key: string, attr: string): Promise<Value[]> {
  const [row] = (await run(getStatement(kind, key, [attr]))).rows;
  return [...valuesOf(row === undefined ? {} : toEntry(kind, [attr], row as Record<string, unknown>), attr)];
}

async function replaceValues(
  run: Run,
  kind: Kind,
  key: string,
  attr: string,
  present: readonly Value[],
  given: readonly Value[],
): Promise<void> {
  const list = kind.lists[attr]!;
  const form = formOf(kind, attr);
  const wanted = new Map(given.map((value) => [form(value), value]));
  const there = new Map(present.map((value) => [form(value), value]));
  const gone = present.filter((value) => !wanted.has(form(value)));
  const come = [...wanted].flatMap(([each, value]) => (there.has(each) ? [] : [value]));
  // What the database takes for the same is written otherwise, perhaps.
  const rewritten = [...wanted].flatMap(([each, value]): [Value, Value][] => {
    const held = there.get(each);
    return held === undefined || textOf(held) === textOf(value) ? [] : [[held, value]];
  });
  const pairs = [...rewritten, ...(list.isOfKeys ? [] : alike(gone, come))];
  const [out, into] = [gone, come].map((values, side) => {
    const paired = new Set(pairs.map((pair) => pair[side]));
    return values.filter((value) => !paired.has(value));
  }) as [Value[], Value[]];
  const isExchanged = out.length === 1 && into.length === 1 && !list.isOfKeys && !list.deletedBy;
  if (isExchanged) pairs.push([out.pop()!, into.pop()!]);
  for (const [from, to] of pairs) await run(valueUpdate(kind, key, attr, from, to));
  await deleteValues(run, kind, key, attr, out);
  await addValues(run, kind, key, attr, into);
}

/** Values that go and come as the same but for their case: some columns take them for one. */
function alike(gone: readonly Value[], come: readonly Value[]): [Value, Value][] {
  const byForm = new Map(gone.map((value) => [folded(value), value]));
  return come.flatMap((value): [Value, Value][] => {
    const held = byForm.get(folded(value));
    byForm.delete(folded(value));
    return held === undefined ? [] : [[held, value]];
  });
}

async function deleteValues(run: Run, kind: Kind, key: string, attr: string, values: readonly Value[]) {
  const list = rowsOf(kind, key, attr);
  for (const batch of list.batches(values)) await run(list.deletion(batch));
}

/** Adds values, those of them that are not there. An insert that passes over what is there passes over what a rule forbids, too. */
async function addValues(run: Run, kind: Kind, key: string, attr: string, values: readonly Value[]): Promise<void> {
  const form = formOf(kind, attr);
  const unlike = [...new Map(values.map((value) => [form(value), value])).values()];
  const list = rowsOf(kind, key, attr);
  for (const batch of list.batches(unlike)) {
    let made = 0;
    for (const statement of list.additions(batch)) made = Number((await run(statement)).numAffectedRows ?? 0);
    if (made === batch.length && kind.dialect.countsInserted) continue;
    const { total } = (await run(list.count(batch))).rows[0] as { total: unknown };
    if (Number(total) < batch.length)
      throw new ConnectorError(
        "conflict",
        `A value of "${attr}" clashes with another row of ${kind.lists[attr]!.name.table}.`,
        {
          attr,
        },
      );
  }
}

const folded = (value: Value): string => textOf(value).normalize("NFC").toLowerCase();

/** Of values those that a list holds: to the letter, or else all that its columns, which fold case, take for the same. */
async function heldAs(run: Run, kind: Kind, key: string, attr: string, values: readonly Value[]): Promise<Value[]> {
  const list = kind.lists[attr]!;
  const columns = columnsIn(kind, list);
  const rows = rowsOf(kind, key, attr);
  const held: Value[] = [];
  for (const batch of rows.batches(values))
    for (const row of (await run(rows.matching(batch))).rows as Record<string, unknown>[]) {
      const parts = list.value.map((name, index) => kind.dialect.fromDatabase(row[name], columns[index]!));
      if (parts.every((part) => part !== undefined)) held.push(joinedValue(parts as Value[]));
    }
  const exact = new Set(held.map(textOf));
  const alike = Map.groupBy(held, folded);
  return values.flatMap((value) => (exact.has(textOf(value)) ? [value] : (alike.get(folded(value)) ?? [])));
}

const joinedValue = (parts: readonly Value[]): Value => (parts.length === 1 ? parts[0]! : joinParts(parts));

const columnsIn = (kind: Kind, { columns, value }: List): Column[] =>
  value.map((name) => columnIn(columns, name, kind.dialect));

/** Whether the database takes two of a list's values for one that differ in case. */
const foldsCase = (kind: Kind, attr: string): boolean =>
  columnsIn(kind, kind.lists[attr]!).some((column) => column.foldsCase);

/** The form in which the database takes two values of a list for one: some columns fold case, and UUIDs have none. */
function formOf(kind: Kind, attr: string): (value: Value) => string {
  const folds = columnsIn(kind, kind.lists[attr]!).some(({ foldsCase, type }) => foldsCase || type.startsWith("uuid"));
  return folds ? folded : textOf;
}

/** Takes rows back that are there, but were taken out: as new ones they are given what those are. */
function revival(kind: Kind, list: List, owned: Sql, batch: Batch): Sql {
  const { dialect } = kind;
  const set = assignments(list, { ...list.where, ...list.set }, dialect);
  const isIn = sql.join(fixedSql(list, list.where, dialect), sql` and `);
  return sql`update ${tableSql(list.name)} set ${sql.join(set)}${allOf([owned, isOneOf(kind, list, batch, false), sql`not ${dialect.isTrue(isIn)}`])}`;
}

function valuesIn(kind: Kind, attr: string, list: List, value: Value): unknown[] {
  const { dialect } = kind;
  const parts = list.value.length === 1 ? [value] : partsOf(kind, attr, list.value, value);
  return parts.map((part, index) =>
    ofAttr(attr, () => dialect.toDatabase(part, columnIn(list.columns, list.value[index]!, dialect))),
  );
}

/** The condition that a row's value is one of these: to the letter, or as the columns' collations compare them. */
function isOneOf(kind: Kind, list: List, batch: Batch, toTheLetter: boolean): Sql {
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
