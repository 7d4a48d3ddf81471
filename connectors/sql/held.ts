import type { Value } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { instantOf } from "../../src/json/date.ts";
import { stringifyExactly } from "../../src/json/exact.ts";
import type { Column } from "./column.ts";
import type { SqlDialect } from "./dialect.ts";
import { columnOf, columnSql, type SqlKind } from "./kind.ts";
import { type Sql, sql } from "./sql.ts";

/** Converts a value for a column. Throws `invalid` with the column's name. */
export const toColumn = (kind: SqlKind, column: string, value: Value): unknown =>
  ofAttr(column, () => kind.dialect.toDatabase(value, columnOf(kind, column)));

/** Adds the attribute to the error of a value that does not fit its column. */
export function ofAttr<T>(attr: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.attr !== undefined) throw error;
    throw new ConnectorError(error.kind, `"${attr}": ${error.message}`, { attr, cause: error });
  }
}

/**
 * The condition that a column still holds what was read: empty text was read as absent, times to the millisecond, and JSON by its meaning.
 */
export function isStill(kind: SqlKind, attr: string, from: Value | null): Sql {
  const column = columnSql(kind.name, attr);
  const of = columnOf(kind, attr);
  const { type } = of;
  if (from !== null) return ofAttr(attr, () => isHeld(column, of, kind.dialect, from));
  return (type === "text" && !of.isOwnType) || type === "any"
    ? sql`(${column} is null or ${column} = '')`
    : sql`${column} is null`;
}

/** The last millisecond with a four-digit year. */
const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The condition that an expression holds a value that was read from it. */
export function isHeld(column: Sql, of: Column, dialect: SqlDialect, from: Value): Sql {
  const { type } = of;
  if (type === "json") {
    const [text, exact] = [JSON.stringify(from), stringifyExactly(from)];
    if (text === exact) return dialect.isSameJson(column, text);
    // A number that JavaScript cannot represent was read as text.
    return sql`(${dialect.isSameJson(column, text)} or ${dialect.isSameJson(column, exact)})`;
  }
  const instant = type === "time" ? (instantOf(String(from))?.getTime() ?? Number.NaN) : Number.NaN;
  // An impossible date, such as MariaDB's 0000-00-00, is read as written.
  const isOdd = (type === "time" || type === "date") && !instantOf(String(from));
  if (isOdd) return sql`${dialect.castToText(column)} = ${String(from)}`;
  if (Number.isNaN(instant)) return dialect.isSame(column, dialect.toDatabase(from, of));
  const [start, end] = millisecondOf(instant, of, dialect);
  return end === undefined ? sql`${column} >= ${start}` : sql`(${column} >= ${start} and ${column} < ${end})`;
}

/** The bounds of the millisecond that an instant was read as; the very last has no upper bound. */
export function millisecondOf(instant: number, of: Column, dialect: SqlDialect): [start: unknown, end: unknown] {
  const at = (milliseconds: number) => dialect.toDatabase(new Date(milliseconds).toISOString(), of);
  return [at(instant), instant < LAST_INSTANT ? at(instant + 1) : undefined];
}
