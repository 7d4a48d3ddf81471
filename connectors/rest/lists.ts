import { ConnectorError, isNotFound } from "../../src/connector/error.ts";
import type { Answer } from "../../src/connector/http.ts";
import { isTrue } from "../../src/expression/truth.ts";
import type { Call } from "../../src/http/call.ts";
import { type Api, readFrom } from "./api.ts";
import type { ListCall, Scope } from "./calls.ts";

/** Where a page of an API's list begins. */
export interface Place {
  /** How many items there are before it. */
  readonly offset: number;
  /** The API's own word for it, where it has one. */
  readonly cursor?: string | undefined;
  /** The address of it, where the API gave that. */
  readonly url?: string | undefined;
}
/** The beginning of a list. */
export const START: Place = { offset: 0 };

/** A page of an API's list, and where the next one begins. */
export interface Page {
  readonly place: Place;
  readonly items: readonly unknown[];
  readonly answer: Answer;
  readonly next: Place | undefined;
}

/** A list that never ends is the API's mistake. */
const MAX_PAGES = 10_000;

/** Whether one can go to any place of the list at once. */
export const isRandom = ({ page }: ListCall): boolean => isNumbered(page);
const isNumbered = (page: ListCall["page"]): boolean => page?.by === "number" || page?.by === "offset";

/** How many items to ask for at a time, to get so many from there on: for numbered pages one that the place is the beginning of. */
export function pageSize({ page, variables }: ListCall, limit: number, offset: number): number {
  // An API that is not told how many to give has pages of its own.
  if (page?.size !== undefined && isNumbered(page) && !variables.has("limit")) return page.size;
  const most = page?.size ?? Number.POSITIVE_INFINITY;
  // Who asks for nobody asks for their number.
  const wanted = limit === 0 && most < Number.POSITIVE_INFINITY ? most : Math.max(1, Math.min(limit, most));
  return page?.by === "number" && (offset % wanted !== 0 || wanted < limit) ? most : wanted;
}

/** The page that an item of a list is in, of pages of a size. */
export const placeOf = (list: ListCall, offset: number, size: number): Place =>
  list.page?.by === "number" ? { offset: offset - (offset % size) } : { offset };

/** A list of an API's: the call, what its expressions speak of, and where its addresses start. */
export interface Listing {
  readonly api: Api;
  readonly base: string;
  readonly list: ListCall;
  readonly scope: Scope;
}

/** The pages of a list from a place on, each asked for when it is wanted. */
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
    // Some have no page behind the last one. That there is a list at all shows at its beginning.
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
    // A filter finds as few as there are.
    if (!next && scope.variables.where === undefined) await checkEnd(list, answer, place.offset + items.length);
    yield { place, items, answer, next };
    place = next;
  }
}

/** JSONata gives a list of one as its item. */
const listIn = (given: unknown): readonly unknown[] =>
  Array.isArray(given) ? given : given === undefined || given === null ? [] : [given];

/** The call for a page. */
export async function callAt(list: ListCall, { input, variables }: Scope, place: Place, size: number): Promise<Call> {
  const { url } = place;
  const call = await list.call({ input, variables: { ...variables, ...turnOf(list, place, size) } });
  return url === undefined ? call : { ...call, path: url, query: {} };
}

/** What the expressions of a page's call can speak of. */
const turnOf = ({ page }: ListCall, { offset, cursor }: Place, size: number) => ({
  limit: size,
  offset,
  cursor,
  ...(page?.by === "number" && { page: page.first + offset / size }),
});

/** Rejects an answer without a list that is none: an API may leave out an empty list, and not the answer around it. */
export function checkAnswered({ status, body }: Answer, { method, path }: Call): void {
  const isObject = typeof body === "object" && body !== null;
  const isFailure = isObject && ["error", "errors"].some((name) => isTrue((body as Record<string, unknown>)[name]));
  if ((isObject && !isFailure) || status === 204) return;
  const what = isFailure ? "says that something failed" : "is no object and no list";
  throw new ConnectorError(
    "unavailable",
    `The API's answer to ${method} ${path} has no list, and ${what}. Look at items.`,
  );
}

/** Rejects a list that ends too early for what the settings, or the API itself, say of it: nobody is missing for an answer that was cut short. */
export async function checkEnd({ atLeast }: ListCall, answer: Answer, count: number): Promise<void> {
  if (!atLeast) return;
  const least = Number((await readFrom(atLeast, answer)) ?? 0);
  if (count >= least) return;
  throw new ConnectorError(
    "unavailable",
    `The API's list ended after ${count} items, where search.atLeast asks for ${Number.isNaN(least) ? "what is no number" : least}: it is not taken for the whole list.`,
  );
}

/** That there is no list says of no entry that it is gone. */
export const noList = ({ name }: { readonly name: string }, error: ConnectorError): ConnectorError =>
  new ConnectorError("unavailable", `${error.message} So there is no list of ${name} entries.`, { cause: error });

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
        `The API gave ${count} of ${total} on a page of ${size}: say by page.size how many it gives at a time.`,
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

/** The address of rel=next in the header Link, RFC 8288 §3. */
function nextLink(header: string | undefined): string | undefined {
  for (const [, url, parameters] of (header ?? "").matchAll(
    /<([^>]*)>((?:\s*;\s*[^,;"=]+(?:=(?:"[^"]*"|[^,;"]*))?)*)/g,
  ))
    if (/;\s*rel\s*=\s*"?(?:[^"]*\s)?next(?:\s[^"]*)?"?\s*(?:;|$)/i.test(parameters ?? "")) return url;
  return undefined;
}
