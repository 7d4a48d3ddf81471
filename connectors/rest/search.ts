import type { Bookmark, SearchRequest, SearchResult } from "../../src/connector/connector.ts";
import { ConnectorError, isNotFound } from "../../src/connector/error.ts";
import type { Seal } from "../../src/connector/kit/seal.ts";
import {
  expired,
  isCount,
  type Numbered,
  numberedIn,
  readNumbered,
  searchFailure,
} from "../../src/connector/paging.ts";
import { type Api, readFrom } from "./api.ts";
import { ownCall } from "./conditions.ts";
import { counted, numberIn } from "./counting.ts";
import { inTurns, isObject, KeyAlone } from "./entries.ts";
import type { RestKind } from "./kind.ts";
import { isRandom, noList, type Page, type Place, pageSize, pagesOf, placeOf, START } from "./lists.ts";
import { type Reads, searchScope } from "./reads.ts";

/** The start of a search in an API's list. */
interface Start {
  /** The API's page that it starts in. */
  readonly place: Place;
  /** Number of items of that page to skip. */
  readonly skip: number;
  /** Number of preceding entries of the kind. */
  readonly before: number;
}

/** Consecutive items of an API's list. */
interface Stretch {
  readonly items: readonly unknown[];
  /** Where the list continues; undefined at its end. */
  readonly next: Start | undefined;
  /** The total, if the API reports it with the list. */
  readonly total: number | undefined;
  /** The last page read, and the number of entries of the kind up to its end. */
  readonly last: Page | undefined;
  readonly seen: number;
}

/** What searches need. */
export interface SearchOptions {
  readonly api: Api;
  readonly reads: Reads;
  /** The base URL. */
  readonly base: string;
  readonly seal: Seal;
}

/** Searches of an API, in the API's own pages. */
export const searchOf =
  (options: SearchOptions) =>
  async (kind: RestKind, request: SearchRequest): Promise<SearchResult> => {
    const { reads } = options;
    const { limit, attrs, count, signal } = request;
    const list = await openList(options, kind, request);
    const first = await pageAt(list, request.bookmark ?? request.offset ?? 0, limit);
    const present = async (items: readonly unknown[]) => {
      for (const key of await inTurns(items, list.keyOf)) reads.spellings.note(kind.name, key);
      const whole = await inTurns(items, (each) => reads.whole(kind, each, attrs, signal));
      return whole.filter((each) => each !== undefined);
    };
    const found = await present(first.items);
    let { next } = first;
    // Entries deleted since they were listed do not end the list: a page is full, or the last.
    while (found.length < limit && next && first.items.length > 0) {
      const more = await pageAt(list, next, limit - found.length);
      found.push(...(await present(more.items)));
      next = more.next;
    }
    const entries = await inTurns(found, (item) => reads.pick(kind, item, attrs, signal));
    const result = { entries, ...(next && limit > 0 && { next }) };
    if (!count) return result;
    const total = await list.total(first.stretch);
    return { ...result, total: entries.length > 0 ? Math.max(total, first.before + entries.length) : total };
  };

/** The list of a search. */
interface List {
  readonly keyOf: (item: unknown) => Promise<string>;
  /** Whether any item can be requested directly, and every item is an entry of the kind. */
  readonly isNumbered: boolean;
  /** The place of an item in the API's list, with the number of preceding entries of the kind. */
  readonly startAt: (item: number, before: number) => Start;
  /** Items from a place on, after skipping some. */
  readonly read: (start: Start, over: number, wanted: number) => Promise<Stretch>;
  /** The total, as far as it is counted. */
  readonly total: (first: Stretch) => Promise<number>;
  readonly closed: (start: Start) => string;
  /** The place that was sealed; undefined if this list did not seal it. */
  readonly opened: (closed: string) => Start | undefined;
}

