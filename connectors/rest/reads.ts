import type { Entry, GetRequest, SearchRequest, SearchResult } from "../../src/connector/connector.ts";
import { fromValues } from "../../src/connector/connector.ts";
import { ConnectorError, entryNotFound, isNotFound } from "../../src/connector/error.ts";
import { putLast, rememberPositions, type Stretch } from "../../src/connector/places.ts";
import { isTrue } from "../../src/expression/truth.ts";
import { isSegment } from "../../src/http/text.ts";
import type { Answer } from "../../src/http/transport.ts";
import { type Api, readFrom } from "./api.ts";
import type { Scope } from "./calls.ts";
import { inWords, ownCall } from "./conditions.ts";
import { counted, numberIn, seenIn } from "./counting.ts";
import { isObject, type Json, toEntry, valuesIn } from "./entries.ts";
import type { Kind } from "./kind.ts";
import { isRandom, type Page, type Place, pageSize, pagesOf, placeOf, START } from "./lists.ts";
import { createSpellings } from "./spelling.ts";

/** An entry as the API gives it, and its version where it has one. */
export interface Present {
  readonly item: Json;
  readonly version: unknown;
}

/** What is read of an API. */
export interface Reads {
  readonly search: (kind: Kind, request: SearchRequest) => Promise<SearchResult>;
  readonly get: (kind: Kind, request: GetRequest) => Promise<Entry | undefined>;
  /** An entry as changes start from it: with some attributes or, without any named, whole. Rejects with `notFound`. */
  readonly present: (
    kind: Kind,
    key: string,
    attrs: readonly string[] | undefined,
    signal: AbortSignal,
  ) => Promise<Present>;
  /** Whether a key is spelled as the API spells it; notes one that it gave. */
  readonly spellings: ReturnType<typeof createSpellings>;
  /** Whether anything answers to a key, of the kind or not, under whatever spelling. */
  readonly isTaken: (kind: Kind, key: string, signal: AbortSignal) => Promise<boolean>;
  /** What of an entry is asked for; values that need a call of their own are read by it. */
  readonly pick: (kind: Kind, item: Json, attrs: readonly string[], signal: AbortSignal) => Promise<Entry>;
  /** Of some keys those of entries of the kind, each for itself; all of them where every entry is of the kind. */
  readonly among: (kind: Kind, keys: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, string>>;
}

/** The scope of a search: what its expressions can speak of. */
export async function searchScope(
  kind: Kind,
  { where, attrs }: Pick<SearchRequest, "where" | "attrs">,
): Promise<Scope> {
  const words = where && (await inWords(kind.filters, where));
  return { input: undefined, variables: { where: words, attrs: [...attrs, ...(kind.within?.names ?? [])] } };
}

/** The most values of one attribute of one entry. */
const MAX_VALUES = 100_000;
/** How many entries' own calls are made at a time. */
const AT_ONCE = 8;
/** How many pages of a list are remembered. */
const MAX_PAGES = 50;

export function readsOf(api: Api, base: string): Reads {
  const pages = rememberPages();
  const positions = rememberPositions();
  const spellings = createSpellings();

  const itemOf = async (kind: Kind, found: unknown): Promise<Json> => {
    const item = kind.entry ? await kind.entry.evaluate(found).catch(() => undefined) : found;
    if (isObject(item)) return item;
    throw new ConnectorError(
      "unavailable",
      `The API gave something for a ${kind.name} that is no object. Look at items, item and entry.`,
    );
  };

  const valuesOf = async (kind: Kind, item: Json, attr: string, signal: AbortSignal) => {
    const { read } = kind.special.get(attr)!;
    const scope = { input: item, variables: { key: item[kind.key] } };
    const values = [];
    for await (const { items } of pagesOf(api, read!, scope, START, read!.page?.size ?? 1, base, signal)) {
      values.push(...valuesIn(items));
      if (values.length > MAX_VALUES)
        throw new ConnectorError("tooMany", `"${attr}" has more than ${MAX_VALUES} values.`);
    }
    return fromValues(values);
  };

  const pick: Reads["pick"] = async (kind, item, attrs, signal) => {
    // What was given with the entry is not read again; something else of that name may stand there, such as an address.
    const own = attrs.filter((attr) => kind.special.get(attr)?.read && !isGiven(item, attr));
    const entry = toEntry(
      item,
      attrs.filter((attr) => !own.includes(attr)),
    );
    const more = await Promise.all(own.map(async (attr) => [attr, await valuesOf(kind, item, attr, signal)] as const));
    return { ...entry, ...Object.fromEntries(more.filter(([, value]) => value !== undefined)) };
  };

  /** What the API gives for a key, whatever it is. */
  const given = async (kind: Kind, scope: Scope, signal: AbortSignal) => {
    const answer = await api.ask(kind.get, scope, signal).catch((error) => {
      // What is wrong otherwise is not told as that there is none: a client would make it anew.
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (answer && kind.get.gone && isTrue(await readFrom(kind.get.gone, answer))) return undefined;
    const value = answer && (kind.get.item ? await readFrom(kind.get.item, answer) : answer.body);
    return answer && value !== undefined && value !== null ? { answer, value } : undefined;
  };

  /** An entry's object, of the attributes that are named, or whole; and the answer that it was in. */
  const found = async (
    kind: Kind,
    key: string,
    attrs: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly item: Json; readonly answer: Answer } | undefined> => {
    if (!isSegment(key)) return undefined;
    const wanted = attrs && [...new Set([...attrs, ...(kind.within?.names ?? [])])];
    const scope = { input: undefined, variables: { key, ...(wanted && { attrs: wanted }) } };
    const there = await given(kind, scope, signal);
    if (!there) return undefined;
    const item = await itemOf(kind, there.value);
    const isIt = keyIn(kind, item) === key && (await isWithin(kind, item));
    if (isIt) spellings.note(kind.name, key);
    return isIt ? { item, answer: there.answer } : undefined;
  };

  /** The key of what a list gives. */
  const keyOf = async (kind: Kind, listed: unknown): Promise<string> =>
    listed instanceof KeyAlone ? listed.key : keyIn(kind, await itemOf(kind, listed));

  /** What is listed as an entry's object that has some attributes: read by itself where the list does not give them. Undefined where it is gone. */
  const whole = async (
    kind: Kind,
    listed: unknown,
    attrs: readonly string[],
    signal: AbortSignal,
  ): Promise<Json | undefined> => {
    const { gives } = kind.search;
    const isBrief =
      listed instanceof KeyAlone ||
      (gives && [...attrs, ...(kind.within?.names ?? [])].some((attr) => !gives.has(attr)));
    if (!isBrief) return itemOf(kind, listed);
    return (await found(kind, await keyOf(kind, listed), attrs, signal))?.item;
  };

  /** Pages with what is of the kind alone, and the places that it has among that. */
  async function* onlyWithin(kind: Kind, from: AsyncGenerator<Page>, signal: AbortSignal): AsyncGenerator<Page> {
    let passed = 0;
    for await (const page of from) {
      const own = await inTurns(page.items, async (each) => {
        const item = await whole(kind, each, [kind.key], signal);
        return item !== undefined && (await isWithin(kind, item));
      });
      const items = page.items.filter((_, index) => own[index]);
      yield { ...page, items, place: { ...page.place, offset: passed } };
      passed += items.length;
    }
  }

  /** The keys of all entries of a kind, to tell which of many references are to one. */
  const keysOf = async (kind: Kind, signal: AbortSignal): Promise<Set<string>> => {
    const scope = await searchScope(kind, { attrs: [kind.key] });
    const keys = new Set<string>();
    const pages = pagesOf(api, kind.search, scope, START, kind.search.page?.size ?? 1, base, signal);
    for await (const { items } of onlyWithin(kind, pages, signal))
      for (const each of items) keys.add(await keyOf(kind, each));
    return keys;
  };

  return {
    pick,
    spellings,
    among: async (kind, values, signal) => {
      if (!kind.within) return new Map(values.map((value) => [value, value]));
      const there =
        values.length > AT_ONCE
          ? await keysOf(kind, signal)
          : new Set(
              (await Promise.all(values.map((key) => found(kind, key, [kind.key], signal)))).flatMap((each) =>
                each ? [String(each.item[kind.key])] : [],
              ),
            );
      return new Map(values.filter((value) => there.has(value)).map((value) => [value, value]));
    },
    get: async (kind, { key, attrs, signal }) => {
      const present = await found(kind, key, attrs, signal);
      return present && pick(kind, present.item, attrs, signal);
    },
    isTaken: async (kind, key, signal) =>
      isSegment(key) &&
      (await given(kind, { input: undefined, variables: { key, attrs: [kind.key] } }, signal)) !== undefined,
    present: async (kind, key, attrs, signal) => {
      const present = await found(kind, key, attrs, signal);
      if (!present) throw entryNotFound(kind.name, key);
      const { item, answer } = present;
      return { item, version: kind.version && (await readFrom(kind.version, answer)) };
    },
    search: async (kind, request) => {
      const { where, orderBy, after, limit, attrs, count, signal } = request;
      const own = where && ownCall(kind.filters, where);
      const search = own ?? kind.search;
      const { countTo } = kind.search;
      const scope = await searchScope(kind, request);
      const listing = JSON.stringify([kind.name, where, orderBy]);
      const all = (place: Place, size: number) => {
        const pages = pagesOf(api, search, scope, place, size, base, signal);
        return own ? lookedUp(pages) : pages;
      };
      const walk = (place: Place, size: number) =>
        kind.within ? onlyWithin(kind, all(place, size), signal) : all(place, size);

      const keysOf = async function* (): AsyncGenerator<Stretch> {
        for await (const { place, items } of walk(START, search.page?.size ?? 1))
          yield { offset: place.offset, keys: await Promise.all(items.map((each) => keyOf(kind, each))) };
      };
      const offset = after ? await positions.behind(listing, after, keysOf()) : (request.offset ?? 0);
      const size = pageSize(search, limit, offset);
      const readAt = async (start: Place, at: number, wanted: number) => {
        const taken: unknown[] = [];
        let total: number | undefined;
        let last: Page | undefined;
        for await (const page of walk(start, size)) {
          last = page;
          if (total === undefined && !own && kind.search.total && !kind.within)
            total = numberIn(await readFrom(kind.search.total, page.answer));
          const from = Math.max(0, at + taken.length - page.place.offset);
          taken.push(...page.items.slice(from).slice(0, wanted - taken.length));
          if (page.next && !kind.within) pages.note(listing, page.next);
          const seen = page.place.offset + page.items.length;
          // How many there are of the kind only shows at the end.
          if (kind.within && count && seen < countTo) continue;
          if (taken.length >= wanted && seen >= at) break;
        }
        return { taken, total, last };
      };
      const read = (at: number, wanted: number) => {
        // Where some of what the API lists is left out, its places are not the list's.
        const known = kind.within ? START : isRandom(search) ? placeOf(search, at, size) : pages.before(listing, at);
        const again = (error: unknown) => {
          // A cursor of the API's own may be too old for it by now.
          const isOld = known?.cursor !== undefined || known?.url !== undefined;
          if (!isOld || !(error instanceof ConnectorError) || !["invalid", "notFound"].includes(error.kind))
            throw error;
          pages.forget(listing);
          return readAt(START, at, wanted);
        };
        return readAt(known ?? START, at, wanted)
          .catch(again)
          .catch((error) => {
            throw isNotFound(error) ? noList(kind, error) : error;
          });
      };
      const present = async (listed: readonly unknown[]) =>
        (await inTurns(listed, (each) => whole(kind, each, attrs, signal))).filter((each) => each !== undefined);
      const result = await read(offset, limit);
      const taken = [...result.taken];
      const items = await present(taken);
      let { last } = result;
      // Those who are gone since they were listed are no end of it: a page by a cursor is full, or the last one.
      const goesOn = ({ next, place, items }: Page) => next || place.offset + items.length > offset + taken.length;
      while (request.offset === undefined && items.length < limit && taken.length > 0 && last && goesOn(last)) {
        const more = await read(offset + taken.length, limit - items.length);
        if (more.taken.length === 0) break;
        taken.push(...more.taken);
        items.push(...(await present(more.taken)));
        last = more.last;
      }
      let { total } = result;
      if (count && total === undefined && !own && kind.search.count && !kind.within)
        total = numberIn(await readFrom(kind.search.count.total, await api.ask(kind.search.count, scope, signal)));
      if (count && total === undefined)
        total = kind.within ? seenIn(last) : await counted(countTo, last, (place) => walk(place, size));
      const entries = await inTurns(items, (item) => pick(kind, item, attrs, signal));
      const keys = await Promise.all(taken.map((each) => keyOf(kind, each)));
      for (const key of keys) spellings.note(kind.name, key);
      positions.note(listing, offset, keys);
      return {
        entries,
        ...(count && { total: entries.length > 0 ? Math.max(total ?? 0, offset + entries.length) : (total ?? 0) }),
      };
    },
  };
}

/** An entry's key. What has none is no entry: nobody is told that one is gone for an answer that is something else. */
function keyIn({ name, key }: Kind, item: Json): string {
  const value = item[key];
  if (value !== undefined && value !== null && value !== "") return String(value);
  throw new ConnectorError(
    "unavailable",
    `The API gave something for a ${name} that has no "${key}". Look at items, item and key: it holds ${Object.keys(item).slice(0, 10).join(", ") || "nothing"}.`,
  );
}

/** That there is no list says of no entry that it is gone. */
const noList = ({ name }: Kind, error: ConnectorError): ConnectorError =>
  new ConnectorError("unavailable", `${error.message} So there is no list of ${name} entries.`, { cause: error });

const isGiven = (item: Json, attr: string): boolean =>
  Array.isArray(item[attr]) && item[attr].every((value) => typeof value !== "object");

/** Does something for each of many, a few at a time. */
async function inTurns<From, To>(all: readonly From[], work: (each: From) => Promise<To>): Promise<To[]> {
  const results: To[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE)
    results.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(work))));
  return results;
}

