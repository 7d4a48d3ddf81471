import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Bookmark, Connector, Scalar, SearchRequest, SearchResult } from "./connector.ts";
import { ConnectorError } from "./error.ts";
import type { Position } from "./reference.ts";

/** A search cannot continue from a bookmark: it belongs to another search, or its place no longer exists. */
export const expired = (cause?: unknown): ConnectorError =>
  new ConnectorError("expired", "This cursor is no longer valid: start the list again.", { cause });

/** Interprets a failed search: if the backend rejects the request, the bookmark was not one of its own. */
export const searchFailure = (error: unknown, bookmark: Bookmark | undefined): unknown =>
  bookmark && error instanceof ConnectorError && error.kind === "invalid" ? expired(error) : error;

/** The bookmark of a position in an ordered list. */
export const behindPosition = ({ key, value }: Position): Bookmark => {
  if (value === undefined) return [key];
  // JSON cannot represent infinity.
  return [key, typeof value === "number" && !Number.isFinite(value) ? String(value) : value];
};

/** The position of a bookmark. Throws `expired` for another kind of bookmark. */
export function positionIn([key, value, ...more]: Bookmark): Position {
  if (typeof key !== "string" || more.length > 0) throw expired();
  return { key, ...(value !== undefined && { value }) };
}

/** A place in a list that its backend addresses by number only. */
export interface Numbered {
  /** The number of preceding items. */
  readonly offset: number;
  /** The total, if the backend reports it, to notice additions and deletions. */
  readonly total?: number | undefined;
  /** The keys of the last few preceding items, to find the place again then. */
  readonly last?: readonly string[];
}

/** How many keys a bookmark holds. Two are enough to find the place again. */
const MAX_LAST = 3;

/** The bookmark of a numbered place. */
export const behindNumber = ({ offset, total, last = [] }: Numbered): Bookmark =>
  total === undefined || last.length === 0 ? [offset] : [offset, total, ...last.slice(-MAX_LAST)];

/** The place of a bookmark. Throws `expired` for another kind of bookmark. */
export function numberedIn([offset, total, ...last]: Bookmark): Numbered {
  if (!isCount(offset)) throw expired();
  if (total === undefined) return { offset };
  if (!isCount(total) || last.length === 0 || last.length > MAX_LAST || !last.every(isText)) throw expired();
  return { offset, total, last };
}

/** Reports whether a value is a number of items. */
export const isCount = (given: unknown): given is number => Number.isSafeInteger(given) && (given as number) >= 0;
const isText = (given: Scalar): given is string => typeof given === "string";

/** Part of a numbered list. */
interface Part<Item> {
  readonly items: readonly Item[];
  /** The total, if the backend reports it. */
  readonly total?: number | undefined;
  /** Whether more items follow. */
  readonly isMore: boolean;
}

/** How to read a numbered list. */
export interface NumberedList<Item> {
  readonly keyOf: (item: Item) => string | Promise<string>;
  readonly read: (offset: number, limit: number) => Promise<Part<Item>>;
}

/** A page of a numbered list, the number of preceding items and the start of the next page. */
export interface NumberedPage<Item> extends Omit<Part<Item>, "isMore"> {
  readonly offset: number;
  readonly next: Bookmark | undefined;
}

/** How far to search on both sides of the previous place, in items. */
const MAX_MOVED = 1000;

/**
 * Continues a list that its backend addresses by number only. A deletion shifts all later items, and would hide as many. If the total has
 * changed, the last known items are searched near the place, and the list continues behind them. Items may be repeated but none is skipped,
 * unless the last items were moved together. Rejects with `expired` if too few of them are found.
 */
export async function readNumbered<Item>(
  place: Numbered,
  limit: number,
  list: NumberedList<Item>,
): Promise<NumberedPage<Item>> {
  const { offset, total } = place;
  const part = await list.read(offset, limit);
  // Some backends count up to a limit and then report one more than was seen.
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

/** The page after the last known items, wherever they are now. */
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
    // If all earlier items are known, starting again skips nothing.
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
 * The index after the last known keys. If they are no longer adjacent, after the first of them. A single key may have moved, and proves
 * nothing.
 */
function startBehind(keys: readonly string[], last: readonly string[]): number | undefined {
  const indices = last.map((key) => keys.indexOf(key)).filter((index) => index >= 0);
  if (indices.length < 2) return undefined;
  const [first, end] = [Math.min(...indices), Math.max(...indices)];
  return (end - first === indices.length - 1 ? end : first) + 1;
}

/** How many bookmarks are remembered, and for how long in milliseconds. */
const MAX_KEPT = 2000;
const KEPT_MS = 60_000;

/**
 * Remembers the bookmark after each page for clients that page by index, so that the next page continues as with a cursor instead of
 * scanning everything before it. Unknown pages, such as those of another process, are found by index.
 */
export function withOffsets<C extends Connector>(connector: C): C {
  const kept = new LRUCache<string, Bookmark>({ max: MAX_KEPT, ttl: KEPT_MS });
  /** Searches, from a remembered bookmark if it is still valid. */
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
        // Clients that stop after `total` items would stop too early if earlier items were deleted.
        return offset > 0 && total !== undefined && total <= seen ? { ...result, total: seen + 1 } : result;
      }
      // The list now ends here, so remembered places behind it are void.
      if (kept.size > 0)
        for (const end of new Set([seen, offset + limit])) kept.delete(placeIn(listing ?? listingOf(request), end));
      return result;
    },
  };
}

/** A short key of a list: filters may be long and many. */
const listingOf = ({ kind, where, attrs, orderBy }: SearchRequest): string =>
  hash("sha256", JSON.stringify([kind, where, attrs, orderBy]), "base64url");

const placeIn = (listing: string, offset: number): string => `${listing} ${offset}`;
