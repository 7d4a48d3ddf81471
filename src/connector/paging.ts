import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Connector, Scalar, SearchRequest } from "./connector.ts";
import { ConnectorError } from "./error.ts";
import type { Position } from "./reference.ts";

/**
 * Where a search goes on: what one answer gives as `next`, and the same search takes. It is the connector's own, made of
 * scalars, and holds all that is needed, so that every process with the same settings takes it. Clients carry it in their
 * cursors: a connector trusts nothing that it finds in one.
 */
export type Bookmark = readonly Scalar[];

/** The search cannot go on from a bookmark: it is none of this search's, or what it led to is no longer there. */
export const expired = (cause?: unknown): ConnectorError =>
  new ConnectorError("expired", "The list cannot be gone on with from here: begin it anew.", { cause });

/** The bookmark of a list that goes on behind a position in its order. */
export const behindPosition = ({ key, value }: Position): Bookmark => (value === undefined ? [key] : [key, value]);

/** The position behind which a list goes on. Throws `expired` for a bookmark of another kind. */
export function positionIn([key, value, ...more]: Bookmark): Position {
  if (typeof key !== "string" || more.length > 0) throw expired();
  return { key, ...(value !== undefined && { value }) };
}

/** A place in a list that its backend knows by numbers alone. */
export interface Numbered {
  /** How many items come before. */
  readonly offset: number;
  /** The key of the last of them, and how many items there were in all, where the backend says: to see that some came or went. */
  readonly last?: string | undefined;
  readonly total?: number | undefined;
}

export const behindNumber = ({ offset, last, total }: Numbered): Bookmark =>
  last === undefined || total === undefined ? [offset] : [offset, last, total];

/** The place at a bookmark. Throws `expired` for a bookmark of another kind. */
export function numberedIn([offset, last, total, ...more]: Bookmark): Numbered {
  const isWhole = last === undefined || (typeof last === "string" && isCount(total));
  if (!isCount(offset) || !isWhole || more.length > 0) throw expired();
  return last === undefined ? { offset } : { offset, last, total: total as number };
}

const isCount = (given: unknown): given is number => Number.isSafeInteger(given) && (given as number) >= 0;

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

/** How many entries may have come or gone between two pages. */
const MAX_MOVED = 1000;

/**
 * Goes on in a list that its backend knows by numbers alone. What is deleted there moves all that is behind it forward, so that a page by
 * its number would hide as many: where the number of all has changed, the list is read from as far before as that, and gone on with
 * behind the last entry that was given. Where that one is gone, too, some entries are given twice, and none is hidden.
 */
export async function readNumbered<Item>(
  { offset, last, total }: Numbered,
  limit: number,
  { keyOf, read }: NumberedList<Item>,
): Promise<NumberedPage<Item>> {
  const pageOf = async (start: number, { items, total: now, isMore }: Part<Item>): Promise<NumberedPage<Item>> => {
    const end = items.at(-1);
    const next = { offset: start + items.length, last: end === undefined ? last : await keyOf(end), total: now };
    return { items, total: now, offset: start, next: isMore && limit > 0 ? behindNumber(next) : undefined };
  };
  const part = await read(offset, limit);
  if (last === undefined || total === undefined || part.total === undefined || part.total === total)
    return pageOf(offset, part);
  const moved = part.total - total;
  if (Math.abs(moved) > MAX_MOVED) throw expired();
  const from = Math.max(0, offset + Math.min(0, moved));
  const { isMore, ...again } = await read(from, limit + Math.abs(moved));
  const keys = await Promise.all(again.items.map(keyOf));
  const start = keys.indexOf(last) + 1;
  const items = again.items.slice(start, start + limit);
  return pageOf(from + start, { ...again, items, isMore: isMore || again.items.length > start + limit });
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
  return {
    ...connector,
    search: async (request) => {
      const { offset = 0, bookmark } = request;
      const name = offset > 0 && !bookmark ? nameOf(request, offset) : undefined;
      const known = name === undefined ? undefined : kept.get(name);
      const search = () => connector.search(request);
      const result = await (known
        ? connector.search({ ...request, bookmark: known }).catch((error) => {
            if (!(error instanceof ConnectorError) || error.kind !== "expired") throw error;
            kept.delete(name!);
            return search();
          })
        : search());
      if (result.next && !bookmark) kept.set(nameOf(request, offset + result.entries.length), result.next);
      return result;
    },
  };
}

/** A page's name: short, because filters may be long and many. */
const nameOf = ({ kind, where, orderBy }: SearchRequest, offset: number): string =>
  createHash("sha256")
    .update(JSON.stringify([kind, where, orderBy, offset]))
    .digest("base64url");
