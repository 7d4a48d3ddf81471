import { bulkhead } from "cockatiel";
import { LRUCache } from "lru-cache";
import type { Condition, Entry, Order } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { abortable } from "../../src/connector/kit/deadline.ts";
import { positionOf } from "../../src/connector/reference.ts";
import { type Directory, filterOf, type LdapKind, READINGS, readPages, toEntry } from "./directory.ts";
import { createSorter, type Packed, type Sorter } from "./packed.ts";
import { type SortKeyCodec, sortKeysOf } from "./sort-key.ts";

/** What a list contains. */
export interface Listing {
  readonly kind: string;
  readonly where: Condition | undefined;
  readonly order: Order;
}

/** The sort keys of all matches of a listing, and their encoding. */
export interface Snapshot {
  readonly list: Packed;
  readonly codec: SortKeyCodec;
  /** When reading started, in milliseconds since 1970. Everything that existed then is included. */
  readonly at: number;
}

/** How recent a snapshot must be: `now`, or a time in milliseconds since 1970. */
export type Since = "now" | number;

/** Snapshots of a directory. LDAP has neither offsets nor order, so the keys of all matches are read once and kept for a while. */
export interface Snapshots {
  /**
   * A snapshot for a page. It includes everything that existed at the given time, such as the start of the listing on any gateway; if
   * reading takes long it may be up to a minute older. Rejects with `busy` if it is not complete when the signal aborts, while reading
   * continues.
   */
  readonly take: (listing: Listing, since: Since, signal: AbortSignal) => Promise<Snapshot>;
  /** Reports whether a snapshot of a listing exists or is being read. */
  readonly has: (listing: Listing) => boolean;
  /** Records entries created or deleted here. Lists of the whole kind include them at once. */
  readonly changed: (kind: string, change: Changed) => void;
}

/** The key of a created or deleted entry. */
export type Changed = { readonly added: string } | { readonly removed: string };

/** Maximum age of a snapshot in milliseconds, or twice its read time if that is longer. */
const MAX_AGE_MS = 60_000;
/** A snapshot that takes longer than this to read, in milliseconds, is shared between listings and refreshed in the background. */
const LONG_MS = 250;
/** Maximum time for reading one, in milliseconds. */
const READ_MS = 600_000;
/** A list that may miss writes made here is refreshed once it is this many times as old as its read time. */
const TOUCHED_FACTOR = 2;
/** How long a failed read is reported to other callers before another attempt, in milliseconds. */
const FAILED_MS = 5000;
/** Unused snapshots are dropped after this long, in milliseconds. */
const UNUSED_MS = 300_000;
/** Maximum number of snapshots. */
const MAX_SNAPSHOTS = 8;
/** A server that returns no page of keys for this long, in milliseconds, is given up: the connection may be dead. */
const PAGE_MS = 10_000;
/** Maximum memory for one snapshot, and for all of them, in bytes. */
const MAX_BYTES = 128 * 1024 * 1024;
/** How many keys are read at a time. */
const PAGE = 1000;

interface Kept {
  readonly snapshot: Snapshot;
  /** How long reading took, in milliseconds. */
  readonly ms: number;
}

interface Reading {
  /** When reading started; undefined while it is queued. */
  began: number | undefined;
  /** The same as wall-clock time, in milliseconds since 1970. */
  at: number | undefined;
  readonly snapshot: Promise<Snapshot>;
  /** Entries created and deleted during the read, which may have passed their place already. */
  readonly changes: Changed[];
  readonly count: () => number;
}

/** What is known about a listing. */
interface Known {
  readonly listing: Listing;
  /** Whether the list contains a whole kind in order of keys, so that changes can be applied without another read. */
  readonly isPlain: boolean;
  kept?: Kept;
  reading?: Reading;
  /** The read that starts when the current one ends. */
  next?: Promise<Snapshot> | undefined;
  failed?: { readonly error: unknown; readonly at: number };
  /** Whether entries of the kind were written since the last read started, which may affect the list. */
  isTouched: boolean;
}

