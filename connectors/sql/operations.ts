import { randomUUID } from "node:crypto";
import {
  type Change,
  type CreateRequest,
  type DeleteRequest,
  type Entry,
  type Expected,
  type UpdateRequest,
  valuesOf,
} from "../../src/connector/connector.ts";
import { ConnectorError, entryNotFound } from "../../src/connector/error.ts";
import { applyChanges, valuesPut } from "../../src/connector/reference.ts";
import { notDeleted, type Rows, rowsDeletion } from "./deletions.ts";
import { documentChanges, pathIn, withDocuments } from "./documents.ts";
import { isKey, joinParts, splitParts } from "./keys.ts";
import { columnOf, type OwnStatement, type SqlKind } from "./kind.ts";
import { changeLists } from "./lists.ts";
import { referringChanges, withReferences } from "./lookups.ts";
import { boundStatement, divide, insertsInto } from "./own.ts";
import type { Run } from "./session.ts";
import { sql } from "./sql.ts";
import { getStatement, likeStatement, toEntry } from "./statements.ts";
import { checkUnique } from "./unique.ts";
import { deleteStatement, guardStatement, insertStatement, rowOf, updateStatements } from "./writes.ts";

/** The entry with a key, read in a transaction. */
async function read(of: SqlKind, key: string, attrs: readonly string[], run: Run): Promise<Entry | undefined> {
  const [row] = (await run(getStatement(of, key, attrs))).rows;
  return row === undefined ? undefined : toEntry(of, attrs, row as Record<string, unknown>);
}

/** The key that the database takes for another one; that one itself where there is none. */
async function keyLike(run: Run, of: SqlKind, key: string): Promise<string> {
  const [row] = (await run(likeStatement(of, key))).rows;
  return row === undefined ? key : String(toEntry(of, [of.key.attr], row as Record<string, unknown>)[of.key.attr]);
}

/** The entry after a write of it. */
async function written(of: SqlKind, key: string, attrs: readonly string[], run: Run): Promise<Entry> {
  const entry = await read(of, key, attrs, run);
  if (entry) return entry;
  const where = `${of.name.table} with the key ${JSON.stringify(key)}`;
  throw new ConnectorError("invalid", `What was written is no row of ${where}: it was undone.`);
}

/** Makes the row and its lists, in a transaction that is the caller's. */
export async function createIn(run: Run, of: SqlKind, { entry, attrs }: CreateRequest): Promise<Entry> {
  const key = of.statements.create.length > 0 ? await callCreate(run, of, entry) : await insertRow(run, of, entry);
  const named = of.statements.create.flatMap((statement) => [...statement.attrs]);
  const lists = Object.fromEntries(Object.entries(entry).filter(([attr]) => !named.includes(attr)));
  const additions = Object.keys(of.lists).map((attr): Change => ({ op: "add", attr, values: valuesOf(lists, attr) }));
  await changeLists(run, of, key, additions, true);
  // A trigger may have written the key in another form, which its column takes for the same.
  const made = await read(of, key, attrs, run);
  return made ?? written(of, await keyLike(run, of, key), attrs, run);
}

async function insertRow(run: Run, of: SqlKind, entry: Entry): Promise<string> {
  await checkUnique(run, of, entry, undefined);
  const { generate, columns } = of.key;
  const row = rowOf(of, withDocuments(of, await withReferences(of, entry, run)));
  const [first] = columns;
  if (generate === "uuid" && !row.has(first!))
    row.set(first!, of.dialect.toDatabase(randomUUID(), columnOf(of, first!)));
  const open = columns.filter((column) => !row.has(column));
  if (typeof generate === "object" && open.length === 1) {
    const made = await run(sql`select ${sql.raw(generate.sql)} as ${sql.id("key")}`);
    row.set(open[0]!, (made.rows[0] as { key: unknown }).key);
  }
  const { rows, insertId } = await run(insertStatement(of, row));
  const returned = rows[0] as Record<string, unknown> | undefined;
  const counted = (column: string) => (isCounted(of, column) ? (returned?.made ?? insertId) : undefined);
  return keyOf(of, "the insert", (column) => returned?.[column] ?? row.get(column) ?? counted(column));
}

/** Whether what a driver tells of an insert is a key's column: the number that the database gave the row, which may be another's. */
const isCounted = ({ key, columns }: SqlKind, column: string): boolean =>
  key.columns.length === 1 && columns.get(column)?.isCounted === true;

