import { LRUCache } from "lru-cache";
import type { Condition, Order } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { abortable } from "../../src/connector/kit/deadline.ts";
import { positionOf } from "../../src/connector/reference.ts";
import { type Directory, filterOf, readPages, toEntry } from "./directory.ts";
import { createSorter, type Packed, type Sorter } from "./packed.ts";
import { type Places, placesIn } from "./places.ts";

/** What a list is of. */
export interface Listing {
  readonly kind: string;
  readonly where: Condition | undefined;
  readonly order: Order;
}

/** The places of all entries that a listing finds, and how they are written. */
export interface Census {
  readonly list: Packed;
  readonly places: Places;
}

/** The censuses of a directory: LDAP has no offset and no order, so the keys of all that match are read once, and kept for a while. */
export interface Censuses {
  /**
   * A census for a page. Where `isAnew` it shows all that was there when it was asked for, unless reading it takes long: then it may be as old as
   * for later pages. Rejects with `busy` where it is not read by the time that the signal aborts; the reading goes on.
   */
  readonly take: (listing: Listing, isAnew: boolean, signal: AbortSignal) => Promise<Census>;
  /** Whether there is a census of a listing, or one is being read. */
  readonly has: (listing: Listing) => boolean;
  /** Takes note of entries that were made or deleted here: lists of the whole kind show that at once. */
  readonly changed: (kind: string, change: Changed) => void;
}

/** The key of an entry that has come, or has gone. */
export type Changed = { readonly added: string } | { readonly removed: string };

/** The longest that a census is gone on with, in milliseconds, but for one that takes half as long to read. */
const MAX_AGE_MS = 60_000;
/** A census that nobody has taken for so long is forgotten, in milliseconds. */
const UNUSED_MS = 300_000;
/** The longest that reading one may take, in milliseconds. */
const READ_MS = 600_000;
/** A census is gone on with for so many times as long as it took to read: reading is a small part of what the directory does. */
const AGE_FACTOR = 20;
/** What takes longer to read than this, in milliseconds, is not read for each first page, and is read anew behind. */
const LONG_MS = 250;
/** The most censuses that are kept, and the most memory for all of them, in bytes. */
const MAX_CENSUSES = 8;
const MAX_BYTES = 128 * 1024 * 1024;
/** How many keys are read at a time. */
const PAGE = 1000;

interface Reading {
  readonly began: number;
  readonly census: Promise<Census>;
  /** What has come and gone meanwhile: the reading may have passed its place by then. */
  readonly changes: Changed[];
  readonly count: () => number;
}

/** What is known of a listing. */
interface Known {
  readonly listing: Listing;
  /** Whether the entries of the whole kind are listed by their keys: what comes and goes has a place without another look. */
  readonly isPlain: boolean;
  /** The last census, when its reading began, and how long it took, in milliseconds. */
  kept?: { readonly census: Census; readonly began: number; readonly ms: number };
  reading?: Reading;
  /** The reading that begins when that one has ended. */
  next?: Promise<Census> | undefined;
}

