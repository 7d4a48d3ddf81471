import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import { idOfTime } from "../journal/entry.ts";
import { storable } from "../journal/row.ts";
import type { About, JournalQuery } from "../journal/store.ts";
import { exactIn } from "./journal-layout.ts";
import type { JournalTables } from "./journal-postgres-tables.ts";
import { keyOf } from "./journal-terms.ts";

type Finding = SelectQueryBuilder<JournalTables, "journal", object>;

/** The ids of what a query finds. What is about a resource is found by two indexes, one after the other. */
export async function idsOf(db: Kysely<JournalTables>, query: JournalQuery, limit: number): Promise<string[]> {
  const { about, after } = query;
  const read = async (rows: Finding) => (await rows.limit(limit).select("id").execute()).map(({ id }) => id);
  if (!about) return read(found(db, query));
  const [own, others] = [await read(foundOwn(db, query, about)), await read(foundAsMember(db, query, about))];
  const all = [...new Set([...own, ...others])].sort();
  return (after === undefined ? all.reverse() : all).slice(0, limit);
}

function foundOwn(db: Kysely<JournalTables>, query: JournalQuery, { id, type }: About): Finding {
  const own = found(db, query)
    .where("resource_key", "=", keyOf(storable(id)))
    .where("resource", "=", storable(id));
  return type === undefined ? own : own.where("type", "=", storable(type));
}

function foundAsMember(db: Kysely<JournalTables>, query: JournalQuery, { id, type }: About): Finding {
  let those = db
    .selectFrom("journal_members")
    .select("journal_members.id")
    .where("member_key", "=", keyOf(storable(id)))
    .where("member", "=", storable(id));
  if (type !== undefined) those = those.where("type", "in", ["", storable(type)]);
  return found(db, query).where("id", "in", those);
}

function found(db: Kysely<JournalTables>, query: JournalQuery): Finding {
  const { from, until, before, after, search } = query;
  let rows: Finding = db.selectFrom("journal").orderBy("id", after === undefined ? "desc" : "asc");
  if (from !== undefined) rows = rows.where("id", ">=", idOfTime(from));
  if (until !== undefined) rows = rows.where("id", "<", idOfTime(until));
  if (before !== undefined) rows = rows.where("id", "<", before);
  if (after !== undefined) rows = rows.where("id", ">", after);
  for (const [column, value] of exactIn(query)) rows = rows.where(column, "=", value);
  const { requestId, resource } = query;
  if (requestId !== undefined) rows = rows.where("request_key", "=", keyOf(storable(requestId)));
  if (resource !== undefined) rows = rows.where("resource_key", "=", keyOf(storable(resource)));
  if (search === undefined || search === "") return rows;
  // Read through in the order of ids: what is found often ends it early, and the rows are short.
  return rows.where((is) =>
    is.or([
      sql<boolean>`strpos(name, ${storable(search.toLowerCase())}) > 0`,
      sql<boolean>`resource || '' = ${storable(search)}`,
      sql<boolean>`request_id || '' = ${storable(search)}`,
    ]),
  );
}