/** The key that its columns' values make. Throws where one is not known: a row that nobody can name must not stay. */
function keyOf(of: SqlKind, what: string, valueIn: (column: string) => unknown): string {
  return joinParts(
    of.key.columns.map((column) => {
      const value = valueIn(column);
      if (value === undefined || value === null) throw noKey(of, what);
      return String(of.dialect.fromDatabase(value, columnOf(of, column)));
    }),
  );
}

const noKey = ({ name, key }: SqlKind, what: string) =>
  new ConnectorError(
    "unavailable",
    `The database does not say what ${key.columns.join(" and ")} ${what} made in ${name.table}: it was undone. Give the key by "generate", or by the mapping's "create".`,
  );

/** Creates by statements of the site's own. */
async function callCreate(run: Run, of: SqlKind, entry: Entry): Promise<string> {
  const { generate, columns } = of.key;
  const given: Entry =
    generate === "uuid" && valuesOf(entry, columns[0]!).length === 0
      ? { ...entry, [columns[0]!]: randomUUID() }
      : entry;
  let made: Record<string, unknown> | undefined;
  let number: bigint | undefined;
  for (const statement of of.statements.create) {
    const { rows, insertId } = await run(boundStatement(of, statement, given));
    const row = rows.findLast(
      (each) => typeof each === "object" && each !== null && ("key" in each || columns[0]! in each),
    );
    made = (row as Record<string, unknown> | undefined) ?? made;
    // What another table numbers is the key of somebody else here.
    if (insertId && isCounted(of, columns[0]!) && insertsInto(statement, of.name)) number = insertId;
  }
  const named = columns.length === 1 ? made?.key : undefined;
  return keyOf(of, "statements.create", (column) => made?.[column] ?? named ?? valuesOf(given, column)[0] ?? number);
}

/** Makes the changes, and reads what came of them. */
export async function updateIn(run: Run, of: SqlKind, request: UpdateRequest): Promise<Entry> {
  const { kind, key, changes, expected, attrs } = request;
  if (!isKey(of, key)) throw entryNotFound(kind, key);
  const isLocked = of.statements.update.length > 0;
  const rest = isLocked ? await callUpdate(run, of, request) : changes;
  if (!isLocked || rest.length > 0) {
    const held = isLocked ? undefined : expected;
    await checkUnique(run, of, valuesPut(rest), key);
    await checkLookedUp(run, of, request, rest);
    const whole = await documentChanges(run, of, key, rest);
    const statements = updateStatements(of, key, await referringChanges(of, whole, run), held);
    const found = statements.row
      ? Number((await run(statements.row)).numAffectedRows ?? 0)
      : (await run(guardStatement(of, key, held))).rows.length;
    if (found === 0) throw await missed(run, of, kind, key);
    // Some databases count what triggers wrote, too.
    if (found > 1 && (await run(guardStatement(of, key, undefined))).rows.length > 1) throw severalRows(of, key);
    for (const statement of statements.taken) await run(statement);
    await changeLists(run, of, key, statements.lists);
  }
  return written(of, key, attrs, run);
}

/**
 * Rejects with `versionMismatch` where a looked-up value is no longer what it is to be swapped from. What it is shows in the row that
 * the entry refers to: several may have the same value, and the one that is referred to may be out of reach.
 */
async function checkLookedUp(
  run: Run,
  of: SqlKind,
  { kind, key, expected }: UpdateRequest,
  changes: readonly Change[],
): Promise<void> {
  const swaps = changes.flatMap((change) => (change.op === "swap" && of.lookups[change.attr] ? [change] : []));
  if (swaps.length === 0) return;
  if ((await run(guardStatement(of, key, expected))).rows.length === 0) throw await missed(run, of, kind, key);
  const attrs = swaps.map(({ attr }) => attr);
  const entry = await read(of, key, attrs, run);
  if (swaps.some(({ attr, from }) => String(valuesOf(entry ?? {}, attr)[0] ?? "") !== String(from ?? "")))
    throw changedSince();
}

/** Makes changes by statements of the site's own, on the entry as it is then; gives those that the table is to make. */
async function callUpdate(run: Run, of: SqlKind, { kind, key, changes, expected }: UpdateRequest) {
  const steps = of.statements.update.map(({ statement }) => statement);
  const changed = changes.map(({ attr }) => attr);
  const before = await locked(run, of, kind, key, expected, [...steps.flatMap(({ attrs }) => [...attrs]), ...changed]);
  const division = divide(of, changes, applyChanges(before, changes));
  const after = applyChanges(before, division.taken);
  for (const statement of division.statements) await run(boundStatement(of, statement, after));
  return division.rest;
}

