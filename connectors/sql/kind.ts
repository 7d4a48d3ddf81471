import type { Mapped } from "../../src/connector/connector.ts";
import { type Assigned, type Column, columnIn, type Fixed, type Table, type TableName } from "./column.ts";
import type { SqlDialect } from "./dialect.ts";
import { type Sql, sql } from "./sql.ts";

/** A statement of the site's own: its text, with the attributes that are bound in it. */
export interface OwnStatement {
  readonly parts: readonly (string | { readonly attr: string })[];
  readonly attrs: ReadonlySet<string>;
}

/** A statement of the site's own that makes changes. */
export interface OwnUpdate {
  /** The attributes whose change it makes, or the values that it gives them; undefined for all that no other makes. */
  readonly when: readonly string[] | Fixed | undefined;
  readonly statement: OwnStatement;
}

/** What a kind's entries are written by, where it is not the table. */
export interface OwnStatements {
  readonly create: readonly OwnStatement[];
  readonly update: readonly OwnUpdate[];
  readonly delete: readonly OwnStatement[];
  readonly lock: OwnStatement | undefined;
}

/** What a list's rows are: the entry's own, such as its memberships, or things in their own right, such as a department's people. */
export interface Things {
  /** True where a row is no more made or deleted with the entry, but given to it and taken from it. */
  readonly isOfThings: boolean;
  /** Whether its rows are entries of a kind, by whatever they are listed. */
  readonly isOfEntries: boolean;
  /** The owner's columns that are set to NULL to take a row from it: those that do not tell the row itself from others. */
  readonly released: readonly string[];
  /** What rows meet that may be given to an entry: any of these. */
  readonly within: readonly Fixed[];
}

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
  /** Where an entry has several rows: the column that they share, their order, and how many there may be. */
  readonly rows?: { readonly by: string; readonly order: readonly string[]; readonly maximum: number } | undefined;
  /** What the mappings do with its entries. */
  readonly mapped: Mapped | undefined;
  /** How far entries are counted. */
  readonly countTo: number;
}

/** The key of a kind's rows. */
export interface Key {
  /** The attribute of entries that holds it: the column, or the columns' names joined as their values are. */
  readonly attr: string;
  readonly columns: readonly string[];
  /** Undefined where the table says it. */
  readonly type?: "integer" | "text" | undefined;
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

/** A table's name, quoted. */
export const tableSql = ({ schema, table }: TableName): Sql =>
  schema === undefined ? sql.id(table) : sql.id(schema, table);

/** A column of a kind's table or of a list's, with its table before it. */
export const columnSql = ({ schema, table }: TableName, column: string): Sql =>
  schema === undefined ? sql.id(table, column) : sql.id(schema, table, column);

/** A kind's column; its key is what the configuration says. */
export function columnOf(kind: SqlKind, name: string): Column {
  const column = columnIn(kind.columns, name, kind.dialect);
  const { columns, type } = kind.key;
  if (columns.length > 1 || name !== columns[0]) return column;
  if (type === "integer" || (type === "text" && column.type === "any")) return { ...column, type };
  // What has no type, such as a view's column, is a number, as most keys are.
  return column.type === "any" ? { ...column, type: column.isText ? "text" : "integer" } : column;
}

/** The columns of the key, quoted and with their table. */
export const keySql = (kind: SqlKind): Sql[] => kind.key.columns.map((column) => columnSql(kind.name, column));

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Whether a text is a UUID. */
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

/** The `where` of all of some conditions; nothing without any. */
export const allOf = (conditions: readonly Sql[]): Sql =>
  conditions.length > 0 ? sql` where ${sql.join(conditions, sql` and `)}` : sql``;
