import type { Order, Scalar } from "../../src/connector/connector.ts";
import type { Position } from "../../src/connector/reference.ts";
import { instantOf } from "../../src/json/date.ts";
import { type Column, columnIn, mayHoldText } from "./column.ts";
import { lookupRow } from "./conditions.ts";
import { isEmpty } from "./empty.ts";
import { isHeld, millisecondOf } from "./held.ts";
import { inText, isKeyed, keyValues } from "./keys.ts";
import { allOf, columnOf, columnSql, type SqlKind, tableSql } from "./kind.ts";
import { type Sql, sql } from "./sql.ts";

/** The value that rows are ordered by for an attribute: its column, or a looked-up one. */
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

/** The compared value, and whether it is absent: then only the key is compared. */
const parts = (kind: SqlKind, { attr, caseExact }: Order) => {
  const { given, column, of } = sortedBy(kind, attr);
  const { exact, folded } = kind.dialect;
  const isAbsent = isEmpty(given, of, kind.dialect);
  if (!mayHoldText(of) && of.type !== "bytes") return { isAbsent, value: column };
  const value = !mayHoldText(of) ? column : caseExact ? exact(column) : folded(column);
  return { isAbsent, value: sql`case when ${isAbsent} then null else ${value} end` };
};

/** The `order by` clause: absent values last, or first when descending; then the key. */
export function orderOf(kind: SqlKind, orderBy: Order): Sql {
  const keys = kind.key.columns.map((column) => inOrder(kind, column, columnSql(kind.name, column)));
  if (orderBy.attr === kind.key.attr) return sql.join(orderBy.descending ? keys.map((key) => sql`${key} desc`) : keys);
  const { isAbsent, value } = parts(kind, orderBy);
  const absent = kind.dialect.asValue(isAbsent);
  return sql.join(orderBy.descending ? [sql`${absent} desc`, sql`${value} desc`, ...keys] : [absent, value, ...keys]);
}

/** The key of a kind with one key column, as it is compared: by code points where it is text. */
export const keyInOrder = (kind: SqlKind): Sql => {
  const [column] = kind.key.columns;
  return inOrder(kind, column!, columnSql(kind.name, column!));
};

/** Text keys are ordered by code points, whatever their collation. */
function inOrder(kind: SqlKind, column: string, value: Sql): Sql {
  const { type, isBytes } = columnOf(kind, column);
  if (type !== "text") return value;
  return kind.dialect.exact(isBytes ? kind.dialect.decoded(value) : value);
}

/** The condition for rows after a position, with the same cost for every page. */
export function behind(kind: SqlKind, orderBy: Order, after: Position): Sql {
  if (orderBy.attr === kind.key.attr) return behindKey(kind, after.key, orderBy.descending);
  const { isAbsent, value } = parts(kind, orderBy);
  const isLater = behindKey(kind, after.key, false);
  if (after.value === undefined)
    return orderBy.descending
      ? sql`(not ${isAbsent} or (${isAbsent} and ${isLater}))`
      : sql`(${isAbsent} and ${isLater})`;
  const behindValue = (last: Sql): Sql =>
    orderBy.descending
      ? sql`(not ${isAbsent} and (${value} < ${last} or (${value} = ${last} and ${isLater})))`
      : sql`(${isAbsent} or ${value} > ${last} or (${value} = ${last} and ${isLater}))`;
  const { of, given: held } = sortedBy(kind, orderBy.attr);
  const read = asRead(kind, orderBy, of, after.value);
  if (isReadExactly(of)) return behindValue(read);
  // Uses the row's current value while it is unchanged.
  const isSame = [isKeyed(kind, after.key), isAsRead(kind, held, of, after.value)];
  const last = sql`(select ${value} from ${tableSql(kind.name)}${allOf(isSame)})`;
  const [from, to] = boundsOf(kind, of, after.value);
  const otherwise =
    from === undefined
      ? behindValue(read)
      : orderBy.descending
        ? sql`(not ${isAbsent}${to === undefined ? sql`` : sql` and ${value} <= ${to}`})`
        : sql`(${isAbsent} or ${value} >= ${from})`;
  return sql`((${last} is not null and ${behindValue(last)}) or (${last} is null and ${otherwise}))`;
}

/** Reports whether a value read from a column is exactly what it holds and compares the same. */
const isReadExactly = ({ type, isPadded, hasCollation }: Column): boolean =>
  type === "text" ? !isPadded && hasCollation !== true : !["time", "decimal", "any"].includes(type);

/** A value that was read, for comparison with its column. */
function asRead(kind: SqlKind, { caseExact }: Order, of: Column, value: Scalar): Sql {
  const { dialect } = kind;
  const isInstant = of.type === "time" || of.type === "date";
  // Special values such as infinity are passed as the database writes them.
  const isOdd = (isInstant && !instantOf(String(value))) || (of.type === "decimal" && typeof value === "string");
  if (isOdd) return sql`${value}`;
  // SQLite integers beyond JavaScript's range were read as text.
  const isLong = of.type === "any" && of.isInteger && /^-?\d{1,19}$/.test(String(value));
  if (isLong && BigInt.asIntN(64, BigInt(value)) === BigInt(value)) return sql`${BigInt(value)}`;
  if (typeof value !== "string" || !mayHoldText(of)) return sql`${dialect.toDatabase(value, of)}`;
  return caseExact ? dialect.exact(sql`${value}`) : dialect.folded(sql`${value}`);
}

/** The condition that a column holds what was read. Single-precision numbers are displayed shorter than stored, or rounded. */
function isAsRead({ dialect }: SqlKind, held: Sql, of: Column, value: Scalar): Sql {
  const isSame = (read: Scalar) => isHeld(held, of, dialect, read);
  const isWritten = sql`${dialect.castToText(held)} = ${String(value)}`;
  if (of.type === "any") return sql`(${isSame(value)} or ${isWritten})`;
  if (of.type !== "decimal" || typeof value !== "number") return isSame(value);
  return sql`(${isSame(value)} or ${isSame(Math.fround(value))} or ${isWritten})`;
}

/** The range of stored values that are read as a given value; if unknown, exactly that value. */
function boundsOf({ dialect }: SqlKind, of: Column, value: Scalar): [from: unknown, to: unknown] | [] {
  const instant = of.type === "time" ? instantOf(String(value))?.getTime() : undefined;
  if (instant !== undefined) return millisecondOf(instant, of, dialect);
  if (of.type !== "decimal" || typeof value !== "number") return [];
  const width = Math.abs(value) * 1e-6;
  return [value - width, value + width];
}

/** The condition for keys after a key, column by column. The first column has its own bound, so that an index applies. */
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
