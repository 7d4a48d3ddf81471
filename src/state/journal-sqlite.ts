import { type Kysely, type RawBuilder, sql } from "kysely";
import { storable } from "../journal/row.ts";
import type { JournalLine } from "../journal/store.ts";
import { entryFrom, firstOf, type JournalLayout, migrate } from "./journal-layout.ts";
import { numberAt } from "./journal-numbers.ts";
import { idsIn, numbersOf } from "./journal-sqlite-search.ts";
import { deleteRows, insertRows, makeTables, takeOver } from "./journal-sqlite-tables.ts";
import { termOf } from "./journal-terms.ts";

const migrations = {
  // What it made is an earlier layout, which is taken over.
  "2026-11-26-journal": { up: async () => {} },
  "2026-11-27-numbers": { up: makeTables },
};

/**
 * The journal in SQLite. An entry's place in the file is a number that sorts as its id does. Ids of resources and requests, which come in no
 * order, and parts of names are found by full-text indexes: these take an entry in at a fraction of what an ordinary index costs.
 */
export function sqliteLayout(db: Kysely<unknown>): JournalLayout {
  const rows = async <Row>(query: RawBuilder<Row>) => (await query.execute(db)).rows;
  return {
    make: async () => {
      await migrate(db, migrations);
      await takeOver(db);
    },
    insert: (given) => db.transaction().execute((transaction) => insertRows(transaction, given)),
    ids: (query, limit) => idsIn(db, query, limit),
    lines: async (ids) => {
      const numbers = JSON.stringify([...(await numbersOf(db, ids)).values()]);
      const found = await rows(
        sql<{
          line: string;
        }>`select line from journal_details where number in (select value from json_each(${numbers}))`,
      );
      return found.map(({ line }) => JSON.parse(line) as JournalLine);
    },
    get: async (id) => {
      const number = (await numbersOf(db, [id])).get(id);
      if (number === undefined) return undefined;
      const [found] = await rows(
        sql<{ line: string; detail: string }>`select line, detail from journal_details where number = ${number}`,
      );
      return found && entryFrom(found);
    },
    lastNamed: async (route, type, resources) => {
      const ids: string[] = [];
      for (const resource of resources.map(storable)) {
        const ofType = type === "" ? sql`` : sql`and type = ${storable(type)}`;
        const [last] = await rows(
          sql<{ id: string }>`select id from journal_terms cross join journal on number = journal_terms.rowid
            where journal_terms match ${termOf("resource", resource)} and resource = ${resource} and route = ${storable(route)}
            and name != '' ${ofType} order by journal_terms.rowid desc limit 1`,
        );
        if (last) ids.push(last.id);
      }
      return ids;
    },
    size: async () => {
      const [sum] = await rows(sql<{ total: number | null }>`select sum(bytes) as total from journal`);
      return sum?.total ?? 0;
    },
    forget: async ({ limit, before, bytes }) => {
      const old = before === undefined ? sql`` : sql`where number < ${numberAt(before)}`;
      const found = await rows(
        sql<{ number: number; bytes: number }>`select number, bytes from journal ${old} order by number limit ${limit}`,
      );
      const first = firstOf(found, bytes);
      const numbers = first.some.map(({ number }) => number);
      await db.transaction().execute((transaction) => deleteRows(transaction, numbers));
      return { count: numbers.length, bytes: first.bytes };
    },
  };
}
