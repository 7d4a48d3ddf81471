import type { Kysely } from "kysely";
import type { AttributeInfo } from "../../src/connector/attribute-info.ts";
import { describeTables } from "./catalogue.ts";
import type { SqlKind } from "./kind.ts";
import type { Settings } from "./settings.ts";

/** The columns of a kind's table by the database's catalogue, and what the settings take from other tables. */
export async function attributesOf(
  db: Kysely<unknown>,
  dialect: Settings["dialect"],
  kind: SqlKind,
): Promise<AttributeInfo[]> {
  const { key, lists, lookups, joined } = kind;
  const table = (await describeTables(db, dialect, [kind]))(kind.name);
  const columns = (table?.columns ?? []).map(({ name, type, isRequired, isMade }) => ({
    name,
    type,
    isRequired,
    isReadOnly: isMade,
  }));
  const others = [...Object.keys(lists), ...Object.keys(lookups), ...Object.keys(joined), key.attr];
  const known = new Set(columns.map(({ name }) => name));
  return [...columns, ...[...new Set(others)].filter((name) => !known.has(name)).map((name) => ({ name }))];
}
