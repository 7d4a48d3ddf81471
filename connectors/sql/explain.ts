import { type Kysely, sql } from "kysely";
import type { Operation } from "../../src/connector/connector.ts";
import { isKey, type Kind, type Sql } from "./kind.ts";
import {
  countStatement,
  deleteStatement,
  getStatement,
  guardStatement,
  insertStatements,
  searchStatement,
  updateStatements,
} from "./statements.ts";

/** The statements of an operation, each with its parameters. */
export function explain(of: Kind, operation: Operation, db: Kysely<unknown>): string {
  return statementsOf(of, operation)
    .map((statement) => {
      const { sql: text, parameters } = statement.compile(db);
      return parameters.length > 0 ? `${text}\n-- ${JSON.stringify(parameters)}` : text;
    })
    .join("\n");
}

function statementsOf(of: Kind, operation: Operation): Sql[] {
  switch (operation.type) {
    case "search":
      return [searchStatement(of, operation), ...(operation.count ? [countStatement(of, operation.where)] : [])];
    case "get":
      return isKey(of, operation.key) ? [getStatement(of, operation.key, operation.attrs)] : [];
    case "create": {
      const { row, lists } = insertStatements(
        of,
        operation.entry,
        of.key.generate === "uuid" ? "00000000-0000-4000-8000-000000000000" : undefined,
      );
      return [sql`begin`, row, ...lists("0"), sql`commit`];
    }
    case "update": {
      const { key, changes, expected } = operation;
      const { row, lists } = updateStatements(of, key, changes, expected);
      return [sql`begin`, row ?? guardStatement(of, key, expected), ...lists, sql`commit`];
    }
    case "delete":
      return [deleteStatement(of, operation.key, operation.expected)];
  }
}
