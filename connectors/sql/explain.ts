import type { Kysely } from "kysely";
import type { BackendOperation, Change, Entry } from "../../src/connector/connector.ts";
import { valuesPut } from "../../src/connector/reference.ts";
import { documentsUnknown, withDocuments } from "./documents.ts";
import { groupCountStatement, groupKeysStatement, groupRowsStatement } from "./grouped.ts";
import { isKey } from "./keys.ts";
import { columnOf, type OwnStatement, type SqlKind } from "./kind.ts";
import { listInserts, listStatements } from "./lists.ts";
import { referenceStatement } from "./lookups.ts";
import { keyEntry } from "./operations.ts";
import { boundStatement, divide } from "./own.ts";
import { type Sql, sql } from "./sql.ts";
import { countedTo, countStatement, getStatement, searchStatement } from "./statements.ts";
import { deleteStatement, guardStatement, insertStatement, rowOf, updateStatements } from "./writes.ts";

/** The statements of an operation with their parameters. */
export function explain(of: SqlKind, operation: BackendOperation, db: Kysely<unknown>): string {
  return statementsOf(of, operation)
    .map((statement) => {
      const { sql: text, parameters } = statement.compile(db);
      return parameters.length > 0 ? `${text}\n-- ${JSON.stringify(parameters)}` : text;
    })
    .join("\n");
}

/** Stands for values that only the database knows. */
const UNKNOWN = "<as it is>";

function statementsOf(of: SqlKind, operation: BackendOperation): Sql[] {
  switch (operation.type) {
    case "search": {
      const upTo = countedTo(of, operation.limit);
      if (of.rows)
        return [
          groupKeysStatement(of, operation),
          ...(operation.count && upTo > 0 ? [groupCountStatement(of, operation.where, upTo)] : []),
        ];
      return [
        searchStatement(of, operation),
        ...(operation.count && upTo > 0 ? [countStatement(of, operation.where, upTo)] : []),
      ];
    }
    case "get":
      if (of.rows && of.columns.size > 0)
        return isKey(of, operation.key) ? [groupRowsStatement(of, [operation.key])] : [];
      return isKey(of, operation.key) ? [getStatement(of, operation.key, operation.attrs)] : [];
    case "create":
      return [sql`begin`, ...creation(of, operation.entry), sql`commit`];
    case "update":
      return [sql`begin`, ...change(of, operation), sql`commit`];
    case "delete": {
      const { key, expected } = operation;
      if (of.statements.delete.length === 0) return [deleteStatement(of, key, expected)];
      const own = of.statements.delete.map((statement) =>
        boundStatement(of, statement, filled(statement, keyEntry(of, key))),
      );
      return [sql`begin`, lockStatement(of, key, expected), ...own, sql`commit`];
    }
  }
}

function creation(of: SqlKind, entry: Entry): Sql[] {
  const own = of.statements.create;
  if (own.length > 0) return own.map((statement) => boundStatement(of, statement, entry));
  const { generate, columns } = of.key;
  const { rest, lookups } = lookedUp(of, entry);
  const row = rowOf(of, withDocuments(of, rest));
  const isGiven = columns.every((column) => row.has(column));
  const made = generate === "uuid" ? "00000000-0000-4000-8000-000000000000" : UNKNOWN;
  if (!isGiven && generate === "uuid") row.set(columns[0]!, of.dialect.toDatabase(made, columnOf(of, columns[0]!)));
  const first =
    typeof generate === "object" && !isGiven ? [sql`select ${sql.raw(generate.sql)} as ${sql.id("key")}`] : [];
  const key = columns.map((column) => row.get(column) ?? (of.key.type !== "text" ? "0" : made)).join(":");
  return [...lookups, ...first, insertStatement(of, row), ...listInserts(of, rest, key)];
}

/** Placeholders for looked-up values, and the statements that find them. */
function lookedUp(of: SqlKind, entry: Entry): { rest: Entry; lookups: Sql[] } {
  const found = Object.entries(of.lookups).filter(([attr]) => entry[attr] !== undefined);
  const rest = Object.fromEntries(Object.entries(entry).filter(([attr]) => !of.lookups[attr]));
  return {
    rest: { ...rest, ...Object.fromEntries(found.map(([, { column }]) => [column, UNKNOWN])) },
    lookups: found.map(([attr, lookup]) => referenceStatement(of, lookup, entry[attr] as string)),
  };
}

function change(of: SqlKind, { key, changes, expected }: Extract<BackendOperation, { type: "update" }>): Sql[] {
  const own = of.statements.update.length > 0;
  const after: Entry = { ...valuesPut(changes), ...keyEntry(of, key) };
  const division = own ? divide(of, changes, after) : { statements: [], rest: changes };
  const documents = documentsUnknown(of, key, division.rest, UNKNOWN);
  const lookups: Sql[] = [];
  const rest = documents.changes.map((each): Change => {
    const lookup = of.lookups[each.attr];
    if (!lookup) return each;
    const values = each.op === "swap" ? [each.from, each.to].filter((value) => value !== null) : each.values;
    lookups.push(...values.map((value) => referenceStatement(of, lookup, value)));
    const at = (value: unknown) => (value === null ? null : UNKNOWN);
    if (each.op === "swap") return { op: "swap", attr: lookup.column, from: at(each.from), to: at(each.to) };
    return { op: each.op, attr: lookup.column, values: each.values.map(() => UNKNOWN) };
  });
  const { row, taken, lists } = updateStatements(of, key, rest, own ? undefined : expected);
  return [
    ...(own ? [lockStatement(of, key, expected)] : []),
    ...division.statements.map((statement) => boundStatement(of, statement, filled(statement, after))),
    ...lookups,
    ...documents.read,
    ...(own && division.rest.length === 0 ? [] : [row ?? guardStatement(of, key, expected)]),
    ...taken,
    ...lists.flatMap((each) => listStatements(of, key, each)),
  ];
}

const lockStatement = (of: SqlKind, key: string, expected: Parameters<typeof guardStatement>[2]): Sql =>
  of.statements.lock ? boundStatement(of, of.statements.lock, keyEntry(of, key)) : guardStatement(of, key, expected);

/** An entry of which only the changed values are known. */
const filled = ({ attrs }: OwnStatement, entry: Entry): Entry => ({
  ...Object.fromEntries([...attrs].map((attr) => [attr, UNKNOWN])),
  ...entry,
});
