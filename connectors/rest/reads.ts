import type { Entry, GetRequest, SearchRequest } from "../../src/connector/connector.ts";
import { fromValues } from "../../src/connector/connector.ts";
import { ConnectorError, entryNotFound, isNotFound } from "../../src/connector/error.ts";
import type { Answer } from "../../src/connector/http.ts";
import { isTrue } from "../../src/expression/truth.ts";
import { isSegment } from "../../src/http/text.ts";
import { type Api, readFrom } from "./api.ts";
import type { Scope } from "./calls.ts";
import { inWords } from "./conditions.ts";
import { AT_ONCE, inTurns, isObject, type Json, KeyAlone, toEntry, valuesIn } from "./entries.ts";
import type { RestKind } from "./kind.ts";
import { pagesOf, START } from "./lists.ts";
import { createSpellings } from "./spelling.ts";

/** An entry as the API returns it, with its version if it has one. */
export interface Present {
  readonly item: Json;
  readonly version: unknown;
}

/** Reads from an API. */
export interface Reads {
  readonly get: (kind: RestKind, request: GetRequest) => Promise<Entry | undefined>;
  /** The entry before a change: with some attributes, or whole if none are named. Rejects with `notFound`. */
  readonly present: (
    kind: RestKind,
    key: string,
    attrs: readonly string[] | undefined,
    signal: AbortSignal,
  ) => Promise<Present>;
  /** Reports whether a key is spelled as the API spells it, and records keys that the API returned. */
  readonly spellings: ReturnType<typeof createSpellings>;
  /** Reports whether any entry answers to a key, whatever its kind and spelling. */
  readonly isTaken: (kind: RestKind, key: string, signal: AbortSignal) => Promise<boolean>;
  /** The requested attributes of an entry. Values with a call of their own are read by it. */
  readonly pick: (kind: RestKind, item: Json, attrs: readonly string[], signal: AbortSignal) => Promise<Entry>;
  /** The keys that belong to entries of the kind, each checked by itself; all of them if every entry is of the kind. */
  readonly among: (
    kind: RestKind,
    keys: readonly string[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, string>>;
  /** A listed item as an object with the requested attributes, read by itself if the list lacks some; undefined if it no longer exists. */
  readonly whole: (
    kind: RestKind,
    listed: unknown,
    attrs: readonly string[],
    signal: AbortSignal,
  ) => Promise<Json | undefined>;
  /** The entry's object within the API's response. */
  readonly itemOf: (kind: RestKind, found: unknown) => Promise<Json>;
  /** An entry's key. Throws if it has none. */
  readonly keyIn: (kind: RestKind, item: Json) => string;
  /** Reports whether an entry is of the kind. */
  readonly isWithin: (kind: RestKind, item: Json) => Promise<boolean>;
  /** The key of a listed item. */
  readonly keyOf: (kind: RestKind, listed: unknown) => Promise<string>;
  /** The indices of listed items that are of the kind. */
  readonly ofKind: (kind: RestKind, items: readonly unknown[], signal: AbortSignal) => Promise<readonly number[]>;
}

/** The variables of a search. */
export async function searchScope(
  kind: RestKind,
  { where, attrs }: Pick<SearchRequest, "where" | "attrs">,
): Promise<Scope> {
  const words = where && (await inWords(kind.filters, where));
  return { input: undefined, variables: { where: words, attrs: [...attrs, ...(kind.within?.names ?? [])] } };
}

/** Maximum values of an attribute of one entry. */
const MAX_VALUES = 100_000;
/** Reads from an API with the given base URL. */
export function readsOf(api: Api, base: string): Reads {
  const spellings = createSpellings();

  const itemOf = async (kind: RestKind, found: unknown): Promise<Json> => {
    const item = kind.entry ? await kind.entry.evaluate(found).catch(() => undefined) : found;
    if (isObject(item)) return item;
    throw new ConnectorError(
      "unavailable",
      `The API returned something other than an object for a ${kind.name}. Check the settings items, item and entry.`,
    );
  };

  const valuesOf = async (kind: RestKind, item: Json, attr: string, signal: AbortSignal) => {
    const { read } = kind.special.get(attr)!;
    const scope = { input: item, variables: { key: item[kind.key] } };
    const values = [];
    for await (const { items } of pagesOf({ api, base, list: read!, scope }, START, read!.page?.size ?? 1, signal)) {
      values.push(...valuesIn(items));
      if (values.length > MAX_VALUES)
        throw new ConnectorError("tooMany", `"${attr}" has more than ${MAX_VALUES} values.`);
    }
    return fromValues(values);
  };

  const pick: Reads["pick"] = async (kind, item, attrs, signal) => {
    // Values returned with the entry are not read again. A property of the same name may hold something else, such as a URL.
    const own = attrs.filter((attr) => kind.special.get(attr)?.read && !isGiven(item, attr));
    const entry = toEntry(
      item,
      attrs.filter((attr) => !own.includes(attr)),
    );
    const more = await Promise.all(own.map(async (attr) => [attr, await valuesOf(kind, item, attr, signal)] as const));
    return { ...entry, ...Object.fromEntries(more.filter(([, value]) => value !== undefined)) };
  };

  /** Whatever the API returns for a key. */
  const given = async (kind: RestKind, scope: Scope, signal: AbortSignal) => {
    if (!kind.get) throw new TypeError("a kind without a call for one entry is read from its snapshot");
    const answer = await api.ask(kind.get, scope, signal).catch((error) => {
      // Other failures are not reported as a missing entry: a client would create it again.
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (answer && kind.get.gone && isTrue(await readFrom(kind.get.gone, answer))) return undefined;
    const value = answer && (kind.get.item ? await readFrom(kind.get.item, answer) : answer.body);
    return answer && value !== undefined && value !== null ? { answer, value } : undefined;
  };

  /** An entry's object, whole or with the named attributes, and the response that contained it. */
  const found = async (
    kind: RestKind,
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

  const keyOf = async (kind: RestKind, listed: unknown): Promise<string> =>
    listed instanceof KeyAlone ? listed.key : keyIn(kind, await itemOf(kind, listed));

  const whole = async (
    kind: RestKind,
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

  const ofKind = async (kind: RestKind, items: readonly unknown[], signal: AbortSignal): Promise<number[]> => {
    const indices = items.map((_, index) => index);
    if (!kind.within) return indices;
    const own = await inTurns(items, async (each) => {
      const item = await whole(kind, each, [kind.key], signal);
      return item !== undefined && (await isWithin(kind, item));
    });
    return indices.filter((index) => own[index]);
  };

  /** The keys of all entries of a kind, to decide which of many references belong to it. */
  const keysOf = async (kind: RestKind, signal: AbortSignal): Promise<Set<string>> => {
    const scope = await searchScope(kind, { attrs: [kind.key] });
    const keys = new Set<string>();
    for await (const { items } of pagesOf(
      { api, base, list: kind.search, scope },
      START,
      kind.search.page?.size ?? 1,
      signal,
    ))
      for (const index of await ofKind(kind, items, signal)) keys.add(await keyOf(kind, items[index]));
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
    whole,
    itemOf,
    keyIn,
    isWithin,
    keyOf,
    ofKind,
  };
}

/** An entry's key. Without one it is not an entry, and an unexpected response must not look like a missing entry. */
function keyIn({ name, key }: RestKind, item: Json): string {
  const value = item[key];
  if (value !== undefined && value !== null && value !== "") return String(value);
  throw new ConnectorError(
    "unavailable",
    `The API returned a ${name} without "${key}". Check the settings items, item and key. The object has: ${Object.keys(item).slice(0, 10).join(", ") || "nothing"}.`,
  );
}

const isGiven = (item: Json, attr: string): boolean =>
  Array.isArray(item[attr]) && item[attr].every((value) => typeof value !== "object");

/** Reports whether an entry is of the kind. If the expression fails, it is not. */
async function isWithin({ within }: RestKind, item: Json): Promise<boolean> {
  return within === undefined || isTrue(await within.evaluate(item).catch(() => false));
}
