import { type Entry, type References, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { columnIn } from "./column.ts";
import { conditionSql, leafSql } from "./conditions.ts";
import { isKey, isKeyed } from "./keys.ts";
import { allOf, fixedSql, type List, type SqlKind, tableSql } from "./kind.ts";
import { isOwned, isReleasable, releaseSql } from "./rows.ts";
import { type Sql, sql } from "./sql.ts";
import { inKind } from "./statements.ts";

/** List rows that are deleted with an entry: its own, and those of others that refer to it. */
export interface Rows {
  readonly attr: string;
  readonly list: List;
  /** The columns that hold the entry's key. */
  readonly columns: readonly string[];
  /** The attribute that they hold instead of the key. */
  readonly by?: string | undefined;
  /** Other kinds that they may refer to: values of their entries are kept. */
  readonly others: readonly SqlKind[];
  /** Whether the rows are kept and only released from the entry. */
  readonly isReleased: boolean;
}

/**
 * The rows that a deletion affects: a new entry with the same key must not inherit them. The row may be an entry of other kinds too, each
 * with its lists. Rows that exist in their own right are kept without their owner, and those that the configuration keeps stay unchanged.
 */
export function rowsBehind(kinds: ReadonlyMap<string, SqlKind>, name: string, references: References): Rows[] {
  const deleted = kinds.get(name)!;
  const isThing = ({ isOfThings, isOfEntries }: List) => isOfThings || isOfEntries;
  const same = [...kinds].filter(([, kind]) => isSameRow(kind, deleted)).map(([each]) => each);
  const isSame = (each: string) => same.includes(each);
  const all = [...kinds].flatMap(([of, { lists }]) =>
    Object.entries(lists).flatMap(([attr, list]): Rows[] => {
      if (list.onDelete === "keep") return [];
      const isReleased = list.onDelete === undefined && isThing(list);
      const isOwner = isSame(of) && (!isReleased || isReleasable(list));
      const owned = isOwner ? [{ attr, list, columns: list.owner, others: [], isReleased }] : [];
      if (isReleased) return owned;
      const said = references.filter((each) => each.kind === of && each.attr === attr && each.to.some(isSame));
      const isOfDeleted = list.ofKind !== undefined && isSame(list.ofKind);
      // If the kind's own settings say what the values are, it is certain.
      const others = isOfDeleted ? [] : said.flatMap(({ to }) => to.filter((each) => !isSame(each)));
      const referring = said.length > 0 ? said : isOfDeleted ? [{ by: undefined }] : [];
      return [
        ...owned,
        ...referring.map(({ by }) => ({
          attr,
          list,
          columns: list.value,
          by,
          others: others.map((each) => kinds.get(each)!),
          isReleased,
        })),
      ];
    }),
  );
  const unlike = new Map(
    all.map((rows) => [JSON.stringify([nameOf(rows.list.name), rows.columns, rows.by, rows.list.where]), rows]),
  );
  return [...unlike.values()];
}

/** Reports whether two kinds use the same table and key. */
const isSameRow = (a: SqlKind, b: SqlKind): boolean =>
  nameOf(a.name) === nameOf(b.name) && a.key.columns.join() === b.key.columns.join();

const nameOf = ({ schema, table }: List["name"]): string => JSON.stringify([schema ?? null, table]);

/**
 * Deletes an entry's list rows, or marks them as deleted if the list does. None if the entry lacks the values that they hold. `entry` has
 * the attributes that rows refer to.
 */
export function rowsDeletion(kind: SqlKind, rows: Rows, key: string, entry: Entry = {}): Sql[] {
  const { dialect } = kind;
  const { list, columns, by, others, isReleased } = rows;
  const held =
    by === undefined
      ? [[isOwned(kind, list, columns, key), ...others.flatMap((other) => notKeyed(other, key))]]
      : valuesOf(entry, by).map((name) => [namedBy(kind, list, name), ...nobodyElse(kind, others, by, name, key)]);
  return held.map((conditions) => {
    const where = allOf([...conditions, ...fixedSql(list, list.where, dialect)]);
    return list.deletedBy || isReleased
      ? releaseSql(list, dialect, where)
      : sql`delete from ${tableSql(list.name)}${where}`;
  });
}

/** The condition that no entry of another kind has a key. */
const notKeyed = (other: SqlKind, key: string): Sql[] =>
  isKey(other, key) ? [none(other, [isKeyed(other, key)])] : [];

/** The conditions that no other entry, of any kind, has the name. */
function nobodyElse(kind: SqlKind, others: readonly SqlKind[], by: string, name: Value, key: string): Sql[] {
  const isCalled = (of: SqlKind) => conditionSql(of, { op: "eq", attr: by, value: name as string });
  const isOther = sql`not ${kind.dialect.isTrue(isKeyed(kind, key))}`;
  return [none(kind, [isCalled(kind), isOther]), ...others.map((other) => none(other, [isCalled(other)]))];
}

const none = (kind: SqlKind, conditions: readonly Sql[]): Sql =>
  sql`not exists (select 1 from ${tableSql(kind.name)}${allOf([...conditions, ...inKind(kind)])})`;

/** The condition that rows refer to an entry by name, in any case, as they are read. */
function namedBy({ dialect }: SqlKind, list: List, name: Value): Sql {
  const [attr] = list.value as [string];
  return leafSql(
    { op: "eq", attr, value: name as string },
    sql.id(attr),
    columnIn(list.columns, attr, dialect),
    dialect,
  );
}

/** Explains why rows could not be deleted, and what to do. */
export const notDeleted = ({ attr, list }: Rows, failure: unknown): unknown =>
  failure instanceof ConnectorError && failure.kind !== "busy" && failure.kind !== "timeout"
    ? new ConnectorError(
        failure.kind,
        `The rows of "${attr}" in ${list.name.table} cannot be deleted with the entry: ${failure.message} If they do not belong to the entry, set \`onDelete: keep\` for the list.`,
        { cause: failure },
      )
    : failure;
