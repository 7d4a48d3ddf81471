import { LRUCache } from "lru-cache";
import type { Condition, Entry, Order, SearchRequest, SearchResult } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { behindPosition, positionIn } from "../../src/connector/paging.ts";
import { comparePositions, type Position, positionOf } from "../../src/connector/reference.ts";
import { type Directory, filterOf, find, type LdapKind, toEntry } from "./directory.ts";
import { dnKey, isWithin } from "./dn.ts";
import { toFilter } from "./filter.ts";
import { dnOf } from "./formats.ts";

/** The most entries that are counted and paged through by index. */
const MAX_KEYS = 500_000;
const SNAPSHOT_MS = 60_000;
/** How long what several callers share may take, in milliseconds. */
const LIST_MS = 4000;
const MAX_SNAPSHOTS = 8;
/** How many keys or DNs one search names. */
const BATCH = 500;

/** Searches a directory, as the connector interface says. */
export type Search = (request: SearchRequest) => Promise<SearchResult>;

/**
 * Searches at a flat cost a page. LDAP has no offset: what fits in one page is one search; of more, the keys of all that
 * match are read once and kept for a minute, in the order asked for or else by key, and each page reads its own entries.
 * Page 1 starts anew.
 */
export function createSearch(directory: Directory): Search {
  const snapshots = new LRUCache<string, Promise<Snapshot>>({ max: MAX_SNAPSHOTS, ttl: SNAPSHOT_MS });

  const readAnew = (name: string): Promise<Snapshot> => {
    const list = readSnapshot(directory, JSON.parse(name) as Listing);
    snapshots.set(name, list);
    list.catch(() => snapshots.delete(name));
    return list;
  };
  const coalesced = coalesce(readAnew);
  /** The entries of first pages, which callers that come at the same time share as they share the keys. */
  const firstEntries = coalesce((name: string) => {
    const { kind, keys, attrs } = JSON.parse(name) as { kind: string; keys: string[]; attrs: string[] };
    return byKeys(directory, directory.kinds.get(kind)!, keys, attrs, AbortSignal.timeout(LIST_MS));
  });

  return async ({ kind: name, where, attrs, offset = 0, orderBy, bookmark, limit, count, signal }) => {
    const kind = directory.kinds.get(name)!;
    const order = orderBy ?? { attr: kind.key, descending: false };
    const isFirst = offset === 0 && !bookmark;
    const listing = () => JSON.stringify({ kind: name, where, order } satisfies Listing);
    // What had more than a page a moment ago is not read for nothing.
    const isLong = () => !(where && isByName(directory, kind, where)) && snapshots.has(listing());
    if (isFirst && limit > 0 && !(count && isLong())) {
      const wanted = count ? [...new Set([...attrs, kind.key, order.attr])] : attrs;
      const entries = await firstPage(directory, kind, where, wanted, count ? limit + 1 : limit, signal);
      if (!count) return { entries };
      if (entries.length <= limit) return { entries: inOrder(kind, entries, order), total: entries.length };
    }
    const named = listing();
    const list = await (isFirst ? coalesced(named) : (snapshots.get(named) ?? readAnew(named)));
    let start = bookmark ? indexBehind(list, comparing(kind, order), positionIn(bookmark)) : offset;
    const entries: Entry[] = [];
    // Entries that are gone since their keys were read make room for those behind them.
    while (entries.length < limit && start < list.length) {
      const keys = list.slice(start, start + limit - entries.length).map(({ key }) => key);
      const read = isFirst
        ? firstEntries(JSON.stringify({ kind: name, keys, attrs }))
        : byKeys(directory, kind, keys, attrs, signal);
      entries.push(...(await read));
      start += keys.length;
    }
    const last = limit > 0 && start < list.length ? list[start - 1] : undefined;
    return { entries, ...(count && { total: list.length }), ...(last && { next: behindPosition(last) }) };
  };
}

/** What a snapshot is of. */
interface Listing {
  readonly kind: string;
  readonly where: Condition | undefined;
  readonly order: Order;
}

/** All that match, in order. */
type Snapshot = readonly Position[];

/** Which of two positions comes first; by key alone from the end, too. */
function comparing({ key }: LdapKind, order: Order): (a: Position, b: Position) => number {
  const compare = comparePositions(order);
  return order.attr === key && order.descending ? (a, b) => compare(b, a) : compare;
}

function inOrder(kind: LdapKind, entries: readonly Entry[], order: Order): Entry[] {
  const { key } = kind;
  const compare = comparing(kind, order);
  const placed = entries.map((entry) => ({ entry, position: positionOf(entry, order.attr, key) }));
  return placed.sort((a, b) => compare(a.position, b.position)).map(({ entry }) => entry);
}

/** The index of the first position behind another, found by halving. */
function indexBehind(list: Snapshot, compare: (a: Position, b: Position) => number, after: Position): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(list[middle]!, after) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
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

