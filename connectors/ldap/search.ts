import type {
  Bookmark,
  Condition,
  Connector,
  Entry,
  SearchRequest,
  SearchResult,
} from "../../src/connector/connector.ts";
import { expired, isCount } from "../../src/connector/paging.ts";
import { comparePositions, positionOf } from "../../src/connector/reference.ts";
import { type Directory, filterOf, find, type LdapKind, toEntry } from "./directory.ts";
import { batches } from "./resolve.ts";
import { createSnapshots, keyIn, type Listing, type Snapshot, type Snapshots } from "./snapshots.ts";

/** Time limit of work that several callers share, in milliseconds. */
const LIST_MS = 4000;

/** Searches a directory as the connector interface specifies. */
export interface Search {
  readonly search: (request: SearchRequest) => Promise<SearchResult>;
  /** Records entries that were created or deleted here. */
  readonly changed: Snapshots["changed"];
}

/**
 * Searches at a constant cost per page. A result of one page is one search. For longer ones the keys of all matches are read once
 * (`snapshots.ts`), in the requested order or by key, and each page reads its own entries.
 */
export function createSearch(directory: Directory): Search {
  const snapshots = createSnapshots(directory);
  /** The entries of first pages. Concurrent callers share them as they share the keys. */
  const firstEntries = coalesce((name: string) => {
    const { kind, where, keys, attrs } = JSON.parse(name) as Named;
    return byKeys(directory, { kind: directory.kinds.get(kind)!, where, keys, attrs }, AbortSignal.timeout(LIST_MS));
  });

  /** All matches, if they fit in one page. */
  const singlePage = async (request: SearchRequest, order: Listing["order"]): Promise<SearchResult | undefined> => {
    const { kind: name, where, attrs, limit, count, signal } = request;
    const kind = directory.kinds.get(name)!;
    const wanted = count ? [...new Set([...attrs, kind.key, order.attr])] : attrs;
    const entries = await firstPage(directory, kind, where, wanted, count ? limit + 1 : limit, signal);
    if (!count) return { entries };
    return entries.length > limit ? undefined : { entries: inOrder(kind, entries, order), total: entries.length };
  };

  /** A page of a snapshot. Entries that were deleted or no longer match are replaced by the next ones. */
  const pageOf = async (
    { list, codec, at }: Snapshot,
    request: SearchRequest,
    place: Place | undefined,
  ): Promise<SearchResult> => {
    const { kind, where, attrs, offset = 0, bookmark, limit, count, signal } = request;
    const isFirst = offset === 0 && !bookmark;
    if (place && !codec.isSortKey(place.sortKey)) throw expired();
    let start = place ? list.upperBound(place.sortKey) : offset;
    let last: Buffer | undefined;
    const entries: Entry[] = [];
    while (entries.length < limit && start < list.length()) {
      const here = list.slice(start, limit - entries.length);
      const keys = here.map(codec.keyOf);
      const found = await (isFirst
        ? firstEntries(JSON.stringify({ kind, where, keys, attrs } satisfies Named))
        : byKeys(directory, { kind: directory.kinds.get(kind)!, where, keys, attrs }, signal));
      for (const [n, key] of keys.entries()) {
        const entry = found.get(key.toLowerCase());
        if (entry) entries.push(entry);
        else list.remove(here[n]!);
      }
      last = here.at(-1)!;
      // The list may have changed meanwhile: only the sort key says where to continue.
      start = list.upperBound(last);
    }
    const isMore = last !== undefined && start < list.length();
    return {
      entries,
      ...(count && { total: list.length() }),
      ...(isMore && { next: [last!.toString("base64url"), place?.since ?? at] }),
    };
  };

  const search: Search["search"] = async (request) => {
    const { kind: name, where, offset = 0, orderBy, bookmark, limit, count, signal } = request;
    const kind = directory.kinds.get(name)!;
    const listing: Listing = { kind: name, where, order: orderBy ?? { attr: kind.key, descending: false } };
    const isFirst = offset === 0 && !bookmark;
    // Do not try a single page for a list that was longer a moment ago.
    const isLong = () => !(where && isByName(directory, kind, where)) && snapshots.has(listing);
    if (isFirst && limit > 0 && !(count && isLong())) {
      const single = await singlePage(request, listing.order);
      if (single) return single;
    }
    const place = bookmark && placeIn(bookmark);
    return pageOf(await snapshots.take(listing, place?.since ?? "now", signal), request, place);
  };
  return { search, changed: snapshots.changed };
}

