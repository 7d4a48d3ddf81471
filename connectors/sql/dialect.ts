import type { CompiledQuery, Dialect, Kysely, QueryResult } from "kysely";
import type { Scalar, Value } from "../../src/connector/connector.ts";
import type { Column, Columns, TableName } from "./column.ts";
import type { Sql } from "./sql.ts";

/** What one database product does differently. */
export interface SqlDialect {
  /** Kysely's dialect: the driver, and how identifiers and parameters are written. */
  readonly kysely: () => Dialect;
  /** The assumed properties of a column that the catalogue does not describe. */
  readonly unknownColumn: Column;
  /** Reads the columns of tables from the catalogue, in the order of the names. */
  readonly columnsOf: (db: Kysely<unknown>, names: readonly TableName[]) => Promise<Columns[]>;
  /** Text for case-insensitive comparison by code points. */
  readonly folded: (text: Sql) => Sql;
  /** Text for exact comparison by code points, whatever the column's collation. */
  readonly exact: (text: Sql) => Sql;
  /**
   * An equality with an ASCII value that an index can answer: complete if exact, else an additional condition. Undefined if no index
   * applies.
   */
  readonly indexed: (
    column: Sql,
    value: string,
    of: Column,
    caseExact: boolean,
  ) => { readonly condition: Sql; readonly isExact: boolean } | undefined;
  /** Whether letters beyond ASCII fold as in JavaScript, so that results are exact. */
  readonly foldsAll: boolean;
  /** Equality of texts produced by `folded` or `exact`. */
  readonly equals: (left: Sql, right: Sql) => Sql;
  /** Whether a text contains another, both produced by `folded` or `exact`. Default: `like`. */
  readonly contains?: (text: Sql, part: Sql) => Sql;
  /** Equality that treats NULL as a value. */
  readonly isSame: (column: Sql, value: unknown) => Sql;
  /** Whether a JSON column is equivalent to a JSON text. */
  readonly isSameJson: (column: Sql, text: string) => Sql;
  /** A condition that is true while a search may continue, if the database has no time limit. */
  readonly inTime?: Sql;
  /** Reads outside the process's main thread, if the database is embedded, for statements that `isFor` says took too long. */
  readonly apart?:
    | {
        readonly isFor: (error: unknown) => boolean;
        readonly read: (statement: CompiledQuery, signal: AbortSignal) => Promise<QueryResult<unknown>>;
        readonly close: () => Promise<void>;
      }
    | undefined;
  /** A condition that is never NULL. */
  readonly isTrue: (condition: Sql) => Sql;
  /** A condition as a sortable value. */
  readonly asValue: (condition: Sql) => Sql;
  /** A subquery that returns columns as JSON: an array of values, or of arrays for several columns. */
  readonly jsonList: (values: readonly Sql[], rest: Sql) => Sql;
  /** Inserts rows and skips existing ones, which the columns `identity` identify. */
  readonly insertMissing: (
    table: Sql,
    columns: readonly string[],
    rows: readonly (readonly unknown[])[],
    identity: readonly string[],
  ) => Sql;
  /** Whether the driver reports how many rows `insertMissing` really inserted. */
  readonly countsInserted: boolean;
  /** The clause of an insert without columns. */
  readonly noColumns: Sql;
  /** The end of an insert that returns columns, or the generated number as `made`. Otherwise the driver reports it. */
  readonly returning: (columns: readonly Sql[]) => Sql;
  /** Clauses of a select that lock its rows until the transaction ends. */
  readonly lockHint: Sql;
  readonly forUpdate: Sql;
  /** The clause that limits an ordered select. */
  readonly page: (limit: number, offset: number) => Sql;
  readonly castToText: (column: Sql) => Sql;
  /** Converts an ISO 8601 text to a comparable instant; NULL for other texts. */
  readonly instantOf: (text: Sql) => Sql;
  /** A value of a database-specific type as text, as the driver returns it. */
  readonly written?: (column: Sql) => Sql;
  /** The largest integer that a column can hold. */
  readonly maxWhole: bigint;
  /** Converts UTF-8 bytes to text. */
  readonly decoded: (bytes: Sql) => Sql;
  /** Converts bytes to hexadecimal digits, for lists that are read as JSON. */
  readonly hex: (bytes: Sql) => Sql;
  readonly toDatabase: (value: Value | Scalar, column: Column) => unknown;
  readonly fromDatabase: (value: unknown, column: Column) => Value | undefined;
  /**
   * The index expression for case-insensitive equality of a column, and how to name it; or a text that says what to do first if no index
   * can help.
   */
  readonly foldedIndex: (column: string, of: Column) => { readonly on: string } | { readonly first: string };
  /** The quotation mark of identifiers. */
  readonly quote: '"' | "`";
  /** Locks a value by name until the transaction ends. Undefined if not supported. */
  readonly lockValue?: (name: string) => Sql;
  /** Interprets a failure of the driver. */
  readonly failure: (error: unknown) => unknown;
  /** Reports whether a failed transaction may succeed when repeated. */
  readonly isPassing: (error: unknown) => boolean;
  /** Reports whether another process has locked the database, which is worth waiting for. */
  readonly isHeld?: (error: unknown) => boolean;
  /** A query for the product and version. */
  readonly version: Sql;
}
