import type { Mapped } from "../../src/connector/connector.ts";
import { type Assigned, type Column, columnIn, type Fixed, type Table, type TableName } from "./column.ts";
import type { SqlDialect } from "./dialect.ts";
import { type Sql, sql } from "./sql.ts";

/** A custom statement: its text and its parameters. */
export interface OwnStatement {
  readonly parts: readonly (string | { readonly attr: string })[];
  readonly attrs: ReadonlySet<string>;
}

/** A custom statement that makes changes. */
export interface OwnUpdate {
  /** The attributes that it changes, or the values that it sets; undefined for all changes that no other statement makes. */
  readonly when: readonly string[] | Fixed | undefined;
  readonly statement: OwnStatement;
}

/** Custom statements that replace writes to the table. */
export interface OwnStatements {
  readonly create: readonly OwnStatement[];
  readonly update: readonly OwnUpdate[];
  readonly delete: readonly OwnStatement[];
  readonly lock: OwnStatement | undefined;
}

/** What a list's rows are: parts of the entry, such as memberships, or records in their own right, such as a department's people. */
export interface Things {
  /** Whether rows are assigned to an entry and released, but never inserted or deleted. */
  readonly isOfThings: boolean;
  /** Whether its rows are entries of a kind. */
  readonly isOfEntries: boolean;
  /** The owner columns that are set to NULL to release a row: those that do not identify the row. */
  readonly released: readonly string[];
  /** Conditions on rows that may be assigned to an entry; any of them suffices. */
  readonly within: readonly Fixed[];
}

/** A kind in the database: its table, its key, and other tables with data of its entries. */
export interface SqlKind extends Table {
  readonly dialect: SqlDialect;
  readonly key: Key;
  readonly where: Fixed;
  /** Assignments that replace deletion. */
  readonly deletedBy?: Assigned | undefined;
  /** Assignments made with each change. */
  readonly updatedBy: Assigned;
  readonly lists: { readonly [attr: string]: List };
  readonly lookups: { readonly [attr: string]: Lookup };
  /** Attributes that combine several columns, like a composite key. */
  readonly joined: { readonly [attr: string]: readonly string[] };
  /** Columns that hold JSON objects with attributes. */
  readonly json: readonly string[];
  readonly statements: OwnStatements;
  /** For entries of several rows: the shared column, their order and their maximum number. */
  readonly rows?: { readonly by: string; readonly order: readonly string[]; readonly maximum: number } | undefined;
  /** How mappings use its entries. */
  readonly mapped: Mapped | undefined;
  /** How far entries are counted. */
  readonly countTo: number;
}

/** The key of a kind's rows. */
export interface Key {
  /** The attribute that holds it: the column, or the names of the columns joined like their values. */
  readonly attr: string;
  readonly columns: readonly string[];
  /** Undefined to use the column's type. */
  readonly type?: "integer" | "text" | undefined;
  readonly generate: "database" | "uuid" | { readonly sql: string };
}

/** A list whose values are rows of another table. */
export interface List extends Table, Things {
  /** The columns that hold the entry's key. */
  readonly owner: readonly string[];
  readonly value: readonly string[];
  /** Values that distinguish these rows from others in the table, such as the type of an address. */
  readonly where: Fixed;
  /** Further assignments for new rows. */
  readonly set: Assigned;
  /** Assignments that replace the deletion of a row. */
  readonly deletedBy?: Assigned | undefined;
  /** Whether deleting the entry deletes the rows. Default: yes, unless they are records in their own right. */
  readonly onDelete?: "delete" | "keep" | undefined;
  /** Whether the values are keys of entries, according to the configuration or mappings. */
  readonly isOfKeys: boolean;
  /** The kind whose keys the values are. */
  readonly ofKind?: string | undefined;
  /** The kind whose keys the values are, if other values are to be skipped. */
  readonly of: (Table & { readonly key: readonly string[]; readonly where: Fixed }) | undefined;
}

/** A value from a row of another table that a column refers to. */
export interface Lookup extends Table {
  readonly column: string;
  readonly key: string;
  readonly value: string;
  readonly where: Fixed;
}

/** The columns of a combined attribute. */
export const joinedColumns = (kind: SqlKind, attr: string): readonly string[] | undefined =>
  kind.joined[attr] ?? (attr === kind.key.attr && kind.key.columns.length > 1 ? kind.key.columns : undefined);

/** A table's quoted name. */
export const tableSql = ({ schema, table }: TableName): Sql =>
  schema === undefined ? sql.id(table) : sql.id(schema, table);

/** A quoted column with its table. */
export const columnSql = ({ schema, table }: TableName, column: string): Sql =>
  schema === undefined ? sql.id(table, column) : sql.id(schema, table, column);

/** A kind's column. The configuration may override the type of the key. */
export function columnOf(kind: SqlKind, name: string): Column {
  const column = columnIn(kind.columns, name, kind.dialect);
  const { columns, type } = kind.key;
  if (columns.length > 1 || name !== columns[0]) return column;
  if (type === "integer" || (type === "text" && column.type === "any")) return { ...column, type };
  // An untyped column, as in a view, is assumed to be a number, like most keys.
  return column.type === "any" ? { ...column, type: column.isText ? "text" : "integer" } : column;
}

/** The quoted columns of the key. */
export const keySql = (kind: SqlKind): Sql[] => kind.key.columns.map((column) => columnSql(kind.name, column));

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Reports whether a text is a UUID. */
export const isUuid = (text: string): boolean => UUID.test(text);
/** Reports whether a text is a canonical integer within the database's range. */
export const isWhole = (text: string, { maxWhole }: Pick<SqlDialect, "maxWhole">): boolean =>
  /^(0|-?[1-9]\d{0,19})$/.test(text) && BigInt(text) >= -(2n ** 63n) && BigInt(text) <= maxWhole;
/** An integer as drivers take it, exactly. */
export const wholeOf = (text: string): number | bigint =>
  Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);

/** The conditions for rows of the kind or the list. */
export const fixedSql = ({ name, columns }: Table, fixed: Fixed, dialect: SqlDialect): Sql[] =>
  Object.entries(fixed).map(([column, value]) => {
    const left = columnSql(name, column);
    return value === null
      ? sql`${left} is null`
      : sql`${left} = ${dialect.toDatabase(value, columnIn(columns, column, dialect))}`;
  });

/** The value of an assignment: a parameter or a configured expression. */
export function assignedSql({ columns }: Table, column: string, value: Assigned[string], dialect: SqlDialect): Sql {
  if (value === null) return sql`null`;
  if (typeof value === "object") return sql.raw(`(${value.sql})`);
  return sql`${dialect.toDatabase(value, columnIn(columns, column, dialect))}`;
}

/** A `where` clause of conditions, empty if there are none. */
export const allOf = (conditions: readonly Sql[]): Sql =>
  conditions.length > 0 ? sql` where ${sql.join(conditions, sql` and `)}` : sql``;