async function readSnapshot(directory: Directory, { kind: name, where, order }: Listing): Promise<Snapshot> {
  const kind = directory.kinds.get(name)!;
  const filter = filterOf(kind, where, directory);
  const signal = AbortSignal.timeout(LIST_MS);
  const attrs = [...new Set([kind.key, order.attr])];
  const found = await find(directory, { base: kind.base, filter, attrs, size: MAX_KEYS }, signal, directory.bulk);
  if (found.length >= MAX_KEYS)
    throw new ConnectorError("tooMany", `More than ${MAX_KEYS} entries match: narrow the filter.`);
  const positions = found.map((each) => positionOf(toEntry(kind, each, attrs, directory), order.attr, kind.key));
  const isByKey =
    order.attr === kind.key && !order.descending && positions.every(({ key }) => /^[\x20-\x7e]*$/.test(key));
  // Keys are hexadecimal digits mostly, of which there may be very many.
  return positions.sort(isByKey ? byPlainKey : comparing(kind, order));
}

const byPlainKey = (a: Position, b: Position): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** Entries by their keys, in the keys' order; those that are gone meanwhile are left out. */
async function byKeys(
  directory: Directory,
  kind: LdapKind,
  keys: readonly string[],
  attrs: readonly string[],
  signal: AbortSignal,
): Promise<Entry[]> {
  const wanted = [...new Set([...attrs, kind.key])];
  const found = new Map<string, Entry>();
  for (const batch of batches(keys)) {
    const where: Condition = { op: "or", conditions: batch.map((value) => ({ op: "eq", attr: kind.key, value })) };
    for (const entry of await firstPage(directory, kind, where, wanted, batch.length, signal))
      found.set(String(entry[kind.key]), entry);
  }
  return keys.map((key) => found.get(key)).filter((entry) => entry !== undefined);
}

/** Turns keys of a kind into DNs, or DNs into keys. */
export type Resolve = (
  kind: string,
  to: "references" | "keys",
  values: readonly string[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, string>>;

const KEY_MS = 2000;
const MAX_KNOWN = 10_000;

/** Looks up some keys or DNs, few enough for one search; what is not of the kind is absent from the answer. */
export type LookUp = Resolve;

/**
 * Keys to DNs, or DNs to keys, of entries of the kind: one search for up to 500. A DN is always looked up: none is served
 * after a rename. The key of a DN is remembered for two seconds, because many entries refer to few: a rename brings
 * another DN, and only an entry that is deleted and made anew in that time could be taken for the old one.
 */
export function createResolve(lookUp: LookUp): Resolve {
  const known = new LRUCache<string, string>({ max: MAX_KNOWN, ttl: KEY_MS });
  const of = (name: string, value: string) => `${name}\0${value}`;
  return async (name, to, values, signal) => {
    const result = new Map<string, string>();
    const unknown = values.filter((value) => {
      const key = to === "keys" ? known.get(of(name, value)) : undefined;
      if (key === undefined) return true;
      result.set(value, key);
      return false;
    });
    const found = await Promise.all(batches(unknown).map((batch) => lookUp(name, to, batch, signal)));
    for (const [value, answer] of found.flatMap((each) => [...each])) {
      result.set(value, answer);
      if (to === "keys") known.set(of(name, value), answer);
    }
    return result;
  };
}

/** Looks up by the key, or by the operational attribute that holds an entry's own DN. */
export const lookUpByDn =
  (directory: Directory): LookUp =>
  async (name, to, batch, signal) => {
    const kind = directory.kinds.get(name)!;
    const attr = to === "references" ? kind.key : directory.dialect.dnAttribute;
    const byDn = new Map(to === "keys" ? batch.map((value) => [dnKey(value), value]) : []);
    const where: Condition = { op: "or", conditions: batch.map((value) => ({ op: "eq", attr, value })) };
    const search = { base: kind.base, filter: filterOf(kind, where, directory), attrs: [kind.key] };
    const result = new Map<string, string>();
    for (const found of await find(directory, search, signal)) {
      const key = String(toEntry(kind, found, [kind.key], directory)[kind.key]);
      if (to === "references") result.set(key, found.dn);
      else if (byDn.has(dnKey(found.dn))) result.set(byDn.get(dnKey(found.dn))!, key);
    }
    return result;
  };

/** Looks up keys in the whole of the tree that a kind's base is in: entries of any kind, wherever they were moved. */
export async function lookOutside(
  directory: Directory,
  name: string,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const kind = directory.kinds.get(name)!;
  const [root] = await find(directory, { base: "", scope: "base", attrs: ["namingContexts"] }, signal);
  const base = [root?.namingContexts ?? []]
    .flat()
    .map((suffix) => dnOf(String(suffix)))
    .find((suffix) => isWithin(kind.base, suffix));
  const result = new Map<string, string>();
  if (base === undefined) return result;
  for (const batch of batches(keys.filter((key) => directory.dialect.isKey(key, kind.key)))) {
    const where: Condition = { op: "or", conditions: batch.map((value) => ({ op: "eq", attr: kind.key, value })) };
    for (const found of await find(directory, { base, filter: toFilter(where, directory), attrs: [kind.key] }, signal))
      result.set(String(toEntry(kind, found, [kind.key], directory)[kind.key]), found.dn);
  }
  return result;
}

/** The values in parts of which each is few enough to be named in one search. */
export const batches = (values: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(values.length / BATCH) }, (_, index) =>
    values.slice(index * BATCH, (index + 1) * BATCH),
  );
