import { ConnectorError, isNotFound } from "../../src/connector/error.ts";
import type { Answer } from "../../src/connector/http.ts";
import { isTrue } from "../../src/expression/truth.ts";
import type { Call } from "../../src/http/call.ts";
import { type Api, readFrom } from "./api.ts";
import type { ListCall, Scope } from "./calls.ts";

/** The start of a page in an API's list. */
export interface Place {
  /** The number of preceding items. */
  readonly offset: number;
  /** The API's cursor, if it has one. */
  readonly cursor?: string | undefined;
  /** The page's URL, if the API returned one. */
  readonly url?: string | undefined;
}
/** The start of a list. */
export const START: Place = { offset: 0 };

/** A page of an API's list, and the start of the next one. */
export interface Page {
  readonly place: Place;
  readonly items: readonly unknown[];
  readonly answer: Answer;
  readonly next: Place | undefined;
}

/** More pages than this are a mistake of the API. */
const MAX_PAGES = 10_000;

/** Reports whether any place in the list can be requested directly. */
export const isRandom = ({ page }: ListCall): boolean => isNumbered(page);
const isNumbered = (page: ListCall["page"]): boolean => page?.by === "number" || page?.by === "offset";

/** The page size to request for so many items from a place. Numbered pages must start exactly there. */
export function pageSize({ page, variables }: ListCall, limit: number, offset: number): number {
  // An API without a size parameter has its own page size.
  if (page?.size !== undefined && isNumbered(page) && !variables.has("limit")) return page.size;
  const most = page?.size ?? Number.POSITIVE_INFINITY;
  // A limit of 0 asks for the total only.
  const wanted = limit === 0 && most < Number.POSITIVE_INFINITY ? most : Math.max(1, Math.min(limit, most));
  return page?.by === "number" && (offset % wanted !== 0 || wanted < limit) ? most : wanted;
}

/** The page that contains an item, for a given page size. */
export const placeOf = (list: ListCall, offset: number, size: number): Place =>
  list.page?.by === "number" ? { offset: offset - (offset % size) } : { offset };

/** A list of an API: the call, its variables and the base of relative URLs. */
export interface Listing {
  readonly api: Api;
  readonly base: string;
  readonly list: ListCall;
  readonly scope: Scope;
}

/** The pages of a list from a place on, requested on demand. */
export async function* pagesOf(
  { api, base, list, scope }: Listing,
  start: Place,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  let place: Place | undefined = start;
  for (let n = 0; place; n++) {
    if (n >= MAX_PAGES) throw new ConnectorError("unavailable", `The API's list has more than ${MAX_PAGES} pages.`);
    const call = await callAt(list, scope, place, size);
    const answer = await api.read(call, signal).catch((error) => {
      if (!isNotFound(error) || !isNumbered(list.page) || place!.offset === 0) throw error;
      return undefined;
    });
    // Some APIs answer 404 behind the last page. At the start that is an error.
    if (!answer) {
      if (n === 0) {
        const beginning = await api.read(await callAt(list, scope, START, size), signal);
        yield { place, items: [], answer: beginning, next: undefined };
      }
      return;
    }
    const found = await readFrom(list.items, answer, { ...scope.variables, ...turnOf(list, place, size) });
    if (found === undefined) checkAnswered(answer, call);
    const items = listIn(found);
    const next: Place | undefined = await nextOf(
      list,
      answer,
      place,
      items.length,
      size,
      /^https?:/i.test(call.path) ? call.path : base + call.path,
    );
    // A filter may find any number.
    if (!next && scope.variables.where === undefined) await checkEnd(list, answer, place.offset + items.length);
    yield { place, items, answer, next };
    place = next;
  }
}

/** JSONata returns a single item instead of a list of one. */
const listIn = (given: unknown): readonly unknown[] =>
  Array.isArray(given) ? given : given === undefined || given === null ? [] : [given];

/** The call for a page. */
export async function callAt(list: ListCall, { input, variables }: Scope, place: Place, size: number): Promise<Call> {
  const { url } = place;
  const call = await list.call({ input, variables: { ...variables, ...turnOf(list, place, size) } });
  return url === undefined ? call : { ...call, path: url, query: {} };
}

/** The variables of a page's call. */
const turnOf = ({ page }: ListCall, { offset, cursor }: Place, size: number) => ({
  limit: size,
  offset,
  cursor,
  ...(page?.by === "number" && { page: page.first + offset / size }),
});

/** Rejects a response without a list: an API may omit an empty list, but not the response around it. */
export function checkAnswered({ status, body }: Answer, { method, path }: Call): void {
  const isObject = typeof body === "object" && body !== null;
  const isFailure = isObject && ["error", "errors"].some((name) => isTrue((body as Record<string, unknown>)[name]));
  if ((isObject && !isFailure) || status === 204) return;
  const what = isFailure ? "reports a failure" : "is neither an object nor a list";
  throw new ConnectorError(
    "unavailable",
    `The API's response to ${method} ${path} has no list, and ${what}. Check the setting items.`,
  );
}

/**
 * Rejects a list that is shorter than the settings, or the API itself, say: nobody must seem to be missing because a response was cut
 * short.
 */
export async function checkEnd({ atLeast }: ListCall, answer: Answer, count: number): Promise<void> {
  if (!atLeast) return;
  const least = Number((await readFrom(atLeast, answer)) ?? 0);
  if (count >= least) return;
  throw new ConnectorError(
    "unavailable",
    `The API's list ended after ${count} items, but search.atLeast requires ${Number.isNaN(least) ? "something that is not a number" : least}: the list is considered incomplete.`,
  );
}

/** A missing list does not mean that an entry is missing. */
export const noList = ({ name }: { readonly name: string }, error: ConnectorError): ConnectorError =>
  new ConnectorError("unavailable", `${error.message} There is no list of ${name} entries.`, { cause: error });

async function nextOf(
  list: ListCall,
  answer: Answer,
  { offset }: Place,
  count: number,
  size: number,
  address: string,
): Promise<Place | undefined> {
  const { page, next } = list;
  const behind = offset + count;
  switch (page?.by) {
    case undefined:
      return undefined;
    case "number":
    case "offset": {
      if (count >= size) return { offset: behind };
      const total = list.total && Number(await readFrom(list.total, answer));
      if (!total || behind >= total || count === 0) return undefined;
      if (page.by === "offset") return { offset: behind };
      throw new ConnectorError(
        "unavailable",
        `The API returned ${count} of ${total} items on a page of ${size}: set page.size to the API's maximum.`,
      );
    }
    case "link": {
      const url = nextLink(answer.headers.link);
      return url === undefined ? undefined : { offset: behind, url: resolved(url, address) };
    }
    default: {
      const found = await readFrom(next!, answer);
      if (found === undefined || found === null || found === "") return undefined;
      const text = String(found);
      return page?.by === "cursor"
        ? { offset: behind, cursor: text }
        : { offset: behind, url: resolved(text, address) };
    }
  }
}

const resolved = (url: string, address: string): string => URL.parse(url, address)?.href ?? url;

/** The URL of rel=next in the Link header, RFC 8288 §3. */
function nextLink(header: string | undefined): string | undefined {
  for (const [, url, parameters] of (header ?? "").matchAll(
    /<([^>]*)>((?:\s*;\s*[^,;"=]+(?:=(?:"[^"]*"|[^,;"]*))?)*)/g,
  ))
    if (/;\s*rel\s*=\s*"?(?:[^"]*\s)?next(?:\s[^"]*)?"?\s*(?:;|$)/i.test(parameters ?? "")) return url;
  return undefined;
}
