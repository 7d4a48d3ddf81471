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

/** Where a search begins in an API's list. */
interface Start {
  /** The page of the API's that it begins in. */
  readonly place: Place;
  /** How many items of that page are passed over. */
  readonly skip: number;
  /** How many entries of the kind come before. */
  readonly before: number;
}

/** Some items of an API's list in a row. */
interface Stretch {
  readonly items: readonly unknown[];
  /** Where the list goes on; undefined at its end. */
  readonly next: Start | undefined;
  /** How many there are in all, where the API says so beside a list. */
  readonly total: number | undefined;
  /** The last page that was read, and how many entries of the kind there are up to its end. */
  readonly last: Page | undefined;
  readonly seen: number;
}

/** What searches are made with. */
export interface SearchOptions {
  readonly api: Api;
  readonly reads: Reads;
  /** The address that paths start from. */
  readonly base: string;
  readonly seal: Seal;
}

/** Searches of an API, page by page as it pages itself. */
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
    // Those who are gone since they were listed are no end of it: a page is full, or the last one.
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

/** What a search lists. */
interface List {
  readonly keyOf: (item: unknown) => Promise<string>;
  /** Whether one can go to any of its items at once, each of which is an entry of the kind. */
  readonly isNumbered: boolean;
  /** Where an item of the API's list is, before which there are so many entries of the kind. */
  readonly startAt: (item: number, before: number) => Start;
  /** The items from a place on, of which so many are passed over first. */
  readonly read: (start: Start, over: number, wanted: number) => Promise<Stretch>;
  /** How many there are in all, as far as they are counted. */
  readonly total: (first: Stretch) => Promise<number>;
  readonly closed: (start: Start) => string;
  /** The place that was closed; undefined for what this list did not close. */
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
  // An address of the API's own asks for the attributes of the page that it was given with.
  const listing = JSON.stringify([kind.name, where, search.variables.has("attrs") ? request.attrs : undefined]);
  const scope = await searchScope(kind, request);
  const size = pageSize(search, limit, (bookmark ? offsetOf(bookmark) : request.offset) ?? 0);
  const pages = (place: Place, of = size) => {
    const all = pagesOf({ api, base, list: search, scope }, place, of, signal);
    return own ? lookedUp(all) : all;
  };
  /** The pages that are only counted: as large as they may be. */
  const counting = (place: Place) => {
    const most = search.page?.size ?? size;
    if (isOfApi(place) || most <= size) return pages(place);
    return pages(search.page?.by === "number" ? START : place, most);
  };
  // What an API says of how many there are is said of what it lists, and in a look-up of nothing.
  const says = !own && !kind.within;

  let asked: Promise<number | undefined> | undefined;
  const totalIn = async ({ answer, items }: Page): Promise<number | undefined> => {
    const { total, count: call } = kind.search;
    if (says && total) return numberIn(await readFrom(total, answer));
    // What is not given in pages is all here.
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
      // How many there are of the kind only shows at the end.
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
        // A cursor of the API's own may be too old for it by now.
        if (isNotFound(error)) throw isOfApi(start.place) ? expired(error) : noList(kind, error);
        throw searchFailure(error, bookmark);
      }),
    total: async ({ total, last, seen }) => {
      if (total !== undefined) return total;
      return kind.within ? seen + (last?.next ? 1 : 0) : counted(countTo, last, counting);
    },
  };
}

/** A page of a search's list, how many entries come before it, and where it goes on. */
interface ListPage {
  readonly items: readonly unknown[];
  readonly before: number;
  readonly next: Bookmark | undefined;
  readonly stretch: Stretch;
}

async function pageAt(list: List, at: Bookmark | number, limit: number): Promise<ListPage> {
  if (list.isNumbered) return numberedPage(list, typeof at === "number" ? { offset: at } : numberedIn(at), limit);
  // Where one cannot go to an entry at once, those before it are passed over.
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
    // A total that was more than was seen before means what it says: a full page may be the last.
    const isEnd = place.total !== undefined && place.total > place.offset && total === offset + items.length;
    return { items, total, isMore: next !== undefined && !isEnd };
  };
  const { items, offset, next } = await readNumbered(place, limit, { keyOf: list.keyOf, read });
  return { items, before: offset, next, stretch: stretch! };
}

/** Whether a place is known by a word or an address of the API's. */
const isOfApi = ({ cursor, url }: Place): boolean => cursor !== undefined || url !== undefined;

/**
 * The bookmark of a place: the numbers of the item and of the entries before it or, where the API has a word or an address
 * for it, that too. It is sealed then: an address may hold credentials, and another one would be asked with them.
 */
function bookmarkAt(start: Start, list: List): Bookmark {
  const { place, skip, before } = start;
  if (!isOfApi(place)) return [place.offset + skip, before];
  return [place.offset + skip, before, list.closed(start)];
}

/** Where a bookmark leads. Throws `expired` for one that this search did not give. */
function startIn([item, before, sealed, ...more]: Bookmark, list: List): Start {
  if (!isCount(item) || !isCount(before) || more.length > 0) throw expired();
  if (sealed === undefined) return list.startAt(item, before);
  const start = typeof sealed === "string" ? list.opened(sealed) : undefined;
  if (!start) throw expired();
  return start;
}

/** The number of the item that a bookmark leads to. */
const offsetOf = ([item]: Bookmark): number | undefined => (isCount(item) ? item : undefined);

const cut = <T>(all: readonly T[], length: number): [T[], T[]] => [all.slice(0, length), all.slice(length)];

/** The pages of a look-up by something: it may give keys alone, and answer 404 where nobody has it. */
async function* lookedUp(pages: AsyncGenerator<Page>): AsyncGenerator<Page> {
  try {
    for await (const page of pages)
      yield { ...page, items: page.items.map((each) => (isObject(each) ? each : new KeyAlone(String(each)))) };
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
