import type { Kysely } from "kysely";
import { idOfTime } from "../journal/entry.ts";
import { storable } from "../journal/row.ts";
import type { JournalLine } from "../journal/store.ts";
import { entryFrom, firstOf, type JournalLayout, migrate } from "./journal-layout.ts";
import { insertRows } from "./journal-postgres-rows.ts";
import { idsOf } from "./journal-postgres-search.ts";
import { type JournalTables, migrations } from "./journal-postgres-tables.ts";
import { keyOf } from "./journal-terms.ts";

/** How many rows one statement reads. */
const BATCH = 200;

/** The journal in PostgreSQL. */
export function postgresLayout(db: Kysely<JournalTables>): JournalLayout {
  return {
    make: () => migrate(db, migrations),
    insert: (rows) => insertRows(db, rows),
    ids: (query, limit) => idsOf(db, query, limit),
    lines: async (ids) => {
      const lines: JournalLine[] = [];
      for (let at = 0; at < ids.length; at += BATCH) {
        const some = ids.slice(at, at + BATCH);
        const rows = await db.selectFrom("journal_details").select("line").where("id", "in", some).execute();
        lines.push(...rows.map(({ line }) => JSON.parse(line) as JournalLine));
      }
      return lines;
    },
    get: async (id) => {
      const row = await db.selectFrom("journal_details").selectAll().where("id", "=", id).executeTakeFirst();
      return row && entryFrom(row);
    },
    lastNamed: async (route, type, resources) => {
      const ids: string[] = [];
      for (let at = 0; at < resources.length; at += BATCH) {
        const some = resources.slice(at, at + BATCH).map(storable);
        let last = db
          .selectFrom("journal")
          .select((each) => each.fn.max("id").as("id"))
          .where("resource_key", "in", some.map(keyOf))
          .where("resource", "in", some)
          .where("route", "=", storable(route))
          .where("name", "!=", "")
          .groupBy("resource");
        if (type !== "") last = last.where("type", "=", storable(type));
        ids.push(...(await last.execute()).map(({ id }) => id));
      }
      return ids;
    },
    size: async () => {
      const { total } = await db
        .selectFrom("journal")
        .select((sum) => sum.fn.sum<number | string | null>("bytes").as("total"))
        .executeTakeFirstOrThrow();
      return Number(total ?? 0);
    },
    forget: async ({ limit, before, bytes }) => {
      const oldest = db.selectFrom("journal").select(["id", "bytes"]).orderBy("id").limit(limit);
      const found = await (before === undefined ? oldest : oldest.where("id", "<", idOfTime(before))).execute();
      const first = firstOf(found, bytes);
      const ids = first.some.map(({ id }) => id);
      if (ids.length > 0)
        for (const table of ["journal_members", "journal_details", "journal"] as const)
          await db.deleteFrom(table).where("id", "in", ids).execute();
      return { count: ids.length, bytes: first.bytes };
    },
  };
}
