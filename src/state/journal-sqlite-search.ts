import { type Kysely, type RawBuilder, sql } from "kysely";
import { storable } from "../journal/row.ts";
import type { About, JournalQuery } from "../journal/store.ts";
import { exactIn } from "./journal-layout.ts";
import { numberAt, numberOf, REACH } from "./journal-numbers.ts";
import { partsOf, termOf } from "./journal-terms.ts";

interface Place {
  readonly id: string;
  readonly number: number;
}

/** The numbers of entries, by their ids. Those that are not there are left out. */
export async function numbersOf(db: Kysely<unknown>, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const expected = JSON.stringify(ids.map(numberOf));
  const there =
    await sql<Place>`select id, number from journal where number in (select value from json_each(${expected}))`.execute(
      db,
    );
  const all = new Map(there.rows.map(({ id, number }) => [id, number]));
  const found = new Map<string, number>();
  for (const id of ids) {
    // Somebody else's entry may have its number.
    const number = all.get(id) ?? (await displaced(db, id));
    if (number !== undefined) found.set(id, number);
  }
  return found;
}

async function displaced(db: Kysely<unknown>, id: string): Promise<number | undefined> {
  const number = numberOf(id);
  const { rows } =
    await sql<Place>`select id, number from journal where number > ${number} and number <= ${number + REACH} and id = ${id}`.execute(
      db,
    );
  return rows[0]?.number;
}

/** A full-text index, and what is looked for in it. */
interface Lookup {
  readonly index: RawBuilder<unknown>;
  readonly match: string;
}
const TERMS = sql`journal_terms`;
const NAMES = sql`journal_names`;

/** The ids of what a query finds, in its order. */
export async function idsIn(db: Kysely<unknown>, query: JournalQuery, limit: number): Promise<string[]> {
  const conditions = await conditionsOf(db, query);
  const direction = query.after === undefined ? -1 : 1;
  const found = new Map<number, string>();
  for (const lookup of lookupsOf(query)) {
    const { rows } = await statement(lookup, { conditions, direction, limit }).execute(db);
    for (const { id, number } of rows) found.set(number, id);
  }
  return [...found]
    .sort(([one], [other]) => direction * (one - other))
    .slice(0, limit)
    .map(([, id]) => id);
}

/** By which index a query is answered: by two, one after the other, or by none, where entries are read through in the order of their numbers. */
function lookupsOf({ requestId, resource, about, search = "" }: JournalQuery): readonly (Lookup | undefined)[] {
  const either = (id: string) => `(${termOf("resource", storable(id))} OR ${termOf("member", storable(id))})`;
  const terms = [
    ...(requestId === undefined ? [] : [termOf("request", storable(requestId))]),
    ...(resource === undefined || resource === "" ? [] : [termOf("resource", storable(resource))]),
    ...(about === undefined ? [] : [either(about.id)]),
  ];
  if (terms.length > 0) return [{ index: TERMS, match: terms.join(" AND ") }];
  const parts = partsOf(storable(search.toLowerCase()));
  if (parts === undefined) return [undefined];
  const ids = `${termOf("resource", storable(search))} OR ${termOf("request", storable(search))}`;
  return [
    { index: NAMES, match: parts },
    { index: TERMS, match: ids },
  ];
}

interface Asked {
  readonly conditions: readonly RawBuilder<unknown>[];
  readonly direction: number;
  readonly limit: number;
}

function statement(lookup: Lookup | undefined, { conditions, direction, limit }: Asked): RawBuilder<Place> {
  const order = direction < 0 ? sql`desc` : sql`asc`;
  if (!lookup) {
    const where = conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``;
    return sql`select id, number from journal ${where} order by number ${order} limit ${limit}`;
  }
  const { index, match } = lookup;
  // A cross join keeps the order of the tables: matches come in the order of numbers, and the limit ends them early.
  return sql`select id, number from ${index} cross join journal on number = ${index}.rowid
    where ${sql.join([sql`${index} match ${match}`, ...conditions], sql` and `)} order by ${index}.rowid ${order} limit ${limit}`;
}

async function conditionsOf(db: Kysely<unknown>, query: JournalQuery): Promise<RawBuilder<unknown>[]> {
  const { from, until, before, after, about, search } = query;
  const conditions: RawBuilder<unknown>[] = [];
  if (from !== undefined) conditions.push(sql`number >= ${numberAt(from)}`);
  if (until !== undefined) conditions.push(sql`number < ${numberAt(until)}`);
  if (before !== undefined) conditions.push(await beside(db, before, sql`<`));
  if (after !== undefined) conditions.push(await beside(db, after, sql`>`));
  for (const [column, value] of exactIn(query)) {
    // A plus sign keeps SQLite from an index.
    const unindexed = isCommon(column, query) ? sql`+` : sql``;
    conditions.push(sql`${unindexed}${sql.ref(column)} = ${value}`);
  }
  if (about) conditions.push(isAbout(about));
  if (search !== undefined && search !== "")
    conditions.push(
      sql`(instr(name, ${storable(search.toLowerCase())}) > 0 or resource = ${storable(search)} or request_id = ${storable(search)})`,
    );
  return conditions;
}

/** On one side of an entry, which may have been forgotten. */
async function beside(db: Kysely<unknown>, id: string, side: RawBuilder<unknown>): Promise<RawBuilder<unknown>> {
  const number = (await numbersOf(db, [id])).get(id) ?? numberOf(id);
  return sql`(number ${side}= ${number} and (number ${side} ${number} or id ${side} ${id}))`;
}

function isAbout({ id, type }: About): RawBuilder<unknown> {
  const own = type === undefined ? sql`` : sql`and type = ${storable(type)}`;
  const ofType = type === undefined ? sql`` : sql`and member.value ->> 1 in ('', ${storable(type)})`;
  return sql`((resource = ${storable(id)} ${own}) or exists (
    select 1 from journal_details as details, json_each(details.members) as member
    where details.number = journal.number and member.value ->> 0 = ${storable(id)} ${ofType}))`;
}

/** Reports whether many entries probably have the same value as is asked for: an index would then cost more than reading through. */
function isCommon(column: string, { result, ...query }: JournalQuery): boolean {
  if (column === "result") return result === "success";
  const others = [result, query.route, query.type, query.action, query.search || undefined];
  return column === "caller" && others.some((other) => other !== undefined);
}
