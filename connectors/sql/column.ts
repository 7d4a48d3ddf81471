import type { Scalar } from "../../src/connector/connector.ts";

/** The type of a column, as far as it matters for comparison and conversion; `any` if each value has its own. */
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

/** Properties of a column. */
export interface Column {
  readonly type: ColumnType;
  /** Whether the database compares it case-insensitively. */
  readonly foldsCase: boolean;
  /** Whether its collation differs from the database's, so that letters may fold differently. */
  readonly hasCollation?: boolean;
  /** Whether it is NOT NULL. */
  readonly takesNoNull?: boolean;
  /** Whether it is NOT NULL without a default. */
  readonly isRequired?: boolean;
  /** Whether it alone is the table's primary key. */
  readonly isKey?: boolean;
  /** Whether the database numbers new rows in it. */
  readonly isCounted?: boolean;
  /** Whether an untyped column was declared as text. */
  readonly isText?: boolean;
  /** Whether a unique index covers it, case-sensitively or case-insensitively. */
  readonly unique?: { readonly exact: boolean; readonly folded: boolean };
  /** Whether an untyped column prefers integers and rounds those that are too large. */
  readonly isInteger?: boolean;
  /** Whether its text is stored as UTF-8 bytes. */
  readonly isBytes?: boolean;
  /** Whether it has a database-specific type that is read as text, such as an enum or an address. */
  readonly isOwnType?: boolean;
  /** Whether an untyped column rounds numbers of more than 15 digits. */
  readonly isRounded?: boolean;
  /** The permitted texts, and whether several may be combined with commas. */
  readonly values?: readonly string[] | undefined;
  readonly takesSeveral?: boolean;
  /** The character set, if it cannot represent every character. */
  readonly charset?: string | undefined;
  /** Whether text is padded with blanks to a fixed width. */
  readonly isPadded: boolean;
  /** Whether an index starts with it and supports equality, case-sensitively or case-insensitively. */
  readonly indexed: { readonly exact: boolean; readonly folded: boolean };
}

/** Reports whether a column may hold text, so that case and empty text matter. */
export const mayHoldText = ({ type }: Pick<Column, "type">): boolean => type === "text" || type === "any";

/** A table or view, optionally qualified by a schema. */
export interface TableName {
  readonly schema?: string | undefined;
  readonly table: string;
}

/** Columns by name. */
export type Columns = ReadonlyMap<string, Column>;

/** A table or view with its columns. */
export interface Table {
  readonly name: TableName;
  readonly columns: Columns;
}

/** Column values that all rows of a kind have. */
export type Fixed = { readonly [column: string]: Scalar | null };

/** Values to assign to columns: constants, or SQL expressions. */
export type Assigned = { readonly [column: string]: Scalar | null | { readonly sql: string } };

/** The properties of a column by name. */
export const columnIn = (columns: Columns, name: string, dialect: { readonly unknownColumn: Column }): Column =>
  columns.get(name) ?? dialect.unknownColumn;
