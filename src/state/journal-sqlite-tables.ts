import { CompiledQuery, type Kysely, sql } from "kysely";
import { fieldsOf, type JournalRow, SHORT, shortOf } from "../journal/row.ts";
import { numberOf } from "./journal-numbers.ts";
import { termsOf } from "./journal-terms.ts";

/** Beside its texts, an entry takes about this much room, in bytes; and a member about this many times its text. */
const ROW_BYTES = 300;
const MEMBER_TIMES = 2;
/** How many rows one statement writes: where all have as many, each is prepared once. */
const ROWS = 40;
/** How many rows are taken over at a time. */
const BATCH = 1000;
/** The shortest name that is in the index of names, in characters. */
const SHORTEST = 3;

/** Makes the tables beside those of an earlier layout. */
export async function makeTables(db: Kysely<unknown>): Promise<void> {
  const run = (text: string) => db.executeQuery(CompiledQuery.raw(text));
  const { rows: old } = await sql`select 1 from sqlite_master where name = 'journal'`.execute(db);
  if (old.length > 0) {
    for (const table of ["journal", "journal_details"]) await run(`alter table ${table} rename to ${table}_before`);
    for (const column of ["resource_key", "request_key", "caller", "failure"])
      await run(`drop index journal_by_${column}`);
  }
  const texts = SHORT.map((name) => `${name} text not null`).join(", ");
  await run(`create table journal (number integer primary key, ${texts}, bytes integer not null)`);
  await run(
    "create table journal_details (number integer primary key, line text not null, detail text not null, members text not null)",
  );
  // Only what is found is kept in the index, without the texts themselves.
  const index = "content = '', detail = none, columnsize = 0";
  await run(`create virtual table journal_terms using fts5(terms, tokenize = 'ascii', ${index})`);
  await run(`create virtual table journal_names using fts5(spelling, tokenize = 'trigram case_sensitive 1', ${index})`);
  await run("create index journal_by_caller on journal (caller)");
  // A search for successes ends early without an index.
  await run("create index journal_by_failure on journal (result) where result = 'failure'");
}

/** Takes over what an earlier layout kept, piece by piece: if there is much, and it is ended on the way, it goes on there. */
export async function takeOver(db: Kysely<unknown>): Promise<void> {
  const columns = sql.join(SHORT.map((name) => sql.ref(name === "id" ? "journal_before.id" : name)));
  for (let isMore = true; isMore; )
    isMore = await db.transaction().execute(async (transaction) => {
      const { rows: before } = await sql`select 1 from sqlite_master where name = 'journal_before'`.execute(
        transaction,
      );
      if (before.length === 0) return false;
      const { rows } = await sql<Record<string, string>>`select ${columns}, line, detail, '[]' as members
        from journal_before join journal_details_before on journal_details_before.id = journal_before.id
        order by journal_before.id limit ${BATCH}`.execute(transaction);
      await insertRows(
        transaction,
        rows.map((row) => [...SHORT, "line", "detail", "members"].map((name) => row[name]!) as unknown as JournalRow),
      );
      const last = rows.at(-1)?.id;
      for (const table of ["journal_before", "journal_details_before"])
        await (last === undefined
          ? sql`drop table ${sql.ref(table)}`
          : sql`delete from ${sql.ref(table)} where id <= ${last}`
        ).execute(transaction);
      return last !== undefined;
    });
}

type Values = readonly (string | number)[];

/** Writes rows. Those whose id is there already are left as they are. */
export async function insertRows(db: Kysely<unknown>, given: readonly JournalRow[]): Promise<void> {
  const rows = await numbered(db, given);
  const found = rows.map(([number, row]) => ({ number, ...fieldsOf(row) }));
  const insert = (into: string, width: number, values: readonly Values[]) =>
    write(db, `insert into ${into}`, width, values);
  await insert(
    "journal",
    SHORT.length + 2,
    rows.map(([number, row]) => [number, ...shortOf(row), bytesOf(fieldsOf(row))]),
  );
  await insert(
    "journal_details (number, line, detail, members)",
    4,
    found.map(({ number, line, detail, members }) => [number, line, detail, members]),
  );
  await insert(
    "journal_terms (rowid, terms)",
    2,
    found.map((each) => [each.number, termsOf(each)]),
  );
  await insert(
    "journal_names (rowid, spelling)",
    2,
    found.filter(hasParts).map(({ number, name }) => [number, name]),
  );
}

const hasParts = ({ name }: { readonly name: string }) => name.length >= SHORTEST;
const bytesOf = ({ line, detail, members }: ReturnType<typeof fieldsOf>) =>
  ROW_BYTES + line.length + detail.length + MEMBER_TIMES * members.length;

/** Deletes rows by their numbers. An index without texts has to be told what it knows of each. */
export async function deleteRows(db: Kysely<unknown>, numbers: readonly number[]): Promise<void> {
  const those = sql`(select value from json_each(${JSON.stringify(numbers)}))`;
  const { rows } = await sql<{ number: number; resource: string; request_id: string; name: string; members: string }>`
    select number, resource, request_id, name, members from journal join journal_details using (number)
    where number in ${those}`.execute(db);
  const terms = rows.map((row) => ["delete", row.number, termsOf(row)]);
  await write(db, "insert into journal_terms (journal_terms, rowid, terms)", 3, terms);
  const names = rows.filter(hasParts).map(({ number, name }) => ["delete", number, name]);
  await write(db, "insert into journal_names (journal_names, rowid, spelling)", 3, names);
  await sql`delete from journal_details where number in ${those}`.execute(db);
  await sql`delete from journal where number in ${those}`.execute(db);
}

async function write(db: Kysely<unknown>, insert: string, width: number, values: readonly Values[]): Promise<void> {
  const one = `(${Array(width).fill("?").join(",")})`;
  for (let from = 0; from < values.length; from += ROWS) {
    const some = values.slice(from, from + ROWS);
    await db.executeQuery(CompiledQuery.raw(`${insert} values ${some.map(() => one).join(",")}`, some.flat()));
  }
}

/** Rows that are not there yet, in the order of their ids, each with a number that nobody has. */
async function numbered(db: Kysely<unknown>, rows: readonly JournalRow[]): Promise<(readonly [number, JournalRow])[]> {
  const inOrder = rows.toSorted(([one], [other]) => (one < other ? -1 : 1));
  const { rows: there } = await sql<{ number: number; id: string }>`select number, id from journal
    where number in (select value from json_each(${JSON.stringify(inOrder.map(([id]) => numberOf(id)))}))`.execute(db);
  const taken = new Map(there.map(({ number, id }) => [number, id]));
  const free: (readonly [number, JournalRow])[] = [];
  for (const row of inOrder) {
    const [id] = row;
    let number = numberOf(id);
    for (let holder = taken.get(number); holder !== undefined && holder !== id; holder = taken.get(number)) {
      number++;
      if (!taken.has(number)) {
        const { rows: next } = await sql<{ id: string }>`select id from journal where number = ${number}`.execute(db);
        if (next[0]) taken.set(number, next[0].id);
      }
    }
    if (taken.get(number) === id) continue;
    taken.set(number, id);
    free.push([number, row]);
  }
  return free;
}