/** Whether a snapshot can be used, can be used while it is refreshed, or must be read again. */
export type Freshness = "use" | "refresh" | "wait";

/** When a snapshot's read started, how long it took, and whether entries were written since. */
type Age = Pick<Snapshot, "at"> & Pick<Kept, "ms"> & Pick<Known, "isTouched">;

/** How fresh a snapshot is for a page. */
export function freshnessOf({ at, ms, isTouched }: Age, since: Since, now: number): Freshness {
  const age = now - at;
  const most = Math.max(MAX_AGE_MS, 2 * ms);
  const isLong = ms >= LONG_MS;
  if (age > most || (!isLong && (since === "now" || at < since))) return "wait";
  // Callers in the middle of a listing do not wait for the refresh.
  const isOverdue = (isTouched && age > TOUCHED_FACTOR * ms) || (isLong && age > most / 2);
  return isOverdue ? "refresh" : "use";
}

/** Reads snapshots, shared by all callers of the same listing. */
export function createSnapshots(directory: Directory): Snapshots {
  const known = new LRUCache<string, Known>({ max: MAX_SNAPSHOTS, ttl: UNUSED_MS, ttlAutopurge: true });
  const readings = bulkhead(READINGS, Number.POSITIVE_INFINITY);

  const read = (of: Known): Promise<Snapshot> => {
    const { listing } = of;
    let sorter: Sorter | undefined;
    const snapshot = readings.execute(async () => {
      // Callers in the same turn of the event loop share it.
      await undefined;
      const began = performance.now();
      const at = Date.now();
      Object.assign(reading, { began, at });
      const read = await readSnapshot(directory, listing, (begun) => {
        sorter = begun;
      });
      const found = { ...read, at };
      for (const change of reading.changes) if (mayApply(change, listing)) apply(found, change);
      of.kept = { snapshot: found, ms: performance.now() - began };
      known.set(nameOf(listing), of);
      forgetOver(MAX_BYTES);
      return found;
    });
    const reading: Reading = {
      began: undefined,
      at: undefined,
      snapshot,
      changes: [],
      count: () => sorter?.count() ?? 0,
    };
    of.reading = reading;
    of.isTouched = false;
    delete of.failed;
    const ended = () => {
      if (of.reading === reading) delete of.reading;
    };
    snapshot.then(ended, (error) => {
      of.failed = { error, at: performance.now() };
      ended();
    });
    return snapshot;
  };
  /** A freed name may be taken again: only keys that are never reused are removed from a new snapshot. */
  const mayApply = (change: Changed, { kind }: Listing): boolean =>
    "added" in change || directory.kinds.get(kind)!.key === directory.dialect.key;
  const forgetOver = (bytes: number) => {
    const sizes = () => known.values().reduce((sum, { kept }) => sum + (kept?.snapshot.list.size() ?? 0), 0);
    while (known.size > 1 && sizes() > bytes) known.pop();
  };
  /** The snapshot being read or, if it must include everything until now, the next one. */
  const awaited = (of: Known, since: Since, now: number): Promise<Snapshot> => {
    const { reading, failed, kept } = of;
    if (!reading) return hasJustFailed(of, now) ? Promise.reject(failed!.error) : read(of);
    const hasNotBegun = reading.began === undefined;
    const isLong = (kept?.ms ?? 0) >= LONG_MS || now - (reading.began ?? now) >= LONG_MS;
    const isEnough = since !== "now" && (reading.at ?? since) >= since;
    if (isEnough || hasNotBegun || isLong) return reading.snapshot;
    if (!of.next) {
      const begin = () => {
        of.next = undefined;
        return read(of);
      };
      of.next = reading.snapshot.then(begin, begin);
      of.next.catch(() => {});
    }
    return of.next;
  };

  return {
    take: async (listing, since, signal) => {
      const name = nameOf(listing);
      const of: Known = known.get(name) ?? { listing, isPlain: isPlain(directory, listing), isTouched: false };
      known.set(name, of);
      const now = performance.now();
      const { kept, isTouched } = of;
      const freshness = kept
        ? freshnessOf({ at: kept.snapshot.at, ms: kept.ms, isTouched }, since, Date.now())
        : "wait";
      if (freshness === "refresh" && !of.reading && !hasJustFailed(of, now)) void read(of);
      if (freshness !== "wait") return kept!.snapshot;
      return abortable(signal, awaited(of, since, now)).catch((error) => {
        throw signal.aborted ? stillReading(of, error) : error;
      });
    },
    has: (listing) => known.has(nameOf(listing)),
    changed: (kind, change) => {
      for (const of of known.values()) {
        if (of.listing.kind !== kind) continue;
        if (of.isPlain) {
          if (of.kept) apply(of.kept.snapshot, change);
          of.reading?.changes.push(change);
        } else of.isTouched = true;
      }
    },
  };
}