/** Keeps others from changing an entry, and reads it then, by the attributes that can be read. */
async function locked(
  run: Run,
  of: SqlKind,
  kind: string,
  key: string,
  expected: Expected | undefined,
  attrs: readonly string[],
): Promise<Entry> {
  const { lock } = of.statements;
  const keyed = keyEntry(of, key);
  const held = await run(lock ? boundStatement(of, lock, keyed) : guardStatement(of, key, expected));
  if (held.rows.length === 0) throw await missed(run, of, kind, key);
  if (held.rows.length > 1) throw severalRows(of, key);
  const readable = [...attrs, ...Object.keys(expected ?? {})].filter(
    (attr) => of.columns.has(attr) || of.lists[attr] || of.lookups[attr] || of.joined[attr] || pathIn(of, attr),
  );
  const entry = await read(of, key, readable, run);
  if (!entry) throw entryNotFound(kind, key);
  const isOther = Object.entries(expected ?? {}).some(([attr, value]) => String(entry[attr] ?? "") !== String(value));
  if (isOther) throw changedSince();
  return { ...entry, ...keyed };
}

/** A key as the columns that it is of. */
export const keyEntry = ({ key: { columns } }: SqlKind, key: string): Entry =>
  Object.fromEntries(splitParts(key, columns.length)!.map((part, index) => [columns[index]!, part]));

const changedSince = () => new ConnectorError("versionMismatch", "The row is no longer what it was when it was read.");

/** Why a guarded write met no row. */
const missed = async (run: Run, of: SqlKind, kind: string, key: string): Promise<ConnectorError> =>
  (await run(getStatement(of, key, []))).rows.length > 0 ? changedSince() : entryNotFound(kind, key);

/** A key that several rows have names none of them: what was written was another's, too. */
const severalRows = ({ name, key: { columns } }: SqlKind, key: string): ConnectorError =>
  new ConnectorError(
    "unavailable",
    `Several rows of ${name.table} have ${columns.join(" and ")} ${JSON.stringify(key)}: nothing was changed. Name columns as \`key\` that tell rows apart.`,
    { mayHaveHappened: false, isAnswered: true },
  );

/**
 * Takes an entry away, with its rows in lists. How many rows a deletion met says little where triggers, rules or statements of the
 * site's own do it: it is done when the entry is no longer there, and not before.
 */
export async function deleteIn(run: Run, of: SqlKind, request: DeleteRequest, rows: readonly Rows[]): Promise<void> {
  const { kind, key, expected } = request;
  if (!isKey(of, key)) throw entryNotFound(kind, key);
  const own: readonly OwnStatement[] = of.statements.delete;
  if (own.length > 0) {
    const attrs = own.flatMap((statement) => [...statement.attrs]);
    const entry = await locked(run, of, kind, key, expected, attrs);
    for (const statement of own) await run(boundStatement(of, statement, entry));
  } else {
    const held = await run(guardStatement(of, key, expected));
    if (held.rows.length === 0) throw await missed(run, of, kind, key);
    if (held.rows.length > 1) throw severalRows(of, key);
    // Who is only marked as gone keeps the key, and not the name: the next one of it must not inherit.
    await deleteRows(run, of, key, of.deletedBy ? rows.filter(({ by }) => by !== undefined) : rows);
    const { numAffectedRows } = await run(deleteStatement(of, key, expected));
    if (Number(numAffectedRows ?? 0) === 1) return;
  }
  if ((await run(getStatement(of, key, []))).rows.length > 0)
    throw new ConnectorError(
      "denied",
      `The database kept the row of ${of.name.table}: its deletion was undone. A trigger, a rule or the statement of the kind's own decides that.`,
    );
}

/** Takes the rows of lists away that go with an entry. */
async function deleteRows(run: Run, of: SqlKind, key: string, rows: readonly Rows[]): Promise<void> {
  const names = [...new Set(rows.flatMap(({ by }) => by ?? []))];
  const entry = names.length > 0 ? await read(of, key, names, run) : undefined;
  for (const each of rows)
    for (const statement of rowsDeletion(of, each, key, entry))
      await run(statement).catch((error) => {
        throw of.dialect.isPassing(error) ? error : notDeleted(each, of.dialect.failure(error));
      });
}
