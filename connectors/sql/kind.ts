import { type RawBuilder, sql } from "kysely";
import type { Mapped, Scalar } from "../../src/connector/connector.ts";
import type { SqlDialect } from "./dialect.ts";
import type { OwnStatements } from "./own.ts";
import type { Things } from "./things.ts";

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

/** A kind's place in the database: its table, its key, and what other tables hold of its entries. */
export interface SqlKind extends Table {
  readonly dialect: SqlDialect;
  readonly key: Key;
  readonly where: Fixed;
  /** What a deletion sets in place of taking the row away. */
  readonly deletedBy?: Assigned | undefined;
  /** What a change of the row sets as well. */
  readonly updatedBy: Assigned;
  readonly lists: { readonly [attr: string]: List };
  readonly lookups: { readonly [attr: string]: Lookup };
  /** Attributes whose value is that of several columns, as a key's is that has several. */
  readonly joined: { readonly [attr: string]: readonly string[] };
  /** Columns that hold JSON objects, in which attributes have places. */
  readonly json: readonly string[];
  readonly statements: OwnStatements;
  /** What the mappings do with its entries. */
  readonly mapped: Mapped | undefined;
  /** How far entries are counted. */
  readonly countTo: number;
}

export interface Key {
  /** The attribute of entries that holds it: the column, or the columns' names joined as their values are. */
  readonly attr: string;
  readonly columns: readonly string[];
  readonly type: "integer" | "text";
  readonly generate: "database" | "uuid" | { readonly sql: string };
}

/** A list's values in a table of their own, one a row. */
export interface List extends Table, Things {
  /** The columns that hold the entry's key. */
  readonly owner: readonly string[];
  readonly value: readonly string[];
  /** What tells these rows from others of the table, such as the type of an address. */
  readonly where: Fixed;
  /** What new rows are given beside it. */
  readonly set: Assigned;
  /** What taking a value out sets in place of taking its row away. */
  readonly deletedBy?: Assigned | undefined;
  /** Whether a deletion of the entry takes the rows with it; where nothing is said, unless they are things in their own right. */
  readonly onDelete?: "delete" | "keep" | undefined;
  /** Whether the values are keys of entries, by what the configuration or the mappings say. */
  readonly isOfKeys: boolean;
  /** The kind whose keys the values are, by its name. */
  readonly ofKind?: string | undefined;
  /** The kind whose keys the values are, where others are to be left out. */
  readonly of: (Table & { readonly key: readonly string[]; readonly where: Fixed }) | undefined;
}

/** A value in the row of another table that a column of the kind's refers to. */
export interface Lookup extends Table {
  readonly column: string;
  readonly key: string;
  readonly value: string;
  readonly where: Fixed;
}

/** The columns of an attribute that has several. */
export const joinedColumns = (kind: SqlKind, attr: string): readonly string[] | undefined =>
  kind.joined[attr] ?? (attr === kind.key.attr && kind.key.columns.length > 1 ? kind.key.columns : undefined);

export const tableSql = ({ schema, table }: TableName): Sql =>
  schema === undefined ? sql.id(table) : sql.id(schema, table);

/** A column of a kind's table or of a list's, with its table before it. */
export const columnSql = ({ schema, table }: TableName, column: string): Sql =>
  schema === undefined ? sql.id(table, column) : sql.id(schema, table, column);

export const columnIn = (columns: Columns, name: string, dialect: SqlDialect): Column =>
  columns.get(name) ?? dialect.unknownColumn;

/** A kind's column; its key is what the configuration says. */
export function columnOf(kind: SqlKind, name: string): Column {
  const column = columnIn(kind.columns, name, kind.dialect);
  const { columns, type } = kind.key;
  if (columns.length > 1 || name !== columns[0]) return column;
  return type === "integer" || column.type === "any" ? { ...column, type } : column;
}

export const keySql = (kind: SqlKind): Sql[] => kind.key.columns.map((column) => columnSql(kind.name, column));

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const isUuid = (text: string): boolean => UUID.test(text);
/** A whole number of 64 bits, up to the database's largest, written as databases write it. */
export const isWhole = (text: string, { maxWhole }: Pick<SqlDialect, "maxWhole">): boolean =>
  /^(0|-?[1-9]\d{0,19})$/.test(text) && BigInt(text) >= -(2n ** 63n) && BigInt(text) <= maxWhole;
/** A whole number as drivers take it, exactly. */
export const wholeOf = (text: string): number | bigint =>
  Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);

/** The conditions that rows of a table meet which are of the kind, or of the list. */
export const fixedSql = ({ name, columns }: Table, fixed: Fixed, dialect: SqlDialect): Sql[] =>
  Object.entries(fixed).map(([column, value]) => {
    const left = columnSql(name, column);
    return value === null
      ? sql`${left} is null`
      : sql`${left} = ${dialect.toDatabase(value, columnIn(columns, column, dialect))}`;
  });

/** The value that a column is given: bound, or an expression as the configuration has it. */
export function assignedSql({ columns }: Table, column: string, value: Assigned[string], dialect: SqlDialect): Sql {
  if (value === null) return sql`null`;
  if (typeof value === "object") return sql.raw(`(${value.sql})`);
  return sql`${dialect.toDatabase(value, columnIn(columns, column, dialect))}`;
}

export const allOf = (conditions: readonly Sql[]): Sql =>
  conditions.length > 0 ? sql` where ${sql.join(conditions, sql` and `)}` : sql``;
