import type { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import { idOfTime, type JournalEntry } from "../journal/entry.ts";
import { storable } from "../journal/row.ts";
import type { JournalLine, JournalQuery, JournalStore, Kept } from "../journal/store.ts";
import { insertRows, keyOf } from "./journal-rows.ts";
import { idsOf } from "./journal-search.ts";
import { type JournalTables, journalMigrations, type Sought } from "./journal-tables.ts";

const MIGRATIONS = { migrationTableName: "journal_migration", migrationLockTableName: "journal_migration_lock" };

/** The most entries, and ids, that a search gives, and how many rows one statement reads or deletes. */
const MAX_FOUND = 1000;
const MAX_IDS = 10_000;
const BATCH = 200;

const atMost = (most: number, { limit }: JournalQuery) => Math.max(1, Math.min(limit, most));

/** What a store of the journal is made over. */
export interface JournalDatabase {
  readonly db: Kysely<JournalTables>;
  readonly isSqlite: boolean;
  /** Ends what was opened with it. */
  readonly close: () => Promise<void>;
}

/** Keeps the journal in tables, which are made, or brought up to date, before the first use. */
export function createJournalStore({ db, isSqlite, close }: JournalDatabase): JournalStore {
  const of = { db, isSqlite };
  let made: Promise<void> | undefined;
  const ready = () => {
    made ??= migrate(db, isSqlite).catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return {
    append: async (rows) => {
      await ready();
      await insertRows(db, isSqlite, rows);
    },
    search: async (query) => {
      await ready();
      return linesOf(db, await idsOf(of, query, atMost(MAX_FOUND, query)));
    },
    ids: async (query) => {
      await ready();
      return idsOf(of, query, atMost(MAX_IDS, query));
    },
    lines: async (ids) => {
      await ready();
      return linesOf(db, ids);
    },
    get: async (id) => {
      await ready();
      const row = await db.selectFrom("journal_details").selectAll().where("id", "=", id).executeTakeFirst();
      return row && { ...(JSON.parse(row.line) as JournalLine), ...(JSON.parse(row.detail) as Details) };
    },
    displays: async (route, type, ids) => {
      await ready();
      const known = new Map<string, string>();
      for (let at = 0; at < ids.length; at += BATCH) {
        const some = ids.slice(at, at + BATCH).map(storable);
        let last = db
          .selectFrom("journal")
          .select(["resource", (last) => last.fn.max("id").as("id")])
          .where("resource_key", "in", some.map(keyOf))
          .where("resource", "in", some)
          .where("route", "=", route)
          .where("name", "!=", "")
          .groupBy("resource");
        if (type !== "") last = last.where("type", "=", type);
        const rows = await last.execute();
        for (const { resource, display } of await linesOf(
          db,
          rows.map(({ id }) => id),
        ))
          known.set(resource, display);
      }
      return known;
    },
    forget: async (kept, now) => {
      await ready();
      return forget(db, kept, now);
    },
    close: async () => {
      await made?.catch(() => {});
      await close();
    },
  };
}

async function migrate(db: Kysely<JournalTables>, isSqlite: boolean): Promise<void> {
  const provider = { getMigrations: async () => journalMigrations(isSqlite) };
  const { error } = await new Migrator({ db, provider, ...MIGRATIONS }).migrateToLatest();
  if (error !== undefined) throw error;
}

type Details = Pick<JournalEntry, "request" | "steps">;

/** Entries as lists show them, in the order of the ids that are asked for. */
async function linesOf(db: Kysely<JournalTables>, ids: readonly string[]): Promise<JournalLine[]> {
  const lines = new Map<string, JournalLine>();
  for (let at = 0; at < ids.length; at += BATCH) {
    const some = ids.slice(at, at + BATCH);
    const rows = await db.selectFrom("journal_details").select(["id", "line"]).where("id", "in", some).execute();
    for (const { id, line } of rows) lines.set(id, JSON.parse(line) as JournalLine);
  }
  return ids.flatMap((id) => lines.get(id) ?? []);
}

/** Forgets what is older than it is kept, and then the oldest until the rest fits; says how many entries. */
async function forget(db: Kysely<JournalTables>, { days, megabytes }: Kept, now: number): Promise<number> {
  const byAge = idOfTime(now - days * 24 * 3_600_000);
  let count = 0;
  for (let some = await oldest(db, byAge); some.length > 0; some = await oldest(db, byAge)) {
    await deleteAll(db, some);
    count += some.length;
  }
  const { total } = await db
    .selectFrom("journal")
    .select((sum) => sum.fn.sum<number | string | null>("bytes").as("total"))
    .executeTakeFirstOrThrow();
  let over = Number(total ?? 0) - megabytes * 1024 * 1024;
  while (over > 0) {
    const some: Sought[] = [];
    for (const each of await oldest(db)) {
      if (over <= 0) break;
      some.push(each);
      over -= each.bytes;
    }
    if (some.length === 0) break;
    await deleteAll(db, some);
    count += some.length;
  }
  return count;
}

/** The oldest entries, a batch of them: all, or those up to an id. */
async function oldest(db: Kysely<JournalTables>, until?: string): Promise<readonly Sought[]> {
  const rows = db.selectFrom("journal").selectAll().orderBy("id").limit(BATCH);
  return (until === undefined ? rows : rows.where("id", "<=", until)).execute();
}

async function deleteAll(db: Kysely<JournalTables>, some: readonly Sought[]): Promise<void> {
  const ids = some.map(({ id }) => id);
  await db.deleteFrom("journal_members").where("id", "in", ids).execute();
  await db.deleteFrom("journal_details").where("id", "in", ids).execute();
  await db.deleteFrom("journal").where("id", "in", ids).execute();
}
