import { setImmediate as turn } from "node:timers/promises";
import { z } from "zod";
import type { SyncPeople } from "../../console/api/syncs.ts";
import { cutOf } from "../../console/cut.ts";
import type { PeopleQuery } from "../../console/pages/syncs.ts";
import { Refusal } from "../../console/refusal.ts";
import type { Found, NamePlace } from "../../state/people-lists.ts";
import { HELD } from "../../state/person.ts";
import type { SyncStore } from "../../state/syncs.ts";
import { findPerson } from "../../sync/page.ts";
import { lineOf } from "./sync-views.ts";

/** How long one search may take, in milliseconds. */
const SEARCH_MS = 3000;
/** How many words count. */
const MAX_WORDS = 10;

const FILTERS: Readonly<Record<string, object>> = {
  all: {},
  planned: { isPlanned: true },
  held: { held: HELD.held },
};

/** A page of people: those who are searched, those with a plan, those of whom a change is held, those with a status, or all. Rejects with a `Refusal` if it cannot be continued there. */
export async function peopleOf(store: SyncStore, query: PeopleQuery): Promise<SyncPeople> {
  const { show, kind, find = "", after, limit } = query;
  const words = find.toLowerCase().split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);
  if (words.length > 0) return foundIn(store, words, query);
  const filter = { ...(FILTERS[show] ?? { status: show }), ...(kind !== undefined && { kind }) };
  const { rows, last } = await cutOf(limit, (most) => store.listed(filter, after, most));
  return { people: rows.map(lineOf), ...(last && { next: last.key }) };
}

/** Searches stretch by stretch, and lets others have their turn in between. Whoever has the key or the account is first. */
async function foundIn(
  store: SyncStore,
  words: readonly string[],
  { find, after, limit }: PeopleQuery,
): Promise<SyncPeople> {
  const until = performance.now() + SEARCH_MS;
  const found: Found[] = [];
  let at: NamePlace | undefined = after === "" ? ["", ""] : placeIn(after);
  while (at && found.length <= limit && performance.now() < until) {
    const { people, reached } = await store.searched(words, at, limit + 1 - found.length);
    found.push(...people);
    at = reached;
    await turn();
  }
  const { rows, last } = await cutOf(limit, () => found);
  const exact = after === "" ? await findPerson(store, find!.trim()) : undefined;
  const others = rows.map(({ person }) => person).filter(({ key }) => key !== exact?.key);
  const next = last?.place ?? at;
  return {
    people: [...(exact ? [exact] : []), ...others].map(lineOf),
    ...(next && { next: JSON.stringify(next) }),
    ...(!last && at && { isPartial: true }),
  };
}

const placeFormat = z.tuple([z.string(), z.string()]);

function placeIn(cursor: string): NamePlace {
  try {
    return placeFormat.parse(JSON.parse(cursor));
  } catch {
    throw new Refusal("wrong", "The list cannot be continued there. Search again.");
  }
}
