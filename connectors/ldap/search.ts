import type { Condition, Entry, SearchRequest, SearchResult } from "../../src/connector/connector.ts";
import { expired } from "../../src/connector/paging.ts";
import { comparePositions, positionOf } from "../../src/connector/reference.ts";
import { type Censuses, createCensuses, type Listing } from "./census.ts";
import { type Directory, filterOf, find, type LdapKind, toEntry } from "./directory.ts";
import { batches } from "./resolve.ts";

/** How long what several callers share may take, in milliseconds. */
const LIST_MS = 4000;

/** Searches a directory, as the connector interface says. */
export interface Search {
  readonly search: (request: SearchRequest) => Promise<SearchResult>;
  /** Takes note of entries that were made or deleted here. */
  readonly changed: Censuses["changed"];
}

/**
 * Searches at a flat cost a page. What fits in one page is one search; of more the keys of all that match are read once (`census.ts`), in the
 * order asked for or else by key, and each page reads its own entries.
 */
export function createSearch(directory: Directory): Search {
  const censuses = createCensuses(directory);
  /** The entries of first pages, which callers that come at the same time share as they share the keys. */
  const firstEntries = coalesce((name: string) => {
    const { kind, keys, attrs } = JSON.parse(name) as { kind: string; keys: string[]; attrs: string[] };
    return byKeys(directory, directory.kinds.get(kind)!, keys, attrs, AbortSignal.timeout(LIST_MS));
  });

  const search: Search["search"] = async (request) => {
    const { kind: name, where, attrs, offset = 0, orderBy, bookmark, limit, count, signal } = request;
    const kind = directory.kinds.get(name)!;
    const order = orderBy ?? { attr: kind.key, descending: false };
    const listing: Listing = { kind: name, where, order };
    const isFirst = offset === 0 && !bookmark;
    // What had more than a page a moment ago is not read for nothing.
    const isLong = () => !(where && isByName(directory, kind, where)) && censuses.has(listing);
    if (isFirst && limit > 0 && !(count && isLong())) {
      const wanted = count ? [...new Set([...attrs, kind.key, order.attr])] : attrs;
      const entries = await firstPage(directory, kind, where, wanted, count ? limit + 1 : limit, signal);
      if (!count) return { entries };
      if (entries.length <= limit) return { entries: inOrder(kind, entries, order), total: entries.length };
    }
    const { list, places } = await censuses.take(listing, isFirst, signal);
    let start = bookmark ? list.indexBehind(placeIn(bookmark, places)) : offset;
    let last: Buffer | undefined;
    const entries: Entry[] = [];
    const gone: Buffer[] = [];
    // Entries that are gone since their keys were read make room for those behind them.
    while (entries.length < limit && start < list.length()) {
      const here = list.slice(start, limit - entries.length);
      const keys = here.map(places.keyOf);
      const read = isFirst
        ? firstEntries(JSON.stringify({ kind: name, keys, attrs }))
        : byKeys(directory, kind, keys, attrs, signal);
      const found = await read;
      for (const [n, key] of keys.entries()) {
        const entry = found.get(key);
        if (entry) entries.push(entry);
        else gone.push(here[n]!);
      }
      start += here.length;
      last = here.at(-1);
    }
    const isMore = last !== undefined && list.indexBehind(last) < list.length();
    for (const place of gone) list.remove(place);
    return {
      entries,
      ...(count && { total: list.length() }),
      ...(isMore && { next: [last!.toString("base64url")] }),
    };
  };
  return { search, changed: censuses.changed };
}

/** The place that a bookmark is of. Throws `expired` for a bookmark of another kind. */
function placeIn(
  [text, ...more]: NonNullable<SearchRequest["bookmark"]>,
  { isPlace }: { isPlace: (bytes: Buffer) => boolean },
): Buffer {
  const bytes = typeof text === "string" && more.length === 0 ? Buffer.from(text, "base64url") : undefined;
  if (!bytes || bytes.length === 0 || !isPlace(bytes)) throw expired();
  return bytes;
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

/** Entries by their keys; those that are gone meanwhile are left out. */
async function byKeys(
  directory: Directory,
  kind: LdapKind,
  keys: readonly string[],
  attrs: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Entry>> {
  const wanted = [...new Set([...attrs, kind.key])];
  const found = new Map<string, Entry>();
  for (const batch of batches(keys)) {
    const where: Condition = { op: "or", conditions: batch.map((value) => ({ op: "eq", attr: kind.key, value })) };
    for (const entry of await firstPage(directory, kind, where, wanted, batch.length, signal))
      found.set(String(entry[kind.key]), entry);
  }
  return found;
}
