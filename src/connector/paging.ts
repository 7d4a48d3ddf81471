import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Bookmark, Connector, Scalar, SearchRequest, SearchResult } from "./connector.ts";
import { ConnectorError } from "./error.ts";
import type { Position } from "./reference.ts";

/** The search cannot go on from a bookmark: it is none of this search's, or what it led to is no longer there. */
export const expired = (cause?: unknown): ConnectorError =>
  new ConnectorError("expired", "The list cannot be gone on with from here: begin it anew.", { cause });

/** What a failure of a search means: a request that the backend does not take holds a bookmark that it never gave. */
export const searchFailure = (error: unknown, bookmark: Bookmark | undefined): unknown =>
  bookmark && error instanceof ConnectorError && error.kind === "invalid" ? expired(error) : error;

/** The bookmark of a list that goes on behind a position in its order. */
export const behindPosition = ({ key, value }: Position): Bookmark => {
  if (value === undefined) return [key];
  // JSON has no infinity.
  return [key, typeof value === "number" && !Number.isFinite(value) ? String(value) : value];
};

/** The position behind which a list goes on. Throws `expired` for a bookmark of another kind. */
export function positionIn([key, value, ...more]: Bookmark): Position {
  if (typeof key !== "string" || more.length > 0) throw expired();
  return { key, ...(value !== undefined && { value }) };
}

/** A place in a list that its backend knows by numbers alone. */
export interface Numbered {
  /** How many items come before. */
  readonly offset: number;
  /** How many items there were in all, where the backend says: to see that some came or went. */
  readonly total?: number | undefined;
  /** The keys of the last few items before, to find the place again then. */
  readonly last?: readonly string[];
}

/** How many keys a bookmark holds: two of them are enough to find the place again. */
const MAX_LAST = 3;

/** The bookmark of a place in a list that is known by numbers. */
export const behindNumber = ({ offset, total, last = [] }: Numbered): Bookmark =>
  total === undefined || last.length === 0 ? [offset] : [offset, total, ...last.slice(-MAX_LAST)];

/** The place at a bookmark. Throws `expired` for a bookmark of another kind. */
export function numberedIn([offset, total, ...last]: Bookmark): Numbered {
  if (!isCount(offset)) throw expired();
  if (total === undefined) return { offset };
  if (!isCount(total) || last.length === 0 || last.length > MAX_LAST || !last.every(isText)) throw expired();
  return { offset, total, last };
}

/** Whether a value is a number of items. */
export const isCount = (given: unknown): given is number => Number.isSafeInteger(given) && (given as number) >= 0;
const isText = (given: Scalar): given is string => typeof given === "string";

/** A part of a list that is known by numbers. */
interface Part<Item> {
  readonly items: readonly Item[];
  /** How many there are in all, where the backend says. */
  readonly total?: number | undefined;
  /** Whether others follow. */
  readonly isMore: boolean;
}

/** What a list that is known by numbers is read by. */
export interface NumberedList<Item> {
  readonly keyOf: (item: Item) => string | Promise<string>;
  readonly read: (offset: number, limit: number) => Promise<Part<Item>>;
}

/** A page of such a list, how many items come before it, and where the next one begins. */
export interface NumberedPage<Item> extends Omit<Part<Item>, "isMore"> {
  readonly offset: number;
  readonly next: Bookmark | undefined;
}

/** How far a place is looked for to both sides of where it was, in items. */
const MAX_MOVED = 1000;

/**
 * Goes on in a list that its backend knows by numbers alone. What is deleted there moves all that is behind it forward, so that a page
 * by its number would hide as many: where the number of all has changed, the items that came last are looked for around the place, and
 * the list is gone on with behind them. Some entries may be given twice then, and none is hidden, unless the last ones themselves were
 * moved together. Rejects with `expired` where too few of them are found to tell.
 */
