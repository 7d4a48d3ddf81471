import { type RawBuilder, sql } from "kysely";
import type { Scalar } from "../../src/connector/connector.ts";
import type { SqlDialect } from "./dialect.ts";

export type Sql = RawBuilder<unknown>;

/** What a column holds, as far as comparing and converting it differs; `any` where each value has a type of its own. */
export type ColumnType =
  | "any"
  | "text"
  | "integer"
  | "decimal"
  | "boolean"
  | "bit"
  | "time"
  | "date"
  | "uuid"
  | "uuidBytes"
  | "json"
  | "bytes";

export interface Column {
  readonly type: ColumnType;
  /** Whether the database itself compares it without regard to case. */
  readonly foldsCase: boolean;
  /** Whether text in it is filled up with blanks to a fixed width. */
  readonly isPadded: boolean;
  /** Whether an index of the table begins with it, in a form that an equality can use, as it is and without regard to case. */
  readonly indexed: { readonly exact: boolean; readonly folded: boolean };
}

/** A table or a view: its name, qualified by a schema where that is given. */
export interface TableName {
  readonly schema?: string | undefined;
  readonly table: string;
}

export type Columns = ReadonlyMap<string, Column>;

/** Values that a column has in every row that is of the kind. */
export type Fixed = { readonly [column: string]: Scalar | null };

/** A kind's place in the database: its table, the column of its key, and the lists that other tables hold. */
export interface Kind {
  readonly dialect: SqlDialect;
  readonly name: TableName;
  readonly columns: Columns;
  readonly key: { readonly column: string; readonly type: "integer" | "text"; readonly generate: "database" | "uuid" };
  readonly where: Fixed;
  /** What a deletion sets in place of taking the row away. */
  readonly deletedBy: Fixed | undefined;
  readonly lists: { readonly [attr: string]: List };
}

/** A list's values in a table of their own, one a row. */
export interface List {
  readonly name: TableName;
  readonly columns: Columns;
  /** The column that holds the entry's key. */
  readonly owner: string;
  readonly value: string;
  /** What tells these rows from others of the table, such as the type of an address. */
  readonly where: Fixed;
}

export const tableSql = ({ schema, table }: TableName): Sql =>
  schema === undefined ? sql.id(table) : sql.id(schema, table);

/** A column of a kind's table or of a list's, with its table before it. */
export const columnSql = ({ schema, table }: TableName, column: string): Sql =>
  schema === undefined ? sql.id(table, column) : sql.id(schema, table, column);

export const columnIn = (columns: Columns, name: string, dialect: SqlDialect): Column =>
  columns.get(name) ?? dialect.unknownColumn;

export const keySql = (kind: Kind): Sql => columnSql(kind.name, kind.key.column);

/** True when a key can be one of the kind's: text, or a whole number as databases write it. */
export function isKey(kind: Kind, key: string): boolean {
  if (kind.key.type === "integer") return isWhole(key);
  const { type } = columnIn(kind.columns, kind.key.column, kind.dialect);
  return (type !== "uuid" && type !== "uuidBytes") || isUuid(key);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const isUuid = (text: string): boolean => UUID.test(text);
/** A whole number that JavaScript holds exactly, written as databases write it. */
export const isWhole = (text: string): boolean =>
  /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) && String(Number(text)) === text;

/** The conditions that rows of a table meet which are of the kind, or of the list. */
export const fixedSql = (name: TableName, columns: Columns, fixed: Fixed, dialect: SqlDialect): Sql[] =>
  Object.entries(fixed).map(([column, value]) => {
    const left = columnSql(name, column);
    return value === null
      ? sql`${left} is null`
      : sql`${left} = ${dialect.toDatabase(value, columnIn(columns, column, dialect))}`;
  });
