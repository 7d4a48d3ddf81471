import { type Change, type Entry, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { textOf } from "./dialects/values.ts";
import { isText, joinParts } from "./keys.ts";
import type { SqlKind } from "./kind.ts";
import { columnsIn, rowsOf, valueUpdate } from "./rows.ts";
import type { Run } from "./session.ts";
import type { Sql } from "./sql.ts";
import { getStatement, toEntry } from "./statements.ts";

/** Inserts the list values of a new entry, as far as they are known without a read. */
export const listInserts = (kind: SqlKind, entry: Entry, key: string): Sql[] =>
  Object.keys(kind.lists).flatMap((attr) =>
    listStatements(kind, key, { op: "add", attr, values: valuesOf(entry, attr) }),
  );

/** The statements of a list change, as far as they are known without a read; `changeList` uses fewer if it can. */
export function listStatements(kind: SqlKind, key: string, change: Change): Sql[] {
  const { attr } = change;
  const list = rowsOf(kind, key, attr);
  if (change.op !== "swap") {
    const additions = change.op === "delete" ? [] : list.batches(change.values).flatMap(list.additions);
    if (change.op === "add") return additions;
    return change.op === "delete" ? list.batches(change.values).map(list.deletion) : [list.deletion(), ...additions];
  }
  const { from, to } = change;
  if (from !== null && to !== null)
    return kind.lists[attr]!.isOfThings
      ? [...list.batches([from]).map(list.deletion), ...list.batches([to]).flatMap(list.additions)]
      : [valueUpdate(kind, key, attr, from, to)];
  if (to !== null) return listStatements(kind, key, { op: "add", attr, values: [to] });
  return from === null ? [] : listStatements(kind, key, { op: "delete", attr, values: [from] });
}

/**
 * Changes lists within the caller's transaction. Unchanged values keep their rows. If a value is replaced, its row is updated, because rows
 * hold more than the value, unless values are keys: data about one entry must not pass to another. Rejects with `versionMismatch` if a
 * swap's old value is gone, and with `conflict` if the database ignores a value.
 */
export async function changeLists(
  run: Run,
  kind: SqlKind,
  key: string,
  changes: readonly Change[],
  isNew = false,
): Promise<void> {
  for (const [attr, group] of Map.groupBy(changes, (change) => change.attr)) {
    const isExchange =
      group.length > 1 &&
      !kind.lists[attr]!.isOfKeys &&
      !kind.lists[attr]!.isOfThings &&
      group.every(({ op }) => op === "add" || op === "delete");
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
    } else for (const change of group) await changeList(run, kind, key, change, isNew);
  }
}

