import { type Kysely, sql as raw } from "kysely";
import type { PeopleTables } from "./person.ts";

/** The columns of each table of a sync, apart from its name: tables with people's keys, and others. */
const OF_PEOPLE = {
  sync_people: "key target resource hash seen twice missing next status kind planned held memory woken",
  sync_aliases: "place value key",
  sync_references: "place value key",
  sync_names: "place value key",
  sync_members: "type name key state",
} as const;
const OF_SYNC = {
  syncs: "reads rules begun ran failures not_before cancelled",
  sync_runs: "run started ended cause outcome counts error",
  sync_groups: "type name shown target",
} as const;

/** How many people one statement copies or deletes. */
const RANGE = 5000;

type Db = Kysely<PeopleTables>;

/** Copies everything stored under one name to another, replacing what is there. */
export async function copyStore(db: Db, from: string, to: string): Promise<void> {
  await dropStore(db, to);
  const copy = (table: string, columns: string, within = raw``) => {
    const names = raw.join(columns.split(" ").map((column) => raw.ref(column)));
    return raw`insert into ${raw.table(table)} (${raw.ref("sync")}, ${names})
      select ${raw.val(to)}, ${names} from ${raw.table(table)} where ${raw.ref("sync")} = ${raw.val(from)}${within}`.execute(
      db,
    );
  };
  for (const [table, columns] of Object.entries(OF_SYNC)) await copy(table, columns);
  for await (const within of ranges(db, from))
    for (const [table, columns] of Object.entries(OF_PEOPLE)) await copy(table, columns, within);
}

/** Deletes everything stored under a name. */
export async function dropStore(db: Db, name: string): Promise<void> {
  const drop = (table: string, within = raw``) =>
    raw`delete from ${raw.table(table)} where ${raw.ref("sync")} = ${raw.val(name)}${within}`.execute(db);
  for await (const within of ranges(db, name)) for (const table of Object.keys(OF_PEOPLE)) await drop(table, within);
  for (const table of Object.keys(OF_SYNC)) await drop(table);
}

/** Conditions that together cover everyone, each small enough for one statement. */
async function* ranges(db: Db, sync: string) {
  const key = raw.ref("key");
  for (let from = ""; ; ) {
    const last = await db
      .selectFrom("sync_people")
      .select("key")
      .where("sync", "=", sync)
      .where("key", ">", from)
      .orderBy("key")
      .offset(RANGE - 1)
      .limit(1)
      .executeTakeFirst();
    yield raw` and ${key} > ${raw.val(from)}${last ? raw` and ${key} <= ${raw.val(last.key)}` : raw``}`;
    if (!last) return;
    from = last.key;
  }
}
