import { sql } from "kysely";
import type { References } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { haveValues, splitParts } from "./keys.ts";
import { allOf, assignedSql, columnIn, columnOf, fixedSql, type Kind, type List, type Sql, tableSql } from "./kind.ts";

/** Rows of lists that are gone with an entry: those that it owns, and those of others that refer to it. */
interface Rows {
  readonly attr: string;
  readonly list: List;
  /** The columns that hold the entry's key. */
  readonly columns: readonly string[];
}

/**
 * The rows that a deletion of an entry takes with it: a new entry with its key must not come into what the old one had. Whatever
 * kind is deleted, the row may be an entry of other kinds too, with lists of their own. Rows that are things in their own right
 * stay, and those that the configuration keeps.
 */
export function rowsOf(kinds: ReadonlyMap<string, Kind>, name: string, references: References): Rows[] {
  const deleted = kinds.get(name)!;
  const isKept = (list: List) => (list.onDelete ?? (isOfEntries(kinds, list) ? "keep" : "delete")) === "keep";
  const same = [...kinds].filter(([, kind]) => isSameRow(kind, deleted)).map(([each]) => each);
  const refersTo = (of: string, attr: string, list: List) =>
    (list.ofKind !== undefined && same.includes(list.ofKind)) ||
    references.some((each) => each.kind === of && each.attr === attr && each.to.some((to) => same.includes(to)));
  const all = [...kinds].flatMap(([of, { lists }]) =>
    Object.entries(lists).flatMap(([attr, list]): Rows[] => [
      ...(same.includes(of) ? [{ attr, list, columns: list.owner }] : []),
      ...(refersTo(of, attr, list) ? [{ attr, list, columns: list.value }] : []),
    ]),
  );
  const unlike = new Map(
    all
      .filter(({ list }) => !isKept(list))
      .map((rows) => [JSON.stringify([nameOf(rows.list.name), rows.columns, rows.list.where]), rows]),
  );
  return [...unlike.values()];
}

/**
 * Whether a list's rows are things in their own right: entries of a kind, however its table is written here, or rows that the list's
 * value numbers, as their primary key. A text that is the primary key, such as an address, is as good as its row; and the key of an
 * entry is the row's only in so far as it refers to that.
 */
function isOfEntries(kinds: ReadonlyMap<string, Kind>, { name, columns, value, isOfKeys }: List): boolean {
  const isOfKind = [...kinds.values()].some((kind) => tableOf(kind.name) === tableOf(name));
  const { isKey, type, isInteger } = columns.get(value[0]!) ?? {};
  const isNumber = type === "integer" || type === "uuid" || type === "uuidBytes" || isInteger === true;
  return isOfKind || (value.length === 1 && isKey === true && isNumber && !isOfKeys);
}

/** Whether two kinds are of one table, by the same key. */
const isSameRow = (a: Kind, b: Kind): boolean =>
  nameOf(a.name) === nameOf(b.name) && a.key.columns.join() === b.key.columns.join();

const tableOf = ({ table }: List["name"]): string => table.toLowerCase();
const nameOf = ({ schema, table }: List["name"]): string => JSON.stringify([schema ?? null, table]);

/** Takes rows of an entry away, or marks them as gone where the list does so. */
export function rowsDeletion(kind: Kind, { list, columns }: Rows, key: string): Sql {
  const { dialect } = kind;
  const held = haveValues(
    columns.map((column) => sql.id(column)),
    keyIn(kind, list, columns, key),
  );
  const rows = allOf([held, ...fixedSql(list, list.where, dialect)]);
  if (!list.deletedBy) return sql`delete from ${tableSql(list.name)}${rows}`;
  const set = Object.entries(list.deletedBy).map(
    ([column, value]) => sql`${sql.id(column)} = ${assignedSql(list, column, value, dialect)}`,
  );
  return sql`update ${tableSql(list.name)} set ${sql.join(set)}${rows}`;
}

/** An entry's key as columns of another table hold it. */
export const keyIn = (kind: Kind, list: List, columns: readonly string[], key: string): unknown[] =>
  splitParts(key, kind.key.columns.length)!.map((part, index) => {
    const { type } = columnOf(kind, kind.key.columns[index]!);
    const column = columnIn(list.columns, columns[index]!, kind.dialect);
    return kind.dialect.toDatabase(part, column.type === "any" && type === "integer" ? { ...column, type } : column);
  });

/** Why rows could not be taken away, with what to do about it. */
export const notDeleted = ({ attr, list }: Rows, failure: unknown): unknown =>
  failure instanceof ConnectorError && failure.kind !== "busy" && failure.kind !== "timeout"
    ? new ConnectorError(
        failure.kind,
        `The rows of "${attr}" in ${list.name.table} cannot be deleted with the entry: ${failure.message} Where they are not the entry's, say \`onDelete: keep\` for the list.`,
        { cause: failure },
      )
    : failure;