async function changeList(run: Run, kind: SqlKind, key: string, change: Change, isNew: boolean): Promise<void> {
  const { attr } = change;
  if (change.op === "add") {
    const values = isNew ? change.values : await withoutBlank(run, kind, key, attr, change.values);
    return addValues(run, kind, key, attr, values);
  }
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

/** The values that need a new row: a single row without a value takes the first. */
async function withoutBlank(
  run: Run,
  kind: SqlKind,
  key: string,
  attr: string,
  values: readonly Value[],
): Promise<readonly Value[]> {
  const { isOfKeys, isOfThings, value, deletedBy } = kind.lists[attr]!;
  const [first, ...more] = values;
  if (first === undefined || isOfKeys || isOfThings || deletedBy || value.length > 1) return values;
  const list = rowsOf(kind, key, attr);
  const { found, filled } = list.blanks();
  if ((await run(found)).rows.length !== 1) return values;
  for (const batch of list.batches([first])) if ((await run(list.remaining(batch))).rows.length > 0) return values;
  await run(filled(first));
  return more;
}

async function presentIn(run: Run, kind: SqlKind, key: string, attr: string): Promise<Value[]> {
  const [row] = (await run(getStatement(kind, key, [attr]))).rows;
  return [...valuesOf(row === undefined ? {} : toEntry(kind, [attr], row as Record<string, unknown>), attr)];
}

async function replaceValues(
  run: Run,
  kind: SqlKind,
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
  // Values that the database considers equal may be written differently.
  const rewritten = [...wanted].flatMap(([each, value]): [Value, Value][] => {
    const held = there.get(each);
    return held === undefined || textOf(held) === textOf(value) ? [] : [[held, value]];
  });
  const pairs = list.isOfThings ? [] : [...rewritten, ...(list.isOfKeys ? [] : alike(gone, come))];
  const [out, into] = [gone, come].map((values, side) => {
    const paired = new Set(pairs.map((pair) => pair[side]));
    return values.filter((value) => !paired.has(value));
  }) as [Value[], Value[]];
  const isExchanged = out.length === 1 && into.length === 1 && !list.isOfKeys && !list.isOfThings && !list.deletedBy;
  if (isExchanged) pairs.push([out.pop()!, into.pop()!]);
  for (const [from, to] of pairs) await run(valueUpdate(kind, key, attr, from, to));
  await deleteValues(run, kind, key, attr, out);
  await addValues(run, kind, key, attr, await withoutBlank(run, kind, key, attr, into));
}

/** Values that are removed and added differing only in case, which some columns consider equal. */
function alike(gone: readonly Value[], come: readonly Value[]): [Value, Value][] {
  const byForm = new Map(gone.map((value) => [folded(value), value]));
  return come.flatMap((value): [Value, Value][] => {
    const held = byForm.get(folded(value));
    byForm.delete(folded(value));
    return held === undefined ? [] : [[held, value]];
  });
}

async function deleteValues(run: Run, kind: SqlKind, key: string, attr: string, values: readonly Value[]) {
  const list = rowsOf(kind, key, attr);
  for (const batch of list.batches(values)) {
    const { numAffectedRows } = await run(list.deletion(batch));
    if (Number(numAffectedRows ?? 0) >= batch.length) continue;
    if ((await run(list.remaining(batch))).rows.length > 0)
      throw new ConnectorError(
        "denied",
        `The database kept a value of "${attr}" in ${kind.lists[attr]!.name.table}: its removal was undone. A trigger or rule prevents it.`,
        { attr },
      );
  }
}

/** Adds missing values. An insert that skips existing rows also skips those that a rule forbids. */
async function addValues(run: Run, kind: SqlKind, key: string, attr: string, values: readonly Value[]): Promise<void> {
  const form = formOf(kind, attr);
  const unlike = [...new Map(values.map((value) => [form(value), value])).values()];
  const list = rowsOf(kind, key, attr);
  let from = 0;
  for (const batch of list.batches(unlike)) {
    const wanted = unlike.slice(from, from + batch.length);
    from += batch.length;
    let made = 0;
    for (const statement of list.additions(batch)) made = Number((await run(statement)).numAffectedRows ?? 0);
    if (made === batch.length && kind.dialect.countsInserted) continue;
    const held = await heldIn(run, kind, attr, list.matching(batch));
    // A collation may consider a value present that SCIM does not: José is not Jose.
    const isThere = columnsIn(kind, kind.lists[attr]!).every(isText)
      ? new Set(held.map(folded)).size >= new Set(wanted.map(folded)).size &&
        wanted.every((value) => held.some((each) => folded(each) === folded(value)))
      : held.length >= batch.length;
    if (!isThere) throw notAdded(kind, attr);
  }
}

function notAdded({ lists }: SqlKind, attr: string): ConnectorError {
  const { name, isOfThings, value } = lists[attr]!;
  return isOfThings
    ? new ConnectorError("invalid", `No row of ${name.table} has this ${value.join(" and ")}.`, { attr })
    : new ConnectorError("conflict", `A value of "${attr}" conflicts with another row of ${name.table}.`, { attr });
}

/** The values that a statement finds in a list. */
async function heldIn(run: Run, kind: SqlKind, attr: string, statement: Sql): Promise<Value[]> {
  const list = kind.lists[attr]!;
  const columns = columnsIn(kind, list);
  return ((await run(statement)).rows as Record<string, unknown>[]).flatMap((row) => {
    const parts = list.value.map((name, index) => kind.dialect.fromDatabase(row[name], columns[index]!));
    return parts.every((part) => part !== undefined) ? [joinedValue(parts as Value[])] : [];
  });
}

const folded = (value: Value): string => textOf(value).normalize("NFC").toLowerCase();

/** The values that a list contains: exactly, or as columns that ignore case compare them. */
async function heldAs(run: Run, kind: SqlKind, key: string, attr: string, values: readonly Value[]): Promise<Value[]> {
  const rows = rowsOf(kind, key, attr);
  const held: Value[] = [];
  for (const batch of rows.batches(values)) held.push(...(await heldIn(run, kind, attr, rows.matching(batch))));
  const exact = new Set(held.map(textOf));
  const alike = Map.groupBy(held, folded);
  return values.flatMap((value) => (exact.has(textOf(value)) ? [value] : (alike.get(folded(value)) ?? [])));
}

const joinedValue = (parts: readonly Value[]): Value => (parts.length === 1 ? parts[0]! : joinParts(parts));

/** Reports whether the database considers list values equal that differ in case. */
const foldsCase = (kind: SqlKind, attr: string): boolean =>
  columnsIn(kind, kind.lists[attr]!).some((column) => column.foldsCase);

/** Normalises list values for comparison as the database does: some columns ignore case, and UUIDs have none. */
function formOf(kind: SqlKind, attr: string): (value: Value) => string {
  const folds = columnsIn(kind, kind.lists[attr]!).some(({ foldsCase, type }) => foldsCase || type.startsWith("uuid"));
  return folds ? folded : textOf;
}