/** Reads censuses, each for all who list the same. */
export function createCensuses(directory: Directory): Censuses {
  const known = new LRUCache<string, Known>({ max: MAX_CENSUSES, ttl: UNUSED_MS, ttlAutopurge: true });

  const read = (of: Known): Promise<Census> => {
    const { listing } = of;
    const began = performance.now();
    const changes: Changed[] = [];
    let sorter: Sorter | undefined;
    const reading = readCensus(directory, listing, (begun) => {
      sorter = begun;
    });
    const census = reading
      .then((read) => {
        for (const change of changes) apply(read, change);
        of.kept = { census: read, began, ms: performance.now() - began };
        known.set(nameOf(listing), of);
        forgetOver(MAX_BYTES);
        return read;
      })
      .finally(() => {
        if (of.reading?.census === census) delete of.reading;
      });
    census.catch(() => {});
    of.reading = { began, census, changes, count: () => sorter?.count() ?? 0 };
    return census;
  };
  const forgetOver = (bytes: number) => {
    const sizes = () => known.values().reduce((sum, { kept }) => sum + (kept?.census.list.size() ?? 0), 0);
    while (known.size > 1 && sizes() > bytes) known.pop();
  };
  /** The census that is being read, or, where it must show all until now, the one that is read after it. */
  const awaited = (of: Known, isAnew: boolean): Promise<Census> => {
    const { reading } = of;
    if (!reading) return read(of);
    const isLong = performance.now() - reading.began >= LONG_MS || (of.kept && of.kept.ms >= LONG_MS);
    if (!isAnew || isLong) return reading.census;
    const begin = () => {
      of.next = undefined;
      return read(of);
    };
    of.next ??= reading.census.then(begin, begin);
    return of.next;
  };

  return {
    take: async (listing, isAnew, signal) => {
      const name = nameOf(listing);
      const of: Known = known.get(name) ?? { listing, isPlain: isPlain(directory, listing) };
      known.set(name, of);
      const { kept } = of;
      if (kept && (!isAnew || kept.ms >= LONG_MS)) {
        const age = performance.now() - kept.began;
        const most = Math.min(Math.max(MAX_AGE_MS, 2 * kept.ms), AGE_FACTOR * kept.ms);
        // Who lists on does not wait for what is read anew behind.
        if (age > most / 2 && kept.ms >= LONG_MS && !of.reading) void read(of);
        if (age <= most) return kept.census;
      }
      const census = awaited(of, isAnew);
      return abortable(signal, census).catch((error) => {
        throw signal.aborted ? stillReading(of, error) : error;
      });
    },
    has: (listing) => known.has(nameOf(listing)),
    changed: (kind, change) => {
      for (const { listing, isPlain: takes, kept, reading } of known.values()) {
        if (!takes || listing.kind !== kind) continue;
        if (kept) apply(kept.census, change);
        reading?.changes.push(change);
      }
    },
  };
}

const nameOf = (listing: Listing): string => JSON.stringify(listing);

const isByKey = (directory: Directory, { kind, order }: Listing): boolean =>
  order.attr === directory.kinds.get(kind)!.key;

const isPlain = (directory: Directory, listing: Listing): boolean => !listing.where && isByKey(directory, listing);

function apply({ list, places }: Census, change: Changed): void {
  if ("added" in change) list.insert(places.encode({ key: change.added }));
  else list.remove(places.encode({ key: change.removed }));
}

function stillReading({ listing: { kind }, kept, reading }: Known, cause: unknown): ConnectorError {
  const left = kept && reading ? kept.ms - (performance.now() - reading.began) : 0;
  const retryAfter = Math.max(2, Math.ceil(left / 1000));
  const soFar = reading ? `, ${reading.count()} so far` : "";
  return new ConnectorError(
    "busy",
    `The directory's entries of kind ${kind} are being listed${soFar}. That goes on: ask again in ${retryAfter} seconds.`,
    { cause, retryAfter },
  );
}

async function readCensus(directory: Directory, listing: Listing, begun: (sorter: Sorter) => void): Promise<Census> {
  const { order, where } = listing;
  const kind = directory.kinds.get(listing.kind)!;
  const places = placesIn(order, isByKey(directory, listing));
  const attrs = [...new Set([kind.key, order.attr])];
  const search = { base: kind.base, filter: filterOf(kind, where, directory), attrs, pageSize: PAGE };
  const signal = AbortSignal.timeout(READ_MS);
  const sorted = await readPages(
    directory,
    search,
    async (pages) => {
      const sorter = createSorter();
      begun(sorter);
      let bytes = 0;
      for await (const page of pages) {
        const items = page.map((each) =>
          places.encode(positionOf(toEntry(kind, each, attrs, directory), order.attr, kind.key)),
        );
        sorter.add(items);
        bytes += items.reduce((sum, item) => sum + item.length + 4, 0);
        if (bytes > MAX_BYTES)
          throw new ConnectorError("tooMany", `More than ${sorter.count()} entries match: narrow the filter.`);
      }
      return sorter;
    },
    signal,
    directory.bulk,
  );
  return { list: await sorted.finish(), places };
}
