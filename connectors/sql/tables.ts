import type { Kysely } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import type { Columns, Kind, List, TableName } from "./kind.ts";
import type { Settings } from "./settings.ts";

const nothing: Columns = new Map();

/**
 * The kinds as they are configured, and with what the catalogue says of their columns: that is asked for once, when it is
 * needed first, so that a database that is down does not keep the gateway from starting.
 */
export function kindsOf(
  settings: Settings["kinds"],
  dialect: SqlDialect,
  db: Kysely<unknown>,
): { configured: ReadonlyMap<string, Kind>; known: () => Promise<ReadonlyMap<string, Kind>> } {
  const build = (columnsOf: (name: TableName) => Columns) =>
    new Map(
      Object.entries(settings).map(([kind, { table, schema, key, where, deletedBy, lists }]) => {
        const name = { schema, table };
        const ofKind: Kind = {
          dialect,
          name,
          columns: columnsOf(name),
          key,
          where,
          deletedBy,
          lists: Object.fromEntries(
            Object.entries(lists).map(([attr, list]): [string, List] => {
              const named = { schema: list.schema, table: list.table };
              return [attr, { ...list, name: named, columns: columnsOf(named) }];
            }),
          ),
        };
        return [kind, ofKind] as const;
      }),
    );
  const configured = build(() => nothing);
  let asked: Promise<ReadonlyMap<string, Kind>> | undefined;
  const ask = async () => {
    const names = [...configured.values()].flatMap((kind) => [
      kind.name,
      ...Object.values(kind.lists).map((list) => list.name),
    ]);
    const unique = [...new Map(names.map((name) => [nameKey(name), name])).values()];
    const found = await dialect.columnsOf(db, unique);
    const columns = new Map(unique.map((name, index) => [nameKey(name), found[index]!]));
    return build((name) => columns.get(nameKey(name)) ?? nothing);
  };
  return {
    configured,
    known: () => {
      asked ??= ask().catch((error) => {
        asked = undefined;
        throw error;
      });
      return asked;
    },
  };
}

const nameKey = ({ schema, table }: TableName): string => JSON.stringify([schema ?? null, table]);