/** What a look-up gives of an entry where it gives its key alone. */
class KeyAlone {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}

/** The pages of a look-up by something: it may give keys alone, and answer 404 where nobody has it. */
async function* lookedUp(pages: AsyncGenerator<Page>): AsyncGenerator<Page> {
  try {
    for await (const page of pages)
      yield { ...page, items: page.items.map((each) => (isObject(each) ? each : new KeyAlone(String(each)))) };
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Whether an entry is of the kind. What the condition fails on is not. */
async function isWithin({ within }: Kind, item: Json): Promise<boolean> {
  return within === undefined || isTrue(await within.evaluate(item).catch(() => false));
}

/** Remembers where pages begin: an API that knows them by its own cursors alone can be gone on with then. */
function rememberPages() {
  const pages = new Map<string, Place[]>();
  return {
    note: (listing: string, place: Place) => {
      const others = (pages.get(listing) ?? []).filter(({ offset }) => offset !== place.offset);
      putLast(pages, listing, [...others, place].slice(-MAX_PAGES));
    },
    forget: (listing: string) => pages.delete(listing),
    /** The last page that begins no later. */
    before: (listing: string, offset: number): Place | undefined =>
      (pages.get(listing) ?? []).filter((place) => place.offset <= offset).sort((a, b) => b.offset - a.offset)[0],
  };
}