async function openList(
  { api, reads, base, seal }: SearchOptions,
  kind: RestKind,
  request: SearchRequest,
): Promise<List> {
  const { where, bookmark, limit, count, signal } = request;
  const own = where && ownCall(kind.filters, where);
  const search = own ?? kind.search;
  const { countTo } = kind.search;
  // A URL of the API's own repeats the attributes of the page that returned it.
  const listing = JSON.stringify([kind.name, where, search.variables.has("attrs") ? request.attrs : undefined]);
  const scope = await searchScope(kind, request);
  const size = pageSize(search, limit, (bookmark ? offsetOf(bookmark) : request.offset) ?? 0);
  const pages = (place: Place, of = size) => {
    const all = pagesOf({ api, base, list: search, scope }, place, of, signal);
    return own ? lookedUp(all) : all;
  };
  /** Pages that are only counted are as large as possible. */
  const counting = (place: Place) => {
    const most = search.page?.size ?? size;
    if (isOfApi(place) || most <= size) return pages(place);
    return pages(search.page?.by === "number" ? START : place, most);
  };
  // The API's total counts what it lists, and means nothing for a look-up.
  const says = !own && !kind.within;

  let asked: Promise<number | undefined> | undefined;
  const totalIn = async ({ answer, items }: Page): Promise<number | undefined> => {
    const { total, count: call } = kind.search;
    if (says && total) return numberIn(await readFrom(total, answer));
    // A list without pages is complete.
    if (!search.page && !kind.within) return items.length;
    if (!says || !call || !count) return undefined;
    asked ??= api.ask(call, scope, signal).then(async (answered) => numberIn(await readFrom(call.total, answered)));
    return asked;
  };

  const read = async (start: Start, over: number, wanted: number): Promise<Stretch> => {
    const items: unknown[] = [];
    let [{ skip, before }, pass, seen] = [start, over, start.before];
    let [total, last, next]: [number?, Page?, Start?] = [];
    for await (const page of pages(start.place)) {
      last = page;
      total ??= await totalIn(page);
      const from = Math.min(skip, page.items.length);
      const ofKind = (await reads.ofKind(kind, page.items, signal)).filter((index) => index >= from);
      const passed = Math.min(pass, ofKind.length);
      const [taken, rest] = cut(ofKind.slice(passed), wanted - items.length);
      items.push(...taken.map((index) => page.items[index]));
      [skip, pass, before] = [skip - from, pass - passed, before + passed + taken.length];
      seen = kind.within ? seen + ofKind.length : page.place.offset + page.items.length;
      const isWhole = items.length >= wanted && pass === 0 && skip === 0;
      const then = rest.length > 0 ? { place: page.place, skip: rest[0]! } : page.next && { place: page.next, skip: 0 };
      if (isWhole) next ??= then && { ...then, before };
      // The number of entries of the kind is known only at the end.
      const isCounting = kind.within && count && seen < countTo;
      if (isWhole && !isCounting) break;
    }
    return { items, next, total, last, seen };
  };

  return {
    keyOf: (item) => reads.keyOf(kind, item),
    isNumbered: (isRandom(search) || !search.page) && !kind.within,
    startAt: (item, before) => {
      const place = isRandom(search) ? placeOf(search, item, size) : START;
      return { place, skip: item - place.offset, before };
    },
    closed: (start) => seal.close(JSON.stringify(start), listing),
    opened: (closed) => {
      const text = seal.open(closed, listing);
      return text === undefined ? undefined : (JSON.parse(text) as Start);
    },
    read: (start, over, wanted) =>
      read(start, over, wanted).catch((error) => {
        if (!(error instanceof ConnectorError)) throw error;
        // The API may have forgotten an old cursor.
        if (isNotFound(error)) throw isOfApi(start.place) ? expired(error) : noList(kind, error);
        throw searchFailure(error, bookmark);
      }),
    total: async ({ total, last, seen }) => {
      if (total !== undefined) return total;
      return kind.within ? seen + (last?.next ? 1 : 0) : counted(countTo, last, counting);
    },
  };
}

/** A page of a search, the number of preceding entries and where it continues. */
interface ListPage {
  readonly items: readonly unknown[];
  readonly before: number;
  readonly next: Bookmark | undefined;
  readonly stretch: Stretch;
}

async function pageAt(list: List, at: Bookmark | number, limit: number): Promise<ListPage> {
  if (list.isNumbered) return numberedPage(list, typeof at === "number" ? { offset: at } : numberedIn(at), limit);
  // If the place cannot be requested directly, preceding entries are read and skipped.
  const isOffset = typeof at === "number";
  const start = isOffset ? list.startAt(0, 0) : startIn(at, list);
  const over = isOffset ? at : 0;
  const stretch = await list.read(start, over, limit);
  const { items, next } = stretch;
  return { items, before: start.before + over, next: next && bookmarkAt(next, list), stretch };
}

async function numberedPage(list: List, place: Numbered, limit: number): Promise<ListPage> {
  let stretch: Stretch | undefined;
  const read = async (offset: number, wanted: number) => {
    stretch = await list.read(list.startAt(offset, offset), 0, wanted);
    const { items, total, next } = stretch;
    // A total above what was seen is exact: a full page may be the last.
    const isEnd = place.total !== undefined && place.total > place.offset && total === offset + items.length;
    return { items, total, isMore: next !== undefined && !isEnd };
  };
  const { items, offset, next } = await readNumbered(place, limit, { keyOf: list.keyOf, read });
  return { items, before: offset, next, stretch: stretch! };
}

/** Reports whether a place is a cursor or URL of the API. */
const isOfApi = ({ cursor, url }: Place): boolean => cursor !== undefined || url !== undefined;

/**
 * The bookmark of a place: numbers of the item and of preceding entries, and the API's cursor or URL if it has one. Those are sealed: a URL
 * may contain credentials, and a forged one would receive them.
 */
function bookmarkAt(start: Start, list: List): Bookmark {
  const { place, skip, before } = start;
  if (!isOfApi(place)) return [place.offset + skip, before];
  return [place.offset + skip, before, list.closed(start)];
}

/** The place of a bookmark. Throws `expired` if this search did not create it. */
function startIn([item, before, sealed, ...more]: Bookmark, list: List): Start {
  if (!isCount(item) || !isCount(before) || more.length > 0) throw expired();
  if (sealed === undefined) return list.startAt(item, before);
  const start = typeof sealed === "string" ? list.opened(sealed) : undefined;
  if (!start) throw expired();
  return start;
}

/** The item number of a bookmark. */
const offsetOf = ([item]: Bookmark): number | undefined => (isCount(item) ? item : undefined);

const cut = <T>(all: readonly T[], length: number): [T[], T[]] => [all.slice(0, length), all.slice(length)];

/** The pages of a look-up: it may return only keys, and 404 for no match. */
async function* lookedUp(pages: AsyncGenerator<Page>): AsyncGenerator<Page> {
  try {
    for await (const page of pages)
      yield { ...page, items: page.items.map((each) => (isObject(each) ? each : new KeyAlone(String(each)))) };
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
