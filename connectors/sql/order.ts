import { sql } from "kysely";
import type { Order, Scalar } from "../../src/connector/connector.ts";
import type { Position } from "../../src/connector/reference.ts";
import { instantOf } from "../../src/json/date.ts";
import { type Column, columnIn, mayHoldText, type Sql } from "./column.ts";
import { lookupRow } from "./conditions.ts";
import { isEmpty } from "./empty.ts";
import { isStill } from "./held.ts";
import { inText, isKeyed, keyValues } from "./keys.ts";
import { allOf, columnOf, columnSql, type SqlKind, tableSql } from "./kind.ts";

/** What a kind's rows are ordered by for an attribute: its column, or what it looks up. */
function sortedBy(kind: SqlKind, attr: string) {
  const lookup = kind.lookups[attr];
  const read = (given: Sql, of: Column) => ({
    given,
    column: of.isBytes ? kind.dialect.decoded(given) : inText(given, of, kind.dialect),
    of,
  });
  if (!lookup) return read(columnSql(kind.name, attr), columnOf(kind, attr));
  const { from, value, where } = lookupRow(kind, attr, lookup);
  return read(sql`(select ${value} ${from}${allOf(where)})`, columnIn(lookup.columns, lookup.value, kind.dialect));
}

/** The value that is compared, and whether there is none: then nothing is compared but the key. */
const parts = (kind: SqlKind, { attr, caseExact }: Order) => {
  const { given, column, of } = sortedBy(kind, attr);
  const { exact, folded } = kind.dialect;
  const isAbsent = isEmpty(given, of, kind.dialect);
  if (!mayHoldText(of) && of.type !== "bytes") return { isAbsent, value: column };
  const value = !mayHoldText(of) ? column : caseExact ? exact(column) : folded(column);
  return { isAbsent, value: sql`case when ${isAbsent} then null else ${value} end` };
};

/** What `order by` names: absent values last, or first when descending, and the key at the end. */
export function orderOf(kind: SqlKind, orderBy: Order): Sql {
  const keys = kind.key.columns.map((column) => inOrder(kind, column, columnSql(kind.name, column)));
  if (orderBy.attr === kind.key.attr) return sql.join(orderBy.descending ? keys.map((key) => sql`${key} desc`) : keys);
  const { isAbsent, value } = parts(kind, orderBy);
  const absent = kind.dialect.asValue(isAbsent);
  return sql.join(orderBy.descending ? [sql`${absent} desc`, sql`${value} desc`, ...keys] : [absent, value, ...keys]);
}

/** Keys of text are ordered by code points, whatever collation they have. */
function inOrder(kind: SqlKind, column: string, value: Sql): Sql {
  const { type, isBytes } = columnOf(kind, column);
  if (type !== "text") return value;
  return kind.dialect.exact(isBytes ? kind.dialect.decoded(value) : value);
}

/** The condition of the rows that come behind a position: the same work for the last page as for the first. */
export function behind(kind: SqlKind, orderBy: Order, after: Position): Sql {
  const { dialect } = kind;
  if (orderBy.attr === kind.key.attr) return behindKey(kind, after.key, orderBy.descending);
  const { isAbsent, value } = parts(kind, orderBy);
  const isLater = behindKey(kind, after.key, false);
  if (after.value === undefined)
    return orderBy.descending
      ? sql`(not ${isAbsent} or (${isAbsent} and ${isLater}))`
      : sql`(${isAbsent} and ${isLater})`;
  const lookup = kind.lookups[orderBy.attr];
  const of = lookup ? columnIn(lookup.columns, lookup.value, dialect) : columnOf(kind, orderBy.attr);
  const isText = typeof after.value === "string" && mayHoldText(of);
  const isInstant = of.type === "time" || of.type === "date";
  // What a database has besides instants, such as PostgreSQL's infinity, it takes as it writes it.
  const isAsWritten = isText || (isInstant && !instantOf(String(after.value)));
  const given = sql`${isAsWritten ? after.value : dialect.toDatabase(after.value, of)}`;
  const read = isText ? (orderBy.caseExact ? dialect.exact(given) : dialect.folded(given)) : given;
  // What was read is not always what is held: times to the microsecond, numbers of many digits. The row says it, while it is as it was.
  const isSame = [isKeyed(kind, after.key), isAbout(kind, orderBy.attr, after.value)];
  const held = sql`(select ${value} from ${tableSql(kind.name)}${allOf(isSame)})`;
  // What has a collation of its own folds otherwise than a value by itself, and what is padded is shown without.
  const isAsRead = of.type === "text" && !of.isPadded && of.hasCollation !== true;
  const last = isAsRead || lookup ? read : sql`coalesce(${held}, ${read})`;
  return orderBy.descending
    ? sql`(not ${isAbsent} and (${value} < ${last} or (${value} = ${last} and ${isLater})))`
    : sql`(${isAbsent} or ${value} > ${last} or (${value} = ${last} and ${isLater}))`;
}

/** Whether a column holds what was read of it: numbers, which databases round in writing them, to six digits. */
const isAbout = (kind: SqlKind, attr: string, value: Scalar): Sql =>
  typeof value === "number" && !columnOf(kind, attr).isInteger
    ? sql`abs(${columnSql(kind.name, attr)} - ${value}) <= ${Math.abs(value) * 1e-6}`
    : isStill(kind, attr, value);

/** The condition of keys behind a key: column by column, the first one bounded by itself so that an index serves. */
function behindKey(kind: SqlKind, key: string, descending: boolean): Sql {
  const values = keyValues(kind, key);
  const sides = kind.key.columns.map((column, index) => ({
    column: inOrder(kind, column, columnSql(kind.name, column)),
    value: inOrder(kind, column, sql`${values[index]}`),
  }));
  const comparison = descending ? sql`<` : sql`>`;
  const from = (index: number): Sql => {
    const { column, value } = sides[index]!;
    const isBehind = sql`${column} ${comparison} ${value}`;
    if (index === sides.length - 1) return isBehind;
    return sql`(${column} ${comparison}= ${value} and (${isBehind} or ${from(index + 1)}))`;
  };
  return from(0);
}
