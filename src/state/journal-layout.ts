import type { Kysely } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import type { JournalEntry } from "../journal/entry.ts";
import { type JournalRow, type SHORT, storable } from "../journal/row.ts";
import type { JournalLine, JournalQuery } from "../journal/store.ts";

/** Which of the oldest entries are forgotten. */
export interface Forgetting {
  /** How many, at most. */
  readonly limit: number;
  /** Only those before a time in milliseconds since 1970. */
  readonly before?: number;
  /** Only as many as have this much room together, in bytes. */
  readonly bytes?: number;
}

/** How the tables of one kind of database keep entries, in the order of their ids, and find them. */
export interface JournalLayout {
  /** Makes the tables, or brings them up to date. */
  readonly make: () => Promise<void>;
  /** Writes rows, all or none. Those whose id is there already are left as they are. */
  readonly insert: (rows: readonly JournalRow[]) => Promise<void>;
  /** The ids of what a query finds, in its order: at most `limit`, whatever the query's own limit is. */
  readonly ids: (query: JournalQuery, limit: number) => Promise<string[]>;
  /** Entries as lists show them, by their ids, in any order. */
  readonly lines: (ids: readonly string[]) => Promise<readonly JournalLine[]>;
  /** One entry, whole. */
  readonly get: (id: string) => Promise<JournalEntry | undefined>;
  /** The ids of the newest entries that name these resources of a route. An empty type is any. */
  readonly lastNamed: (route: string, type: string, resources: readonly string[]) => Promise<string[]>;
  /** About how much room all entries take, in bytes. */
  readonly size: () => Promise<number>;
  /** Deletes the oldest entries. Returns how many they were, and about how much room they had, in bytes. */
  readonly forget: (which: Forgetting) => Promise<{ readonly count: number; readonly bytes: number }>;
}

/** Puts together the texts that an entry is kept as. */
export const entryFrom = ({ line, detail }: { readonly line: string; readonly detail: string }): JournalEntry => ({
  ...JSON.parse(line),
  ...JSON.parse(detail),
});

const TABLES = { migrationTableName: "journal_migration", migrationLockTableName: "journal_migration_lock" };

/** Takes the steps that a database hasn't taken yet. */
export async function migrate<Tables>(db: Kysely<Tables>, migrations: Record<string, Migration>): Promise<void> {
  const provider = { getMigrations: async () => migrations };
  const { error } = await new Migrator({ db, provider, ...TABLES }).migrateToLatest();
  if (error !== undefined) throw error;
}

/** The first entries that have so many bytes together; all where that isn't said. */
export function firstOf<Entry extends { readonly bytes: number }>(
  entries: readonly Entry[],
  bytes: number | undefined,
): { readonly some: readonly Entry[]; readonly bytes: number } {
  let sum = 0;
  const some = entries.filter((each) => {
    if (bytes !== undefined && sum >= bytes) return false;
    sum += each.bytes;
    return true;
  });
  return { some, bytes: sum };
}

/** What a query says of an entry's columns, as it is stored. */
export function exactIn(query: JournalQuery): readonly (readonly [column: Exact, value: string])[] {
  const { route, caller, type, action, result, requestId: request_id, resource } = query;
  const said = { route, caller, type, action, result, request_id, resource };
  return Object.entries(said).flatMap(([column, value]) =>
    value === undefined ? [] : [[column as Exact, storable(value)] as const],
  );
}

type Exact = Exclude<(typeof SHORT)[number], "id" | "name">;
