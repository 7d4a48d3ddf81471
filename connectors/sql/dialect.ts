import type { CompiledQuery, Dialect, Kysely, QueryResult } from "kysely";
import type { Scalar, Value } from "../../src/connector/connector.ts";
import type { Column, Columns, TableName } from "./column.ts";
import type { Sql } from "./sql.ts";

/** What databases of one make do in their own way. */
export interface SqlDialect {
  /** Kysely's part: the driver, and how identifiers and parameters are written. */
  readonly kysely: () => Dialect;
  /** What a column is taken for that the catalogue does not tell of. */
  readonly unknownColumn: Column;
  /** Asks the catalogue for the columns of tables, in the order of the names. */
  readonly columnsOf: (db: Kysely<unknown>, names: readonly TableName[]) => Promise<Columns[]>;
  /** Text without regard to case, compared by code points. */
  readonly folded: (text: Sql) => Sql;
  /** Text as it is, compared by code points, whatever collation the column has. */
  readonly exact: (text: Sql) => Sql;
  /**
   * An equality, for a value of ASCII, that an index answers: all there is to ask where it is exact, else asked beside what
   * is. Undefined where no index could.
   */
  readonly indexed: (
    column: Sql,
    value: string,
    of: Column,
    caseExact: boolean,
  ) => { readonly condition: Sql; readonly isExact: boolean } | undefined;
  /** Whether letters beyond ASCII are folded as JavaScript does, so that what is found is just what is asked for. */
  readonly foldsAll: boolean;
  /** Equality of texts in a form that `folded` or `exact` made. */
  readonly equals: (left: Sql, right: Sql) => Sql;
  /** Whether a text holds another, both in a form that `folded` or `exact` made; by `like` without it. */
  readonly contains?: (text: Sql, part: Sql) => Sql;
  /** Comparison that takes NULL for a value. */
  readonly isSame: (column: Sql, value: unknown) => Sql;
  /** Whether a column of JSON says the same as a text of JSON, however each is written. */
  readonly isSameJson: (column: Sql, text: string) => Sql;
  /** A condition that is true while a search may go on, where the database itself has no time limit. */
  readonly inTime?: Sql;
  /** Reads beside the process, where the database is in it: for what `isFor` says took too long. */
  readonly apart?:
    | {
        readonly isFor: (error: unknown) => boolean;
        readonly read: (statement: CompiledQuery, signal: AbortSignal) => Promise<QueryResult<unknown>>;
        readonly close: () => Promise<void>;
      }
    | undefined;
  /** A condition that is never NULL. */
  readonly isTrue: (condition: Sql) => Sql;
  /** A condition as a value to order by. */
  readonly asValue: (condition: Sql) => Sql;
  /** A select of columns of the rows that its rest names, as JSON: an array of values, or of arrays where they are several. */
  readonly jsonList: (values: readonly Sql[], rest: Sql) => Sql;
  /** Inserts rows, and passes over those that are there; `identity` are the columns that tell one from another. */
  readonly insertMissing: (
    table: Sql,
    columns: readonly string[],
    rows: readonly (readonly unknown[])[],
    identity: readonly string[],
  ) => Sql;
  /** Whether the driver tells how many rows `insertMissing` made, without those that were there. */
  readonly countsInserted: boolean;
  /** What an insert says that names no column. */
  readonly noColumns: Sql;
  /** What an insert ends with to give back columns, or the number that it made as `made`; else the driver tells that. */
  readonly returning: (columns: readonly Sql[]) => Sql;
  /** What a select has behind its table, or ends with, that keeps others from changing its rows until the transaction ends. */
  readonly lockHint: Sql;
  readonly forUpdate: Sql;
  /** What an ordered select ends with that takes a part of its rows. */
  readonly page: (limit: number, offset: number) => Sql;
  readonly castToText: (column: Sql) => Sql;
  /** A text that names an instant in any form of ISO 8601, in a form in which instants compare; NULL for other texts. */
  readonly instantOf: (text: Sql) => Sql;
  /** A value of a type of the database's own as text, just as the driver gives it. */
  readonly written?: (column: Sql) => Sql;
  /** The largest whole number that a column holds. */
  readonly maxWhole: bigint;
  /** Bytes of UTF-8 as text. */
  readonly decoded: (bytes: Sql) => Sql;
  /** Bytes as hexadecimal digits, for lists that are read as JSON. */
  readonly hex: (bytes: Sql) => Sql;
  readonly toDatabase: (value: Value | Scalar, column: Column) => unknown;
  readonly fromDatabase: (value: unknown, column: Column) => Value | undefined;
  /**
   * The expression that an index has for an equality of a column without regard to case, by its name as it has to be quoted; in
   * words what to do first where no index could serve.
   */
  readonly foldedIndex: (column: string, of: Column) => { readonly on: string } | { readonly first: string };
  /** What names are quoted by. */
  readonly quote: '"' | "`";
  /** Keeps others from writing a value until the transaction ends, by a name for it; left out where nothing does. */
  readonly lockValue?: (name: string) => Sql;
  /** What a failure of the driver means. */
  readonly failure: (error: unknown) => unknown;
  /** Whether a transaction that failed so may succeed when it is run again. */
  readonly isPassing: (error: unknown) => boolean;
  /** Whether another process holds the whole database: that is waited for. */
  readonly isHeld?: (error: unknown) => boolean;
  /** A select of one text: what database this is. */
  readonly version: Sql;
}
