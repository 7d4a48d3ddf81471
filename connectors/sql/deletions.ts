import { sql } from "kysely";
import { type Entry, type References, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { leafSql } from "./conditions.ts";
import { isKey, isKeyed } from "./keys.ts";
import { allOf, assignedSql, columnIn, fixedSql, type Kind, type List, type Sql, tableSql } from "./kind.ts";
import { isOwned } from "./rows.ts";
import { inKind } from "./statements.ts";

/** Rows of lists that are gone with an entry: those that it owns, and those of others that refer to it. */
export interface Rows {
  readonly attr: string;
  readonly list: List;
  /** The columns that hold the entry's key. */
  readonly columns: readonly string[];
  /** The attribute of the entry that they hold in its place. */
  readonly by?: string | undefined;
  /** Other kinds that they may refer to: a key that an entry of these has is taken for its. */
  readonly others: readonly Kind[];
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
  const isSame = (each: string) => same.includes(each);
  const all = [...kinds].flatMap(([of, { lists }]) =>
    Object.entries(lists).flatMap(([attr, list]): Rows[] => {
      const owned = isSame(of) ? [{ attr, list, columns: list.owner, others: [] }] : [];
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
        })),
      ];
    }),
  );
  const unlike = new Map(
    all
      .filter(({ list }) => !isKept(list))
      .map((rows) => [JSON.stringify([nameOf(rows.list.name), rows.columns, rows.by, rows.list.where]), rows]),
  );
  return [...unlike.values()];
}

/** Whether a list's rows are not the entry's alone: things in their own right, and entries of a kind, however its table is written. */
const isOfEntries = (kinds: ReadonlyMap<string, Kind>, { name, isOfThings }: List): boolean =>
  isOfThings || [...kinds.values()].some((kind) => tableOf(kind.name) === tableOf(name));

/** Whether two kinds are of one table, by the same key. */
const isSameRow = (a: Kind, b: Kind): boolean =>
  nameOf(a.name) === nameOf(b.name) && a.key.columns.join() === b.key.columns.join();

const tableOf = ({ table }: List["name"]): string => table.toLowerCase();
const nameOf = ({ schema, table }: List["name"]): string => JSON.stringify([schema ?? null, table]);

/**
 * Takes rows of an entry away, or marks them as gone where the list does so: none where the entry has nothing that they hold. `entry`
 * has the attributes by which rows refer to it.
 */
export function rowsDeletion(kind: Kind, { list, columns, by, others }: Rows, key: string, entry: Entry = {}): Sql[] {
  const { dialect } = kind;
  const held = by === undefined ? [isOwned(kind, list, columns, key)] : namedBy(kind, list, valuesOf(entry, by));
  return held.map((condition) => {
    const elsewhere = others.flatMap((other) =>
      isKey(other, key) ? [sql`not exists (select 1 from ${tableSql(other.name)}${allOf(inKindOf(other, key))})`] : [],
    );
    const rows = allOf([condition, ...fixedSql(list, list.where, dialect), ...elsewhere]);
    if (!list.deletedBy) return sql`delete from ${tableSql(list.name)}${rows}`;
    const set = Object.entries(list.deletedBy).map(
      ([column, value]) => sql`${sql.id(column)} = ${assignedSql(list, column, value, dialect)}`,
    );
    return sql`update ${tableSql(list.name)} set ${sql.join(set)}${rows}`;
  });
}

const inKindOf = (kind: Kind, key: string): Sql[] => [isKeyed(kind, key), ...inKind(kind)];

/** The conditions that rows refer to an entry by names of its own, in whatever case: so they are read, too. */
const namedBy = ({ dialect }: Kind, list: List, names: readonly Value[]): Sql[] => {
  const [attr] = list.value as [string];
  const column = columnIn(list.columns, attr, dialect);
  return names.map((name) => leafSql({ op: "eq", attr, value: name as string }, sql.id(attr), column, dialect));
};

/** Why rows could not be taken away, with what to do about it. */
export const notDeleted = ({ attr, list }: Rows, failure: unknown): unknown =>
  failure instanceof ConnectorError && failure.kind !== "busy" && failure.kind !== "timeout"
    ? new ConnectorError(
        failure.kind,
        `The rows of "${attr}" in ${list.name.table} cannot be deleted with the entry: ${failure.message} Where they are not the entry's, say \`onDelete: keep\` for the list.`,
        { cause: failure },
      )
    : failure;