export async function readNumbered<Item>(
  place: Numbered,
  limit: number,
  list: NumberedList<Item>,
): Promise<NumberedPage<Item>> {
  const { offset, total } = place;
  const part = await list.read(offset, limit);
  // Some count to a bound, and say of more that there is one more than was seen.
  const isOneMore = total === offset + 1 && part.total === offset + part.items.length + 1;
  const isAsBefore = total === undefined || part.total === undefined || part.total === total || isOneMore;
  const found = isAsBefore ? { ...place, ...part } : await movedPage(place, part.total! - total, limit, list);
  const keys = await Promise.all(found.items.slice(-MAX_LAST).map(list.keyOf));
  const last = [...(found.last ?? []), ...keys];
  const next = { offset: found.offset + found.items.length, total: part.total, last };
  return {
    items: found.items,
    total: part.total,
    offset: found.offset,
    next: found.isMore && limit > 0 ? behindNumber(next) : undefined,
  };
}

/** The page behind the items that came last, wherever they are now. */
async function movedPage<Item>(
  { offset, last = [] }: Numbered,
  moved: number,
  limit: number,
  { keyOf, read }: NumberedList<Item>,
): Promise<Numbered & Part<Item>> {
  if (Math.abs(moved) > MAX_MOVED) throw expired();
  for (let reach = Math.max(Math.abs(moved), Math.min(limit, MAX_MOVED), MAX_LAST); ; reach *= 4) {
    const from = Math.max(0, offset - reach);
    const { items, isMore } = await read(from, offset + reach + limit - from);
    const keys = await Promise.all(items.map(keyOf));
    // Where all that was given is known, nothing is lost by beginning anew.
    const start = startBehind(keys, last) ?? (last.length >= offset ? 0 : undefined);
    if (start !== undefined)
      return {
        offset: from + start,
        last: keys.slice(0, start),
        items: items.slice(start, start + limit),
        isMore: isMore || items.length > start + limit,
      };
    if (reach >= MAX_MOVED) throw expired();
  }
}

/**
 * Behind which of some keys those that came last end: where they no longer stand together, behind the first of them. One alone may
 * have been moved itself: it tells nothing.
 */
function startBehind(keys: readonly string[], last: readonly string[]): number | undefined {
  const indices = last.map((key) => keys.indexOf(key)).filter((index) => index >= 0);
  if (indices.length < 2) return undefined;
  const [first, end] = [Math.min(...indices), Math.max(...indices)];
  return (end - first === indices.length - 1 ? end : first) + 1;
}

/** How many bookmarks are remembered, and for how long, in milliseconds. */
const MAX_KEPT = 2000;
const KEPT_MS = 60_000;

/**
 * Remembers, for clients that page by index, the bookmark behind each page that was given: the next page is then gone on
 * to, as by a cursor, where backends would go through all entries before it. What is not remembered, such as pages that
 * another process gave, is found by its index.
 */
export function withOffsets<C extends Connector>(connector: C): C {
  const kept = new LRUCache<string, Bookmark>({ max: MAX_KEPT, ttl: KEPT_MS });
  /** Searches; from the bookmark that is kept for the place, where there is one that still leads somewhere. */
  const searched = async (request: SearchRequest, name: string | undefined): Promise<SearchResult> => {
    const bookmark = name === undefined ? undefined : kept.get(name);
    if (name === undefined || !bookmark) return connector.search(request);
    try {
      return await connector.search({ ...request, bookmark });
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.kind !== "expired") throw error;
      kept.delete(name);
      return connector.search(request);
    }
  };
  return {
    ...connector,
    search: async (request) => {
      const { offset = 0, bookmark, limit } = request;
      if (bookmark || limit === 0) return connector.search(request);
      const listing = offset > 0 ? listingOf(request) : undefined;
      const result = await searched(request, listing && placeIn(listing, offset));
      const { entries, next, total } = result;
      const seen = offset + entries.length;
      if (next) {
        kept.set(placeIn(listing ?? listingOf(request), seen), next);
        // Clients that go on until they have had as many would stop too early where some before their place are gone.
        return offset > 0 && total !== undefined && total <= seen ? { ...result, total: seen + 1 } : result;
      }
      // The list ends here now: what another one had behind it is no place in this one.
      if (kept.size > 0)
        for (const end of new Set([seen, offset + limit])) kept.delete(placeIn(listing ?? listingOf(request), end));
      return result;
    },
  };
}

/** What a list is of: short, because filters may be long and many. */
const listingOf = ({ kind, where, attrs, orderBy }: SearchRequest): string =>
  hash("sha256", JSON.stringify([kind, where, attrs, orderBy]), "base64url");

const placeIn = (listing: string, offset: number): string => `${listing} ${offset}`;
