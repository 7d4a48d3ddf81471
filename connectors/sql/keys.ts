import type { Value } from "../../src/connector/connector.ts";
import { isOfCalendar } from "../../src/json/date.ts";
import type { Column } from "./column.ts";
import type { SqlDialect } from "./dialect.ts";
import { columnOf, columnSql, isUuid, isWhole, type SqlKind } from "./kind.ts";
import { type Sql, sql } from "./sql.ts";

/** Joins column values with colons, escaping a colon as `~1` and `~` as `~0`. */
export const joinParts = (parts: readonly Value[]): string =>
  parts.length === 1
    ? String(parts[0])
    : parts.map((part) => String(part).replaceAll("~", "~0").replaceAll(":", "~1")).join(":");

/** Splits a text from `joinParts`; undefined if the number of parts differs. */
export function splitParts(text: string, width: number): string[] | undefined {
  if (width === 1) return [text];
  const parts = text.split(":");
  if (parts.length !== width || parts.some((part) => /~(?![01])/.test(part))) return undefined;
  return parts.map((part) => part.replaceAll("~1", ":").replaceAll("~0", "~"));
}

/** Reports whether a text is a value of a column in canonical form: databases also accept others, such as `07` or `7abc` for 7. */
export function fitsColumn(text: string, of: Column, dialect: SqlDialect): boolean {
  const { type, isInteger, isRounded } = of;
  if (!isInCharset(text, of)) return false;
  // Such columns compare text as numbers, whatever the configuration says.
  if (isInteger || isRounded)
    return (
      isWhole(text, dialect) ||
      (isRounded === true && text.length <= 15 && isDecimal(text)) ||
      (type !== "integer" && Number.isNaN(Number(text)))
    );
  switch (type) {
    case "integer":
      return isWhole(text, dialect);
    case "decimal":
      return isDecimal(text);
    case "boolean":
      return text === "true" || text === "false";
    case "bit":
      return text === "0" || text === "1";
    case "date":
      return /^\d{4}-\d\d-\d\d$/.test(text) && isOfCalendar(text);
    case "time":
      return !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text;
    case "bytes":
      return Buffer.from(text, "base64").toString("base64") === text;
    case "uuid":
    case "uuidBytes":
      return isUuid(text);
    default:
      return true;
  }
}

/** Reports whether a column's character set can represent a text. */
export const isInCharset = (text: string, { charset }: Column): boolean =>
  charset === undefined || (charset !== "ascii" && charset !== "latin1") ? true : charsets[charset].test(text);

const charsets = {
  ascii: /^[\x00-\x7f]*$/,
  // The latin1 of MariaDB and MySQL is Windows-1252.
  latin1:
    /^[\x00-\xff\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]*$/,
};

/** Reports whether a text is a canonical number that JavaScript can represent. */
const isDecimal = (text: string): boolean =>
  /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) && (text.length > 15 || String(Number(text)) === text);

/** Reports whether a text can be a key of the kind. */
export const isKey = (kind: SqlKind, key: string): boolean =>
  splitParts(key, kind.key.columns.length)?.every((part, index) =>
    fitsColumn(part, columnOf(kind, kind.key.columns[index]!), kind.dialect),
  ) ?? false;

/** A key's values as parameters of its columns' types, if `isKey`. */
export const keyValues = (kind: SqlKind, key: string): unknown[] =>
  splitParts(key, kind.key.columns.length)!.map((part, index) => {
    const column = columnOf(kind, kind.key.columns[index]!);
    return kind.dialect.toDatabase(part, column);
  });

/** The condition that columns have the given values. */
export const haveValues = (columns: readonly Sql[], values: readonly unknown[]): Sql =>
  sql.join(
    columns.map((column, index) => sql`${column} = ${values[index]}`),
    sql` and `,
  );

/** Reports whether a key's collation treats different texts as equal. Rows that refer to it may then be written differently. */
export function keyTakesForSame(kind: SqlKind): boolean {
  const [name, ...more] = kind.key.columns;
  const { foldsCase, isKey, unique } = columnOf(kind, name!);
  return more.length === 0 && foldsCase && (isKey === true || unique?.exact === true || unique?.folded === true);
}

/** The condition that a row has exactly this key. */
export function isKeyed(kind: SqlKind, key: string): Sql {
  const values = keyValues(kind, key);
  const conditions = kind.key.columns.map((name, index) =>
    isSameText(kind.dialect, columnSql(kind.name, name), columnOf(kind, name), values[index]),
  );
  return sql.join(conditions, sql` and `);
}

/** The condition that a column has exactly this value: a collation may ignore case, accents or blanks. */
export function isSameText(dialect: SqlDialect, column: Sql, of: Column, value: unknown): Sql {
  const text = inText(column, of, dialect);
  const equal = sql`${text} = ${value}`;
  return isText(of) ? sql`${equal} and ${dialect.exact(text)} = ${dialect.exact(sql`${value}`)}` : equal;
}

/** A column of a database-specific type, such as an enum, cast to text for comparison. */
export const inText = (column: Sql, { isOwnType }: Column, dialect: SqlDialect): Sql =>
  isOwnType && dialect.written ? dialect.written(column) : column;

/** Reports whether a column is compared by a collation, which may treat different texts as equal. */
export const isText = ({ type, isBytes, isInteger }: Column): boolean =>
  (type === "text" && isBytes !== true) || (type === "any" && isInteger !== true);
