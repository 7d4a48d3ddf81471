import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { idOfTime, type JournalEntry } from "../journal/entry.ts";
import { storable } from "../journal/row.ts";
import type { JournalLine, JournalQuery, JournalStore, Kept } from "../journal/store.ts";
import { insertRows, keyOf } from "./journal-rows.ts";

/** What entries are looked for by: rows so short that a million of them are read through in a moment. */
interface Sought {
  readonly id: string;
  readonly route: string;
  readonly caller: string;
  readonly type: string;
  readonly action: string;
  readonly result: string;
  readonly resource: string;
  readonly request_id: string;
  /** The display in lower case. */
  readonly name: string;
  /** `keyOf` the resource and the request's id: what these are looked up by. */
  readonly resource_key: number;
  readonly request_key: number;
  /** About how much room the entry takes, in bytes. */
  readonly bytes: number;
}

/** The journal's tables, as kysely knows them. */
export interface JournalTables {
  journal: Sought;
  /** The rest of each entry, as JSON: what lists show, and what one that is opened shows beside. */
  journal_details: { readonly id: string; readonly line: string; readonly detail: string };
}

const MIGRATIONS = { migrationTableName: "journal_migration", migrationLockTableName: "journal_migration_lock" };
const TEXTS = ["route", "caller", "type", "action", "result", "resource", "request_id", "name"];
const NUMBERS = ["resource_key", "request_key", "bytes"];

/** The steps that make the tables. In SQLite they are kept in the order of their ids. */
const migrations = (isSqlite: boolean): Record<string, Migration> => ({
  "2026-11-26-journal": {
    up: async (db: Kysely<unknown>) => {
      const { schema } = db;
      const begun = schema.createTable("journal");
      let table = (isSqlite ? begun.modifyEnd(sql`without rowid`) : begun).addColumn("id", "text", (column) =>
        column.primaryKey(),
      );
      for (const name of TEXTS) table = table.addColumn(name, "text", (column) => column.notNull());
      for (const name of NUMBERS) table = table.addColumn(name, "integer", (column) => column.notNull());
      await table.execute();
      await schema
        .createTable("journal_details")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("line", "text", (column) => column.notNull())
        .addColumn("detail", "text", (column) => column.notNull())
        .execute();
      for (const column of ["resource_key", "request_key"])
        await schema.createIndex(`journal_by_${column}`).on("journal").columns([column, "id"]).execute();
      await schema.createIndex("journal_by_caller").on("journal").columns(["caller", "id"]).execute();
      // A search for successes ends early without an index.
      await schema
        .createIndex("journal_by_failure")
        .on("journal")
        .columns(["result", "id"])
        .where(sql<boolean>`result = 'failure'`)
        .execute();
    },
  },
});

/** The most entries that a search gives, and how many rows one statement reads or deletes. */
const MAX_FOUND = 1000;
const BATCH = 200;

/** What a store of the journal is made over. */
export interface JournalDatabase {
  readonly db: Kysely<JournalTables>;
  readonly isSqlite: boolean;
  /** Ends what was opened with it. */
  readonly close: () => Promise<void>;
}

/** Keeps the journal in tables, which are made, or brought up to date, before the first use. */
export function createJournalStore({ db, isSqlite, close }: JournalDatabase): JournalStore {
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
      const ids = (await found({ db, isSqlite }, query).select("id").execute()).map(({ id }) => id);
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
        const rows = await db
          .selectFrom("journal")
          .select(["resource", (last) => last.fn.max("id").as("id")])
          .where("resource_key", "in", some.map(keyOf))
          .where("resource", "in", some)
          .where("route", "=", route)
          .where("type", "=", type)
          .where("name", "!=", "")
          .groupBy("resource")
          .execute();
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
  const provider = { getMigrations: async () => migrations(isSqlite) };
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

type Finding = SelectQueryBuilder<JournalTables, "journal", object>;

function found({ db, isSqlite }: Pick<JournalDatabase, "db" | "isSqlite">, query: JournalQuery): Finding {
  const { from, until, before, after, search, limit } = query;
  let rows: Finding = db
    .selectFrom("journal")
    .orderBy("id", after === undefined ? "desc" : "asc")
    .limit(Math.max(1, Math.min(limit, MAX_FOUND)));
  if (from !== undefined) rows = rows.where("id", ">=", idOfTime(from));
  if (until !== undefined) rows = rows.where("id", "<", idOfTime(until));
  if (before !== undefined) rows = rows.where("id", "<", before);
  if (after !== undefined) rows = rows.where("id", ">", after);
  for (const [column, value] of [
    ["route", query.route],
    ["caller", query.caller],
    ["type", query.type],
    ["action", query.action],
    ["result", query.result],
    ["request_id", query.requestId],
    ["resource", query.resource],
    ["request_key", query.requestId === undefined ? undefined : keyOf(storable(query.requestId))],
    ["resource_key", query.resource === undefined ? undefined : keyOf(storable(query.resource))],
  ] as const)
    if (value !== undefined) {
      const stored = typeof value === "string" ? storable(value) : value;
      rows =
        isSqlite && isCommon(column, query)
          ? rows.where(sql<boolean>`${sql.ref(column)} || '' = ${stored}`)
          : rows.where(column, "=", stored);
    }
  if (search === undefined || search === "") return rows;
  const position = sql.raw(isSqlite ? "instr" : "strpos");
  // Read through in the order of ids: what is found often ends it early, and the rows are short.
  return rows.where((is) =>
    is.or([
      sql<boolean>`${position}(name, ${storable(search.toLowerCase())}) > 0`,
      sql<boolean>`resource || '' = ${storable(search)}`,
      sql<boolean>`request_id || '' = ${storable(search)}`,
    ]),
  );
}

/**
 * Reports whether many entries probably have the same value as is asked for. An index would then cost more than reading through, and keep
 * SQLite, which has no statistics of these tables, from a better one.
 */
function isCommon(column: string, { resource, requestId, result, ...query }: JournalQuery): boolean {
  const isOfOne = resource !== undefined || requestId !== undefined;
  if (column === "result") return isOfOne || result === "success";
  const others = [result, query.route, query.type, query.action, query.search || undefined];
  return column === "caller" && (isOfOne || others.some((other) => other !== undefined));
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
  await db.deleteFrom("journal_details").where("id", "in", ids).execute();
  await db.deleteFrom("journal").where("id", "in", ids).execute();
}