/** Reports created and deleted entries to snapshots and references. */
export const telling = (
  { create, delete: remove, update }: Pick<Connector, "create" | "update" | "delete">,
  keyOf: (kind: string) => string,
  { listed, resolved }: { readonly listed: Search["changed"]; readonly resolved: () => void },
): Pick<Connector, "create" | "update" | "delete"> => ({
  create: async (request) => {
    // A creation whose response was lost may have left something.
    const made = await create(request).finally(resolved);
    const key = made[keyOf(request.kind)];
    if (key !== undefined) listed(request.kind, { added: String(key) });
    return made;
  },
  update,
  delete: async (request) => {
    await remove(request).finally(resolved);
    listed(request.kind, { removed: request.key });
  },
});

/** Entries of a kind by key, as far as they still match. */
interface Named {
  readonly kind: string;
  readonly where: Condition | undefined;
  readonly keys: readonly string[];
  readonly attrs: readonly string[];
}

/** The place where a listing continues. */
interface Place {
  readonly sortKey: Buffer;
  /** When the listing started, in milliseconds since 1970. Entries that existed then are not skipped, whichever gateway continues. */
  readonly since: number;
}

/** The place of a bookmark. Throws `expired` for another kind of bookmark. */
function placeIn([text, since, ...more]: Bookmark): Place {
  if (typeof text !== "string" || !isCount(since) || more.length > 0) throw expired();
  return { sortKey: Buffer.from(text, "base64url"), since };
}

function inOrder(kind: LdapKind, entries: readonly Entry[], order: Listing["order"]): Entry[] {
  const { key } = kind;
  const compare = comparePositions(order);
  const isReversed = order.attr === key && order.descending;
  const placed = entries.map((entry) => ({ entry, position: positionOf(entry, order.attr, key) }));
  return placed
    .sort((a, b) => (isReversed ? compare(b.position, a.position) : compare(a.position, b.position)))
    .map(({ entry }) => entry);
}

/** Callers that arrive during a run share the next one, so that no result is older than its request. */
function coalesce<T>(run: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const running = new Map<string, Promise<unknown>>();
  const next = new Map<string, Promise<T>>();
  return (name) => {
    const planned = next.get(name);
    if (planned) return planned;
    const start = (): Promise<T> => {
      next.delete(name);
      const result = run(name);
      running.set(name, result);
      result.catch(() => {}).finally(() => running.get(name) === result && running.delete(name));
      return result;
    };
    const current = running.get(name);
    if (!current) return start();
    const after = current.then(start, start);
    next.set(name, after);
    return after;
  };
}

async function firstPage(
  directory: Directory,
  kind: LdapKind,
  where: Condition | undefined,
  attrs: readonly string[],
  size: number,
  signal: AbortSignal,
): Promise<Entry[]> {
  const isNamed = where && isByName(directory, kind, where);
  const search = { base: kind.base, filter: filterOf(kind, where, directory), attrs, ...(!isNamed && { size }) };
  const found = await find(directory, search, signal);
  return found.slice(0, size).map((each) => toEntry(kind, each, attrs, directory));
}

/** Reports whether a condition identifies entries by name. It then matches few, and paging would cost a third of the server's time. */
const isByName = (directory: Directory, kind: LdapKind, where: Condition): boolean =>
  where.op === "or"
    ? where.conditions.every((each) => isByName(directory, kind, each))
    : where.op === "eq" && [kind.key, kind.rdn, directory.dialect.dnAttribute].includes(where.attr);

/** Entries by key in lower case, as directories compare names. Entries that were deleted or no longer match are absent. */
async function byKeys(
  directory: Directory,
  { kind, where, keys, attrs }: Omit<Named, "kind"> & { readonly kind: LdapKind },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Entry>> {
  const wanted = [...new Set([...attrs, kind.key])];
  const found = new Map<string, Entry>();
  for (const batch of batches(keys)) {
    const named: Condition = { op: "or", conditions: batch.map((value) => ({ op: "eq", attr: kind.key, value })) };
    const both: Condition = where ? { op: "and", conditions: [named, where] } : named;
    const search = { base: kind.base, filter: filterOf(kind, both, directory), attrs: wanted };
    for (const each of await find(directory, search, signal)) {
      const entry = toEntry(kind, each, wanted, directory);
      found.set(keyIn(entry, kind).toLowerCase(), entry);
    }
  }
  return found;
}
