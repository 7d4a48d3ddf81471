import { type Entry, type References, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { columnIn } from "./column.ts";
import { conditionSql, leafSql } from "./conditions.ts";
import { isKey, isKeyed } from "./keys.ts";
import { allOf, fixedSql, type List, type SqlKind, tableSql } from "./kind.ts";
import { isOwned, isReleasable, releaseSql } from "./rows.ts";
import { type Sql, sql } from "./sql.ts";
import { inKind } from "./statements.ts";

/** Rows of lists that are gone with an entry: those that it owns, and those of others that refer to it. */
export interface Rows {
  readonly attr: string;
  readonly list: List;
  /** The columns that hold the entry's key. */
  readonly columns: readonly string[];
  /** The attribute of the entry that they hold in its place. */
  readonly by?: string | undefined;
  /** Other kinds that they may refer to: a key, or a name, that an entry of these has is taken for its. */
  readonly others: readonly SqlKind[];
  /** Whether the rows stay, and are taken from the entry. */
  readonly isReleased: boolean;
}

/**
 * The rows that a deletion of an entry takes with it: a new entry with its key must not come into what the old one had. Whatever
 * kind is deleted, the row may be an entry of other kinds too, with lists of their own. Rows that are things in their own right
 * stay, without their owner, and those that the configuration keeps stay as they are.
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
      // By the kind's own settings what the values are is sure.
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

/** Whether two kinds are of one table, by the same key. */
const isSameRow = (a: SqlKind, b: SqlKind): boolean =>
  nameOf(a.name) === nameOf(b.name) && a.key.columns.join() === b.key.columns.join();

const nameOf = ({ schema, table }: List["name"]): string => JSON.stringify([schema ?? null, table]);

/**
 * Takes rows of an entry away, or marks them as gone where the list does so: none where the entry has nothing that they hold. `entry`
 * has the attributes by which rows refer to it.
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

/** The conditions that no other entry, of the same kind or of others, is called so. */
function nobodyElse(kind: SqlKind, others: readonly SqlKind[], by: string, name: Value, key: string): Sql[] {
  const isCalled = (of: SqlKind) => conditionSql(of, { op: "eq", attr: by, value: name as string });
  const isOther = sql`not ${kind.dialect.isTrue(isKeyed(kind, key))}`;
  return [none(kind, [isCalled(kind), isOther]), ...others.map((other) => none(other, [isCalled(other)]))];
}

const none = (kind: SqlKind, conditions: readonly Sql[]): Sql =>
  sql`not exists (select 1 from ${tableSql(kind.name)}${allOf([...conditions, ...inKind(kind)])})`;

/** The condition that rows refer to an entry by a name of its own, in whatever case: so they are read, too. */
function namedBy({ dialect }: SqlKind, list: List, name: Value): Sql {
  const [attr] = list.value as [string];
  return leafSql(
    { op: "eq", attr, value: name as string },
    sql.id(attr),
    columnIn(list.columns, attr, dialect),
    dialect,
  );
}

/** Why rows could not be taken away, with what to do about it. */
export const notDeleted = ({ attr, list }: Rows, failure: unknown): unknown =>
  failure instanceof ConnectorError && failure.kind !== "busy" && failure.kind !== "timeout"
    ? new ConnectorError(
        failure.kind,
        `The rows of "${attr}" in ${list.name.table} cannot be deleted with the entry: ${failure.message} Where they are not the entry's, say \`onDelete: keep\` for the list.`,
        { cause: failure },
      )
    : failure;
