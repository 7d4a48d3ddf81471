import type { SQLInputValue } from "node:sqlite";

/** A row by column. */
export interface Row {
  // biome-ignore lint/suspicious/noExplicitAny: columns are of the schema in store.ts
  readonly [column: string]: any;
}

/** Prepared SQL statements. */
export interface Statements {
  readonly run: (sql: string, ...values: SQLInputValue[]) => unknown;
  readonly first: (sql: string, ...values: SQLInputValue[]) => Row | undefined;
  readonly all: (sql: string, ...values: SQLInputValue[]) => Row[];
}
