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

/** Reads the entry with a key in a transaction. */
async function read(of: SqlKind, key: string, attrs: readonly string[], run: Run): Promise<Entry | undefined> {
  const [row] = (await run(getStatement(of, key, attrs))).rows;
  return row === undefined ? undefined : toEntry(of, attrs, row as Record<string, unknown>);
}

/** The key that the database considers equal to another; the key itself if there is none. */
async function keyLike(run: Run, of: SqlKind, key: string): Promise<string> {
  const [row] = (await run(likeStatement(of, key))).rows;
  return row === undefined ? key : String(toEntry(of, [of.key.attr], row as Record<string, unknown>)[of.key.attr]);
}

/** The entry after a write. */
async function written(of: SqlKind, key: string, attrs: readonly string[], run: Run): Promise<Entry> {
  const entry = await read(of, key, attrs, run);
  if (entry) return entry;
  const where = `${of.name.table} with the key ${JSON.stringify(key)}`;
  throw new ConnectorError("invalid", `The written entry is not a row of ${where}: the write was undone.`);
}

/** Inserts the row and its lists within the caller's transaction. */
export async function createIn(run: Run, of: SqlKind, { entry, attrs }: CreateRequest): Promise<Entry> {
  const key = of.statements.create.length > 0 ? await callCreate(run, of, entry) : await insertRow(run, of, entry);
  const named = of.statements.create.flatMap((statement) => [...statement.attrs]);
  const lists = Object.fromEntries(Object.entries(entry).filter(([attr]) => !named.includes(attr)));
  const additions = Object.keys(of.lists).map((attr): Change => ({ op: "add", attr, values: valuesOf(lists, attr) }));
  await changeLists(run, of, key, additions, true);
  // A trigger may have written the key in another form that its column considers equal.
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

/** Reports whether the driver's insert ID is the key's column rather than another table's. */
const isCounted = ({ key, columns }: SqlKind, column: string): boolean =>
  key.columns.length === 1 && columns.get(column)?.isCounted === true;

/** The key from its columns' values. Throws if one is unknown: a row that nobody can address must not remain. */
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
    `The database did not report the ${key.columns.join(" and ")} that ${what} generated in ${name.table}: the write was undone. Set the key with "generate", or with the mapping's "create".`,
  );

/** Creates an entry by custom statements. */
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
    // A number generated by another table would be somebody else's key here.
    if (insertId && isCounted(of, columns[0]!) && insertsInto(statement, of.name)) number = insertId;
  }
  const named = columns.length === 1 ? made?.key : undefined;
  return keyOf(of, "statements.create", (column) => made?.[column] ?? named ?? valuesOf(given, column)[0] ?? number);
}

/** Makes changes and reads the result. */
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
    // Some databases count rows that triggers wrote, too.
    if (found > 1 && (await run(guardStatement(of, key, undefined))).rows.length > 1) throw severalRows(of, key);
    for (const statement of statements.taken) await run(statement);
    await changeLists(run, of, key, statements.lists);
  }
  return written(of, key, attrs, run);
}

/**
 * Rejects with `versionMismatch` if a looked-up value differs from a swap's old value. It is read through the entry's reference: other rows
 * may have the same value, and the referenced one may be out of reach.
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

/** Makes changes by custom statements on the current entry. Returns the changes left for the table. */
async function callUpdate(run: Run, of: SqlKind, { kind, key, changes, expected }: UpdateRequest) {
  const steps = of.statements.update.map(({ statement }) => statement);
  const changed = changes.map(({ attr }) => attr);
  const before = await locked(run, of, kind, key, expected, [...steps.flatMap(({ attrs }) => [...attrs]), ...changed]);
  const division = divide(of, changes, applyChanges(before, changes));
  const after = applyChanges(before, division.taken);
  for (const statement of division.statements) await run(boundStatement(of, statement, after));
  return division.rest;
}

/** Locks an entry and reads its readable attributes. */
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

/** A key as an entry of its columns. */
export const keyEntry = ({ key: { columns } }: SqlKind, key: string): Entry =>
  Object.fromEntries(splitParts(key, columns.length)!.map((part, index) => [columns[index]!, part]));

const changedSince = () => new ConnectorError("versionMismatch", "The row is no longer what it was when it was read.");

/** Explains why a guarded write affected no row. */
const missed = async (run: Run, of: SqlKind, kind: string, key: string): Promise<ConnectorError> =>
  (await run(getStatement(of, key, []))).rows.length > 0 ? changedSince() : entryNotFound(kind, key);

/** A key that several rows share identifies none of them: the write affected the others, too. */
const severalRows = ({ name, key: { columns } }: SqlKind, key: string): ConnectorError =>
  new ConnectorError(
    "unavailable",
    `Several rows of ${name.table} have ${columns.join(" and ")} ${JSON.stringify(key)}: nothing was changed. Set \`key\` to columns that identify a row.`,
    { mayHaveHappened: false, isAnswered: true },
  );

/**
 * Deletes an entry with its list rows. With triggers, rules or custom statements the number of deleted rows means little, so the deletion
 * counts as done only when the entry no longer exists.
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
    // An entry that is only marked as deleted keeps its key but not its name: the next holder of the name must not inherit.
    await deleteRows(run, of, key, of.deletedBy ? rows.filter(({ by }) => by !== undefined) : rows);
    const { numAffectedRows } = await run(deleteStatement(of, key, expected));
    if (Number(numAffectedRows ?? 0) === 1) return;
  }
  if ((await run(getStatement(of, key, []))).rows.length > 0)
    throw new ConnectorError(
      "denied",
      `The database kept the row of ${of.name.table}: its deletion was undone. A trigger, a rule or the kind's own statement prevents it.`,
    );
}

/** Deletes the list rows that belong to an entry. */
async function deleteRows(run: Run, of: SqlKind, key: string, rows: readonly Rows[]): Promise<void> {
  const names = [...new Set(rows.flatMap(({ by }) => by ?? []))];
  const entry = names.length > 0 ? await read(of, key, names, run) : undefined;
  for (const each of rows)
    for (const statement of rowsDeletion(of, each, key, entry))
      await run(statement).catch((error) => {
        throw of.dialect.isPassing(error) ? error : notDeleted(each, of.dialect.failure(error));
      });
}
