import type { Scalar } from "../../src/connector/connector.ts";

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

/** What is known of a column. */
export interface Column {
  readonly type: ColumnType;
  /** Whether the database itself compares it without regard to case. */
  readonly foldsCase: boolean;
  /** Whether its text is collated otherwise than the database's, so that letters may be folded otherwise, too. */
  readonly hasCollation?: boolean;
  /** Whether it takes no NULL. */
  readonly takesNoNull?: boolean;
  /** Whether it takes none, and has no value of its own for what is left out. */
  readonly isRequired?: boolean;
  /** Whether it is the table's primary key, by itself. */
  readonly isKey?: boolean;
  /** Whether the database numbers new rows in it. */
  readonly isCounted?: boolean;
  /** Whether a column of any type was declared to hold text. */
  readonly isText?: boolean;
  /** Whether an index keeps its values unique, as they are or without regard to case. */
  readonly unique?: { readonly exact: boolean; readonly folded: boolean };
  /** Whether a column of any type prefers whole numbers, and rounds those that are too large for one. */
  readonly isInteger?: boolean;
  /** Whether the database keeps its text as bytes of UTF-8. */
  readonly isBytes?: boolean;
  /** Whether it is of a type of the database's own that is read as text, such as an enumeration or an address. */
  readonly isOwnType?: boolean;
  /** Whether a column of any type rounds numbers of more than 15 digits. */
  readonly isRounded?: boolean;
  /** The texts that it takes alone, and whether several of them at once, with commas between them. */
  readonly values?: readonly string[] | undefined;
  readonly takesSeveral?: boolean;
  /** The character set of its text, where that cannot write every character. */
  readonly charset?: string | undefined;
  /** Whether text in it is filled up with blanks to a fixed width. */
  readonly isPadded: boolean;
  /** Whether an index of the table begins with it, in a form that an equality can use, as it is and without regard to case. */
  readonly indexed: { readonly exact: boolean; readonly folded: boolean };
}

/** Whether a column may hold text, so that letters of either case, and nothing, count as they do for text. */
export const mayHoldText = ({ type }: Pick<Column, "type">): boolean => type === "text" || type === "any";

/** A table or a view: its name, qualified by a schema where that is given. */
export interface TableName {
  readonly schema?: string | undefined;
  readonly table: string;
}

/** The columns of a table, by their names. */
export type Columns = ReadonlyMap<string, Column>;

/** A table, or a view, with what the catalogue says of its columns. */
export interface Table {
  readonly name: TableName;
  readonly columns: Columns;
}

/** Values that a column has in every row that is of the kind. */
export type Fixed = { readonly [column: string]: Scalar | null };

/** Values that a column is given: constants, or expressions of the database's own. */
export type Assigned = { readonly [column: string]: Scalar | null | { readonly sql: string } };

/** What is known of a column by its name. */
export const columnIn = (columns: Columns, name: string, dialect: { readonly unknownColumn: Column }): Column =>
  columns.get(name) ?? dialect.unknownColumn;
