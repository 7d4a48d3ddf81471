import type { Value } from "../../src/connector/connector.ts";
import { isOfCalendar } from "../../src/json/date.ts";
import type { Column } from "./column.ts";
import type { SqlDialect } from "./dialect.ts";
import { columnOf, columnSql, isUuid, isWhole, type SqlKind } from "./kind.ts";
import { type Sql, sql } from "./sql.ts";

/** Values of columns as one text: of several with a colon between them, and in them `~1` for a colon and `~0` for `~`. */
export const joinParts = (parts: readonly Value[]): string =>
  parts.length === 1
    ? String(parts[0])
    : parts.map((part) => String(part).replaceAll("~", "~0").replaceAll(":", "~1")).join(":");

/** The values that a text of `joinParts` was made of; undefined where it is not of as many. */
export function splitParts(text: string, width: number): string[] | undefined {
  if (width === 1) return [text];
  const parts = text.split(":");
  if (parts.length !== width || parts.some((part) => /~(?![01])/.test(part))) return undefined;
  return parts.map((part) => part.replaceAll("~1", ":").replaceAll("~0", "~"));
}

/**
 * Whether a text can be a value of a column, written as the column's values are read: databases take other spellings for the same, such
 * as `07` or `7abc` for 7.
 */
export function fitsColumn(text: string, of: Column, dialect: SqlDialect): boolean {
  const { type, isInteger, isRounded } = of;
  if (!isInCharset(text, of)) return false;
  // Whatever the configuration says of them, such columns compare text as the number that it can be read as.
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

/** Whether a column's character set can write a text. */
export const isInCharset = (text: string, { charset }: Column): boolean =>
  charset === undefined || (charset !== "ascii" && charset !== "latin1") ? true : charsets[charset].test(text);

const charsets = {
  ascii: /^[\x00-\x7f]*$/,
  // What MariaDB and MySQL call latin1 is Windows-1252.
  latin1:
    /^[\x00-\xff\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]*$/,
};

/** Whether a text is a number as it is read: without zeros that say nothing, where JavaScript holds it. */
const isDecimal = (text: string): boolean =>
  /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) && (text.length > 15 || String(Number(text)) === text);

/** True when a key can be one of the kind's. */
export const isKey = (kind: SqlKind, key: string): boolean =>
  splitParts(key, kind.key.columns.length)?.every((part, index) =>
    fitsColumn(part, columnOf(kind, kind.key.columns[index]!), kind.dialect),
  ) ?? false;

/** A key's values as parameters, for columns that are typed as the key's are; by what `isKey` says. */
export const keyValues = (kind: SqlKind, key: string): unknown[] =>
  splitParts(key, kind.key.columns.length)!.map((part, index) => {
    const column = columnOf(kind, kind.key.columns[index]!);
    return kind.dialect.toDatabase(part, column);
  });

/** The condition that columns have values, each its own. */
export const haveValues = (columns: readonly Sql[], values: readonly unknown[]): Sql =>
  sql.join(
    columns.map((column, index) => sql`${column} = ${values[index]}`),
    sql` and `,
  );

/**
 * Whether a kind's key is kept unique by a collation that takes some texts for the same: then rows that refer to it may be written
 * otherwise, and are its own.
 */
export function keyTakesForSame(kind: SqlKind): boolean {
  const [name, ...more] = kind.key.columns;
  const { foldsCase, isKey, unique } = columnOf(kind, name!);
  return more.length === 0 && foldsCase && (isKey === true || unique?.exact === true || unique?.folded === true);
}

/** The condition that a row is the key's, to the letter. */
export function isKeyed(kind: SqlKind, key: string): Sql {
  const values = keyValues(kind, key);
  const conditions = kind.key.columns.map((name, index) =>
    isSameText(kind.dialect, columnSql(kind.name, name), columnOf(kind, name), values[index]),
  );
  return sql.join(conditions, sql` and `);
}

/** The condition that a column has a value, to the letter: one that folds case, accents or blanks takes others for the same. */
export function isSameText(dialect: SqlDialect, column: Sql, of: Column, value: unknown): Sql {
  const text = inText(column, of, dialect);
  const equal = sql`${text} = ${value}`;
  return isText(of) ? sql`${equal} and ${dialect.exact(text)} = ${dialect.exact(sql`${value}`)}` : equal;
}

/** A column that has a type of the database's own, such as an enumeration, as text: it is compared with nothing else. */
export const inText = (column: Sql, { isOwnType }: Column, dialect: SqlDialect): Sql =>
  isOwnType && dialect.written ? dialect.written(column) : column;

/** Whether texts of a column are compared by a collation, which may take unlike ones for the same. */
export const isText = ({ type, isBytes, isInteger }: Column): boolean =>
  (type === "text" && isBytes !== true) || (type === "any" && isInteger !== true);
