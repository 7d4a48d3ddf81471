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

/** How long what several callers share may take, in milliseconds. */
const LIST_MS = 4000;

/** Searches a directory, as the connector interface says. */
export interface Search {
  readonly search: (request: SearchRequest) => Promise<SearchResult>;
  /** Takes note of entries that were made or deleted here. */
  readonly changed: Snapshots["changed"];
}

/**
 * Searches at a flat cost a page. What fits in one page is one search; of more the keys of all that match are read once (`snapshots.ts`), in
 * the order asked for or else by key, and each page reads its own entries.
 */
export function createSearch(directory: Directory): Search {
  const snapshots = createSnapshots(directory);
  /** The entries of first pages, which callers that come at the same time share as they share the keys. */
  const firstEntries = coalesce((name: string) => {
    const { kind, where, keys, attrs } = JSON.parse(name) as Named;
    return byKeys(directory, { kind: directory.kinds.get(kind)!, where, keys, attrs }, AbortSignal.timeout(LIST_MS));
  });

  /** All that matches, where it fits in one page. */
  const singlePage = async (request: SearchRequest, order: Listing["order"]): Promise<SearchResult | undefined> => {
    const { kind: name, where, attrs, limit, count, signal } = request;
    const kind = directory.kinds.get(name)!;
    const wanted = count ? [...new Set([...attrs, kind.key, order.attr])] : attrs;
    const entries = await firstPage(directory, kind, where, wanted, count ? limit + 1 : limit, signal);
    if (!count) return { entries };
    return entries.length > limit ? undefined : { entries: inOrder(kind, entries, order), total: entries.length };
  };

  /** A page of a snapshot. Entries that are gone since, or no longer match, make room for those behind them. */
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
      // Others may have changed the list meanwhile: only the sort key says where it goes on.
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
    // What had more than a page a moment ago is not read for nothing.
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

/** Writes that tell lists and references of the entries that they make and delete. */
export const telling = (
  { create, delete: remove, update }: Pick<Connector, "create" | "update" | "delete">,
  keyOf: (kind: string) => string,
  { listed, resolved }: { readonly listed: Search["changed"]; readonly resolved: () => void },
): Pick<Connector, "create" | "update" | "delete"> => ({
  create: async (request) => {
    // Also of a creation whose answer was lost something may be left.
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

/** Some entries of a kind, by their keys, as far as they still match. */
interface Named {
  readonly kind: string;
  readonly where: Condition | undefined;
  readonly keys: readonly string[];
  readonly attrs: readonly string[];
}

/** Where a listing goes on. */
interface Place {
  readonly sortKey: Buffer;
  /** When it began, in milliseconds since 1970: what was there by then is not hidden, whichever gateway goes on with it. */
  readonly since: number;
}

/** The place that a bookmark holds. Throws `expired` for a bookmark of another kind. */
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

/** Callers that come while a run is under way share the next one: none sees a result older than its question. */
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

/** Whether a condition names its entries. It finds few then, and pages would only cost: a third of a server's time. */
const isByName = (directory: Directory, kind: LdapKind, where: Condition): boolean =>
  where.op === "or"
    ? where.conditions.every((each) => isByName(directory, kind, each))
    : where.op === "eq" && [kind.key, kind.rdn, directory.dialect.dnAttribute].includes(where.attr);

/** Entries by their keys in lower case, as directories compare names; those that are gone meanwhile, or no longer match, are left out. */
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
