import { setTimeout as sleep } from "node:timers/promises";
import type { Kysely } from "kysely";
import type { Mapped, References } from "../../src/connector/connector.ts";
import type { Columns, Table, TableName } from "./column.ts";
import type { SqlDialect } from "./dialect.ts";
import { checkDocuments } from "./documents.ts";
import { joinParts } from "./keys.ts";
import type { List, Lookup, SqlKind } from "./kind.ts";
import { readStatements } from "./own.ts";
import type { Settings } from "./settings.ts";
import { thingsIn } from "./things.ts";

/** Delay before a failed catalogue query is repeated, in milliseconds. */
const AGAIN_MS = 100;

const nothing: Columns = new Map();

/**
 * The kinds as configured, and with their columns from the catalogue. The catalogue is read on first use, so that the gateway starts while
 * the database is down.
 */
export function kindsOf(
  settings: Settings["kinds"],
  dialect: SqlDialect,
  db: Kysely<unknown>,
  mapped: ReadonlyMap<string, Mapped> = new Map(),
  references: References = [],
): {
  configured: ReadonlyMap<string, SqlKind>;
  known: () => Promise<ReadonlyMap<string, SqlKind>>;
  /** With columns, if the catalogue has been read. */
  current: () => ReadonlyMap<string, SqlKind>;
} {
  for (const [name, uses] of mapped) checkDocuments(name, settings[name]?.json ?? [], uses);
  const build = (columnsOf: (name: TableName) => Columns) =>
    new Map(
      Object.keys(settings).map((name) => [
        name,
        { ...kindOf(name, settings, references, dialect, columnsOf), mapped: mapped.get(name) },
      ]),
    );
  const configured = build(() => nothing);
  let current = configured;
  let asked: Promise<ReadonlyMap<string, SqlKind>> | undefined;
  const ask = async () => {
    const names = [...configured.values()].flatMap((kind) => tablesOf(kind).map(({ name }) => name));
    const unique = [...new Map(names.map((name) => [nameKey(name), name])).values()];
    const found = await dialect.columnsOf(db, unique);
    const columns = new Map(unique.map((name, index) => [nameKey(name), found[index]!]));
    current = build((name) => columns.get(nameKey(name)) ?? nothing);
    return current;
  };
  return {
    configured,
    current: () => current,
    known: () => {
      // Concurrent callers share one query, which is repeated once before all of them fail.
      asked ??= ask()
        .catch(() => sleep(AGAIN_MS).then(ask))
        .catch((error) => {
          asked = undefined;
          throw error;
        });
      return asked;
    },
  };
}

function kindOf(
  of: string,
  kinds: Settings["kinds"],
  references: References,
  dialect: SqlDialect,
  columnsOf: (name: TableName) => Columns,
): Omit<SqlKind, "mapped"> {
  const { table, schema, text, key, lists, lookups, statements, countTo, ...rest } = kinds[of]!;
  const tableOf = (name: TableName, texts: readonly string[] = []): Table => ({
    name,
    columns: withTexts(columnsOf(name), texts),
  });
  const columns = rest.rows ? [rest.rows.by] : [key.column].flat();
  return {
    ...rest,
    dialect,
    ...tableOf({ schema, table }, text),
    key: { ...key, attr: joinParts(columns), columns, type: columns.length > 1 || rest.rows ? "text" : key.type },
    lists: mapped(
      lists,
      (list, attr): List => ({
        ...list,
        isOfKeys: list.of !== undefined || references.some((each) => each.kind === of && each.attr === attr),
        ...thingsIn(kinds, { of, attr }, tableOf(list, list.text).columns, references),
        ...tableOf({ schema: list.schema, table: list.table }, list.text),
        owner: [list.owner].flat(),
        value: [list.value].flat(),
        ofKind: list.of,
        of: list.of === undefined ? undefined : targetOf(kinds[list.of]!, tableOf),
      }),
    ),
    lookups: mapped(
      lookups,
      (lookup): Lookup => ({
        ...lookup,
        ...tableOf({ schema: lookup.schema, table: lookup.table }, lookup.text),
      }),
    ),
    statements: readStatements(statements),
    countTo: countTo ?? Number.POSITIVE_INFINITY,
  };
}

/** Binary columns that are configured as text. */
function withTexts(columns: Columns, texts: readonly string[]): Columns {
  if (texts.length === 0) return columns;
  return new Map(
    [...columns].map(([name, column]) => {
      const isOfBytes = column.type === "bytes" || column.type === "uuidBytes";
      return [name, texts.includes(name) && isOfBytes ? { ...column, type: "text", isBytes: true } : column];
    }),
  );
}

const targetOf = (
  { schema, table, key, where, text }: Settings["kinds"][string],
  tableOf: (name: TableName, texts: readonly string[]) => Table,
): List["of"] => ({ ...tableOf({ schema, table }, text), key: [key.column].flat(), where });

const mapped = <From, To>(
  all: Readonly<Record<string, From>>,
  change: (each: From, name: string) => To,
): Record<string, To> => Object.fromEntries(Object.entries(all).map(([name, each]) => [name, change(each, name)]));

/** A kind's table and those of its lists and lookups. */
export const tablesOf = (kind: SqlKind): Table[] => [
  kind,
  ...Object.values(kind.lists),
  ...Object.values(kind.lookups),
];

const nameKey = ({ schema, table }: TableName): string => JSON.stringify([schema ?? null, table]);
