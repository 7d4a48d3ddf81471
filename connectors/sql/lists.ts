import { sql } from "kysely";
import { type Change, type Entry, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { keyIn } from "./deletions.ts";
import type { SqlDialect } from "./dialect.ts";
import { haveValues } from "./keys.ts";
import { allOf, assignedSql, columnIn, fixedSql, type Kind, type List, type Sql, tableSql } from "./kind.ts";
import type { Run } from "./session.ts";
import { getStatement, toEntry } from "./statements.ts";
import { assignments, ofAttr, partsOf } from "./writes.ts";

/** The values of a new entry's lists. */
export const listInserts = (kind: Kind, entry: Entry, key: string): Sql[] =>
  Object.keys(kind.lists).flatMap((attr) =>
    listStatements(kind, key, { op: "add", attr, values: valuesOf(entry, attr) }),
  );

/** How many parameters go in one statement: databases bound their number. */
const BATCH = 2000;

/** The statements of a list's change, as far as they are known without a look at it: `changeList` makes fewer where it can. */
export function listStatements(kind: Kind, key: string, change: Change): Sql[] {
  const { dialect } = kind;
  const list = kind.lists[change.attr]!;
  if (change.op === "swap") {
    const { attr, from, to } = change;
    if (from !== null && to !== null) return [valueUpdate(kind, key, attr, from, to)];
    if (from === null && to === null) return [];
    return listStatements(
      kind,
      key,
      to === null ? { op: "delete", attr, values: [from!] } : { op: "add", attr, values: [to] },
    );
  }
  const owners = keyIn(kind, list, list.owner, key);
  const given = [
    ...Object.entries(list.where).flatMap(([column, value]) => (value === null ? [] : [[column, value] as const])),
    ...Object.entries(list.set),
  ].map(([column, value]) => ({ column, value: assignedSql(list, column, value, dialect) }));
  const names = [...list.owner, ...list.value, ...given.map(({ column }) => column)];
  // An expression may count on from what is there, and has to see the row before.
  const isCounted = Object.values(list.set).some((value) => typeof value === "object" && value !== null);
  const size = isCounted ? 1 : Math.floor(BATCH / names.length);
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
    haveValues(columns, valuesIn(kind, attr, list, from)),
    ...fixedSql(list, list.where, dialect),
  ];
  return sql`update ${tableSql(list.name)} set ${sql.join(set)}${allOf(rows)}`;
}

/**
 * Changes a list, in a transaction that is the caller's. What stays keeps its row, and a value that takes another's place takes its
 * row: rows hold more than the value. Rejects with `versionMismatch` where a swap's value is not there any more.
 */
export async function changeList(run: Run, kind: Kind, key: string, change: Change): Promise<void> {
  const { attr } = change;
  if (change.op === "add" || change.op === "delete") {
    for (const statement of listStatements(kind, key, change)) await run(statement);
    return;
  }
  const [row] = (await run(getStatement(kind, key, [attr]))).rows;
  const present = valuesOf(row === undefined ? {} : toEntry(kind, [attr], row as Record<string, unknown>), attr);
  const isFrom = (from: Value | null) =>
    from === null ? present.length === 0 : present.length === 1 && String(present[0]) === String(from);
  if (change.op === "swap" && !isFrom(change.from))
    throw new ConnectorError("versionMismatch", `"${attr}" is no longer what it was.`, { attr });
  const given = change.op === "swap" ? (change.to === null ? [] : [change.to]) : change.values;
  const form = formOf(kind, attr);
  const wanted = new Map(given.map((value) => [form(value), value]));
  const there = new Map(present.map((value) => [form(value), value]));
  const gone = present.filter((value) => !wanted.has(form(value)));
  const come = [...wanted].flatMap(([each, value]) => (there.has(each) ? [] : [value]));
  // What the database takes for the same is written otherwise, perhaps.
  for (const [each, value] of wanted) {
    const held = there.get(each);
    if (held !== undefined && textOf(held) !== textOf(value)) await run(valueUpdate(kind, key, attr, held, value));
  }
  const exchanged = kind.lists[attr]!.deletedBy ? 0 : Math.min(gone.length, come.length);
  for (let index = 0; index < exchanged; index++) await run(valueUpdate(kind, key, attr, gone[index]!, come[index]!));
  const rest: Change[] = [
    { op: "delete", attr, values: gone.slice(exchanged) },
    { op: "add", attr, values: come.slice(exchanged) },
  ];
  for (const each of rest) for (const statement of listStatements(kind, key, each)) await run(statement);
}

const textOf = (value: Value): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

/** The form in which the database takes two values of a list for one: a key is text to those who ask, and some columns fold case. */
function formOf(kind: Kind, attr: string): (value: Value) => string {
  const list = kind.lists[attr]!;
  const folds = list.value.some((name) => columnIn(list.columns, name, kind.dialect).foldsCase);
  return (value) => (folds ? textOf(value).normalize("NFC").toLowerCase() : textOf(value));
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
