import { sql } from "kysely";
import type { Order, Position } from "../../src/connector/connector.ts";
import { columnOf } from "./conditions.ts";
import { columnSql, type Kind, keySql, type Sql } from "./kind.ts";

/** The value that is compared, and whether there is none. */
const parts = (kind: Kind, { attr, caseExact }: Order) => {
  const column = columnSql(kind.name, attr);
  const { type } = columnOf(kind, attr);
  const isText = type === "text" || type === "any";
  const { exact, folded } = kind.dialect;
  return {
    isAbsent: isText ? sql`(${column} is null or ${column} = '')` : sql`(${column} is null)`,
    value: isText ? (caseExact ? exact(column) : folded(column)) : column,
  };
};

/** What `order by` names: absent values last, or first when descending, and the key at the end. */
export function orderOf(kind: Kind, orderBy: Order | undefined): Sql {
  const key = keyInOrder(kind);
  if (!orderBy || orderBy.attr === kind.key.column) return orderBy?.descending ? sql`${key} desc` : key;
  const { isAbsent, value } = parts(kind, orderBy);
  return orderBy.descending ? sql`${isAbsent} desc, ${value} desc, ${key}` : sql`${isAbsent}, ${value}, ${key}`;
}

/** Keys of text are ordered by code points, whatever collation they have. */
const keyInOrder = (kind: Kind): Sql =>
  columnOf(kind, kind.key.column).type === "text" ? kind.dialect.exact(keySql(kind)) : keySql(kind);

/** The condition of the rows that come behind a position: the same work for the last page as for the first. */
export function behind(kind: Kind, orderBy: Order, after: Position): Sql {
  const { dialect } = kind;
  const keyColumn = columnOf(kind, kind.key.column);
  const bound = sql`${dialect.toDatabase(kind.key.type === "integer" ? Number(after.key) : after.key, keyColumn)}`;
  const key = keyColumn.type === "text" ? dialect.exact(bound) : bound;
  const column = keyInOrder(kind);
  if (orderBy.attr === kind.key.column) return orderBy.descending ? sql`${column} < ${key}` : sql`${column} > ${key}`;
  const { isAbsent, value } = parts(kind, orderBy);
  const isLater = sql`${column} > ${key}`;
  if (after.value === undefined)
    return orderBy.descending
      ? sql`(not ${isAbsent} or (${isAbsent} and ${isLater}))`
      : sql`(${isAbsent} and ${isLater})`;
  const of = columnOf(kind, orderBy.attr);
  const isText = typeof after.value === "string" && (of.type === "text" || of.type === "any");
  const given = sql`${isText ? after.value : dialect.toDatabase(after.value, of)}`;
  const last = isText ? (orderBy.caseExact ? dialect.exact(given) : dialect.folded(given)) : given;
  return orderBy.descending
    ? sql`(not ${isAbsent} and (${value} < ${last} or (${value} = ${last} and ${isLater})))`
    : sql`(${isAbsent} or ${value} > ${last} or (${value} = ${last} and ${isLater}))`;
}
