import { bulkhead } from "cockatiel";
import { LRUCache } from "lru-cache";
import type { Condition, Entry, Order } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { abortable } from "../../src/connector/kit/deadline.ts";
import { positionOf } from "../../src/connector/reference.ts";
import { type Directory, filterOf, type LdapKind, READINGS, readPages, toEntry } from "./directory.ts";
import { createSorter, type Packed, type Sorter } from "./packed.ts";
import { type SortKeyCodec, sortKeysOf } from "./sort-key.ts";

/** What a list is of. */
export interface Listing {
  readonly kind: string;
  readonly where: Condition | undefined;
  readonly order: Order;
}

/** The sort keys of all entries that a listing finds, and how they are written. */
export interface Snapshot {
  readonly list: Packed;
  readonly codec: SortKeyCodec;
  /** When its reading began, in milliseconds since 1970: it holds all that was there by then. */
  readonly at: number;
}

/** Since when a snapshot must show all there is: `now`, or a time in milliseconds since 1970. */
export type Since = "now" | number;

/** The snapshots of a directory: LDAP has no offset and no order, so the keys of all that match are read once, and kept for a while. */
export interface Snapshots {
  /**
   * A snapshot for a page. It shows all that was there at some time, such as when the listing began, on whichever gateway; one that takes long to
   * read may be up to a minute older. Rejects with `busy` if it is not read by the time that the signal aborts; the reading goes on.
   */
  readonly take: (listing: Listing, since: Since, signal: AbortSignal) => Promise<Snapshot>;
  /** Whether there is a snapshot of a listing, or one is being read. */
  readonly has: (listing: Listing) => boolean;
  /** Takes note of entries that were made or deleted here: lists of the whole kind show that at once. */
  readonly changed: (kind: string, change: Changed) => void;
}

/** The key of an entry that has come, or has gone. */
export type Changed = { readonly added: string } | { readonly removed: string };

/** Maximum age of a snapshot in milliseconds, or twice its read time if that is longer. */
const MAX_AGE_MS = 60_000;
/** A snapshot that takes longer to read than this, in milliseconds, is not read for each listing, and is read anew behind. */
const LONG_MS = 250;
/** Maximum time for reading one, in milliseconds. */
const READ_MS = 600_000;
/** A list that may lack what was written here is read anew behind once it is so many times as old as it took to read. */
const TOUCHED_FACTOR = 2;
/** How long a failed reading is told to others who ask for the same, in milliseconds, before it is tried again. */
const FAILED_MS = 5000;
/** A snapshot that nobody has taken for so long is forgotten, in milliseconds. */
const UNUSED_MS = 300_000;
/** Maximum number of snapshots. */
const MAX_SNAPSHOTS = 8;
/** A server that gives no page of keys for so long, in milliseconds, is given up: the connection may be dead. */
const PAGE_MS = 10_000;
/** Maximum memory for one snapshot, and for all of them, in bytes. */
const MAX_BYTES = 128 * 1024 * 1024;
/** How many keys are read at a time. */
const PAGE = 1000;

interface Kept {
  readonly snapshot: Snapshot;
  /** How long it took to read, in milliseconds. */
  readonly ms: number;
}

interface Reading {
  /** When it began; undefined while it waits for others. */
  began: number | undefined;
  /** The same by the clock, in milliseconds since 1970. */
  at: number | undefined;
  readonly snapshot: Promise<Snapshot>;
  /** What has come and gone meanwhile: the reading may have passed its place by then. */
  readonly changes: Changed[];
  readonly count: () => number;
}

/** What is known of a listing. */
interface Known {
  readonly listing: Listing;
  /** Whether the entries of the whole kind are listed by their keys: what comes and goes has a place without another look. */
  readonly isPlain: boolean;
  kept?: Kept;
  reading?: Reading;
  /** The reading that begins when that one has ended. */
  next?: Promise<Snapshot> | undefined;
  failed?: { readonly error: unknown; readonly at: number };
  /** Whether entries of the kind were written here since the last reading began, which may belong into the list or not. */
  isTouched: boolean;
}

/** What a snapshot is good for: as it is, as it is while it is read anew behind, or for nothing any more. */
export type Freshness = "use" | "refresh" | "wait";

/** When a snapshot's reading began, how long it took, and whether entries of the kind were written here since. */
type Age = Pick<Snapshot, "at"> & Pick<Kept, "ms"> & Pick<Known, "isTouched">;

/** How fresh a snapshot is for a page. */
export function freshnessOf({ at, ms, isTouched }: Age, since: Since, now: number): Freshness {
  const age = now - at;
  const most = Math.max(MAX_AGE_MS, 2 * ms);
  const isLong = ms >= LONG_MS;
  if (age > most || (!isLong && (since === "now" || at < since))) return "wait";
  // Whoever lists on does not wait for what is read anew behind.
  const isOverdue = (isTouched && age > TOUCHED_FACTOR * ms) || (isLong && age > most / 2);
  return isOverdue ? "refresh" : "use";
}

/** Reads snapshots, each for all who list the same. */
export function createSnapshots(directory: Directory): Snapshots {
  const known = new LRUCache<string, Known>({ max: MAX_SNAPSHOTS, ttl: UNUSED_MS, ttlAutopurge: true });
  const readings = bulkhead(READINGS, Number.POSITIVE_INFINITY);

  const read = (of: Known): Promise<Snapshot> => {
    const { listing } = of;
    let sorter: Sorter | undefined;
    const snapshot = readings.execute(async () => {
      // Those who ask in the same turn share it.
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
  /** A name that was freed may be somebody else's by now: only keys that are never given again are taken out of what was just read. */
  const mayApply = (change: Changed, { kind }: Listing): boolean =>
    "added" in change || directory.kinds.get(kind)!.key === directory.dialect.key;
  const forgetOver = (bytes: number) => {
    const sizes = () => known.values().reduce((sum, { kept }) => sum + (kept?.snapshot.list.size() ?? 0), 0);
    while (known.size > 1 && sizes() > bytes) known.pop();
  };
  /** The snapshot that is being read, or, if it must show all until now, the one that is read after it. */
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

/** An entry's key; of several values, which a naming attribute may have, the one that it is called by. */
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
  const watchdog = setTimeout(() => silent.abort(new Error("no page came in time")), PAGE_MS);
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
