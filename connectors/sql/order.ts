import { sql } from "kysely";
import type { Order, Position } from "../../src/connector/connector.ts";
import { columnOf, type Kind, type Sql } from "./conditions.ts";

const keyOf = (kind: Kind) => columnOf(kind, kind.key.column);
/** The value that is compared, and whether there is none. */
const parts = (kind: Kind, { attr, caseExact }: Order) => {
  const column = columnOf(kind, attr);
  return {
    isAbsent: sql`(${column} is null or ${column} = '')`,
    value: caseExact ? sql`${column} collate binary` : sql`fold(${column}) collate binary`,
  };
};

/** What `order by` names: absent values last, or first when descending, and the key at the end. */
export function orderOf(kind: Kind, orderBy: Order | undefined): Sql {
  if (!orderBy || orderBy.attr === kind.key.column) return orderBy?.descending ? sql`${keyOf(kind)} desc` : keyOf(kind);
  const { isAbsent, value } = parts(kind, orderBy);
  return orderBy.descending
    ? sql`${isAbsent} desc, ${value} desc, ${keyOf(kind)}`
    : sql`${isAbsent}, ${value}, ${keyOf(kind)}`;
}

/** The condition of the rows that come behind a position: the same work for the last page as for the first. */
export function behind(kind: Kind, orderBy: Order, after: Position): Sql {
  const key = kind.key.type === "integer" ? Number(after.key) : after.key;
  if (orderBy.attr === kind.key.column)
    return orderBy.descending ? sql`${keyOf(kind)} < ${key}` : sql`${keyOf(kind)} > ${key}`;
  const { isAbsent, value } = parts(kind, orderBy);
  const isLater = sql`${keyOf(kind)} > ${key}`;
  if (after.value === undefined)
    return orderBy.descending
      ? sql`(not ${isAbsent} or (${isAbsent} and ${isLater}))`
      : sql`(${isAbsent} and ${isLater})`;
  const last = typeof after.value === "string" && !orderBy.caseExact ? after.value.toLowerCase() : after.value;
  return orderBy.descending
    ? sql`(not ${isAbsent} and (${value} < ${last} or (${value} = ${last} and ${isLater})))`
    : sql`(${isAbsent} or ${value} > ${last} or (${value} = ${last} and ${isLater}))`;
}
