import { type Change, type Entry, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { columnIn } from "./column.ts";
import { leafSql } from "./conditions.ts";
import { allOf, columnSql, fixedSql, type Lookup, type SqlKind, tableSql } from "./kind.ts";
import type { Run } from "./session.ts";
import { type Sql, sql } from "./sql.ts";

/** Selects the references to a looked-up value, with one more than is allowed. */
export function referenceStatement({ dialect }: SqlKind, lookup: Lookup, value: Value): Sql {
  const held = leafSql(
    { op: "eq", attr: lookup.value, value: value as string },
    columnSql(lookup.name, lookup.value),
    columnIn(lookup.columns, lookup.value, dialect),
    dialect,
  );
  const key = columnSql(lookup.name, lookup.key);
  const exact = columnSql(lookup.name, lookup.value);
  return sql`select ${key} as ${sql.id("key")}, ${exact} as ${sql.id("value")} from ${tableSql(lookup.name)}${allOf([
    held,
    ...fixedSql(lookup, lookup.where, dialect),
  ])} order by ${key} ${dialect.page(2, 0)}`;
}

/** The reference to a looked-up value. Rejects with `invalid` if no row or several rows have it. */
async function referenceTo(kind: SqlKind, attr: string, value: Value, run: Run): Promise<Value> {
  const lookup = kind.lookups[attr]!;
  const { dialect } = kind;
  const rows = (await run(referenceStatement(kind, lookup, value))).rows as { key: unknown; value: unknown }[];
  const of = columnIn(lookup.columns, lookup.value, dialect);
  const found = rows.length > 1 ? rows.filter((row) => dialect.fromDatabase(row.value, of) === value) : rows;
  const what = `${lookup.value} is ${JSON.stringify(value)}`;
  if (rows.length === 0)
    throw new ConnectorError("invalid", `No row in ${lookup.name.table} has this value: ${what}.`, { attr });
  if (found.length !== 1)
    throw new ConnectorError("invalid", `Several rows in ${lookup.name.table} have this value: ${what}.`, { attr });
  const key = dialect.fromDatabase(found[0]!.key, columnIn(lookup.columns, lookup.key, dialect)) ?? null;
  if (key === null)
    throw new ConnectorError("invalid", `The row in ${lookup.name.table} whose ${what} has no ${lookup.key}.`, {
      attr,
    });
  return key;
}

const isLookedUp = (kind: SqlKind, attr: string): boolean => kind.lookups[attr] !== undefined;

/** An entry with looked-up values replaced by references. */
export async function withReferences(kind: SqlKind, entry: Entry, run: Run): Promise<Entry> {
  const attrs = Object.keys(entry).filter((attr) => isLookedUp(kind, attr));
  if (attrs.length === 0) return entry;
  const result: Record<string, Entry[string]> = { ...entry };
  for (const attr of attrs) {
    const [value] = valuesOf(entry, attr);
    delete result[attr];
    if (value !== undefined) result[kind.lookups[attr]!.column] = await referenceTo(kind, attr, value, run);
  }
  return result;
}

/** Converts changes of looked-up values to changes of references. The caller verifies a swap's old value. */
export async function referringChanges(
  kind: SqlKind,
  changes: readonly Change[],
  run: Run,
): Promise<readonly Change[]> {
  if (!changes.some(({ attr }) => isLookedUp(kind, attr))) return changes;
  const result: Change[] = [];
  for (const change of changes) {
    if (!isLookedUp(kind, change.attr)) {
      result.push(change);
      continue;
    }
    const { column: attr } = kind.lookups[change.attr]!;
    const refer = (value: Value) => referenceTo(kind, change.attr, value, run);
    if (change.op === "swap") {
      const values = change.to === null ? [] : [await refer(change.to)];
      result.push({ op: "replace", attr, values });
    } else if (change.op === "delete") {
      // A value that no row has cannot be present.
      const present = await each(change.values, (value) => refer(value).catch(absent));
      result.push({ op: "delete", attr, values: present.filter((value) => value !== undefined) });
    } else result.push({ op: change.op, attr, values: await each(change.values, refer) });
  }
  return result;
}

/** Sequentially, because a transaction has one connection. */
async function each<T>(values: readonly Value[], work: (value: Value) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (const value of values) results.push(await work(value));
  return results;
}

const isInvalid = (error: unknown): boolean => error instanceof ConnectorError && error.kind === "invalid";

function absent(error: unknown): undefined {
  if (!isInvalid(error)) throw error;
}