const hasJustFailed = ({ failed }: Known, now: number): boolean => failed !== undefined && now - failed.at < FAILED_MS;

/** An entry's key. A naming attribute may have several values; the key is the one in the RDN. */
export const keyIn = (entry: Entry, { key }: LdapKind): string => String([entry[key]].flat()[0]);

const nameOf = (listing: Listing): string => JSON.stringify(listing);

const isByKey = (directory: Directory, { kind, order }: Listing): boolean =>
  order.attr === directory.kinds.get(kind)!.key;

const isPlain = (directory: Directory, listing: Listing): boolean => !listing.where && isByKey(directory, listing);

function apply({ list, codec }: Pick<Snapshot, "list" | "codec">, change: Changed): void {
  if ("added" in change) list.insert(codec.encode({ key: change.added }));
  else list.remove(codec.encode({ key: change.removed }));
}

function stillReading({ listing: { kind }, kept, reading }: Known, cause: unknown): ConnectorError {
  const since = reading?.began === undefined ? 0 : performance.now() - reading.began;
  const retryAfter = Math.max(2, Math.ceil(((kept?.ms ?? 0) - since) / 1000));
  const soFar = reading ? ` (${reading.count()} entries so far)` : "";
  return new ConnectorError(
    "busy",
    `The list of ${kind} entries is still being read from the directory${soFar}. Try again in ${retryAfter} seconds.`,
    { cause, retryAfter },
  );
}

async function readSnapshot(
  directory: Directory,
  listing: Listing,
  begun: (sorter: Sorter) => void,
): Promise<Omit<Snapshot, "at">> {
  const { order, where } = listing;
  const kind = directory.kinds.get(listing.kind)!;
  const codec = sortKeysOf(order, isByKey(directory, listing));
  const attrs = [...new Set([kind.key, order.attr])];
  const search = { base: kind.base, filter: filterOf(kind, where, directory), attrs, pageSize: PAGE };
  const silent = new AbortController();
  const watchdog = setTimeout(() => silent.abort(new Error("no page arrived in time")), PAGE_MS);
  const signal = AbortSignal.any([AbortSignal.timeout(READ_MS), silent.signal]);
  const reading = readPages(
    directory,
    search,
    async (pages) => {
      const sorter = createSorter();
      begun(sorter);
      for await (const page of pages) {
        watchdog.refresh();
        sorter.add(
          page.map((each) => {
            const entry = toEntry(kind, each, attrs, directory);
            return codec.encode({ ...positionOf(entry, order.attr, kind.key), key: keyIn(entry, kind) });
          }),
        );
        if (sorter.size() > MAX_BYTES)
          throw new ConnectorError("tooMany", `More than ${sorter.count()} entries match: narrow the filter.`);
      }
      return sorter;
    },
    signal,
    directory.bulk,
  );
  const sorted = await reading.finally(() => clearTimeout(watchdog));
  return { list: await sorted.finish(), codec };
}
