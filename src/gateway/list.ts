import { setImmediate as next } from "node:timers/promises";
import type { Bookmark, Entry } from "../connector/connector.ts";
import { behindPosition, isCount, positionIn } from "../connector/paging.ts";
import type { Position } from "../connector/reference.ts";
import { idsInFilter, type Plan, planFilter } from "../mapping/plan.ts";
import { readCursor, writeCursor } from "../scim/cursor.ts";
import { badRequest } from "../scim/error.ts";
import { compileFilter } from "../scim/evaluate.ts";
import { type ListResponse, listResponse, type Page, readPage } from "../scim/list.ts";
import { attributesIn, type TypedFilter, typedFilter } from "../scim/path.ts";
import { checkFilter } from "../scim/profile.ts";
import type { Resource } from "../scim/schema.ts";
import { ask, type Context, inTermsOfScim } from "./context.ts";
import { MAX_ID } from "./input.ts";
import type { Named, Query } from "./operation.ts";
import { byId, type Ordering, orderingOf } from "./order.ts";
import { type Endpoint, type KnownReferences, knownReferences } from "./references.ts";
import { resourcesOf, type Serving, viewsOf } from "./serving.ts";

/** A page of a type's resources, and the total. */
interface Found {
  readonly resources: readonly Resource[];
  readonly total: number;
  /** Where the next page starts, if there is one. */
  readonly next?: Bookmark | undefined;
}

/** Answers a query on an endpoint, RFC 7644 §3.4.2. */
export async function list(serving: Serving, { type, query, context }: Named<"list">): Promise<ListResponse> {
  const page = readPage(query, serving.limits.pageSize);
  const endpoint = serving.endpoints.get(type);
  // Clients query groups even on routes without them, and Entra probes for an attribute of this name.
  if (!endpoint || isProbe(endpoint, query)) return listResponse([], 0, page);
  const marks = [
    type,
    endpoint.name,
    endpoint.mapping.kind,
    query.filter ?? "",
    query.sortBy ?? "",
    (query.sortOrder ?? "").toLowerCase(),
  ];
  const place = page.by === "cursor" ? placeOf(readCursor(marks, page.cursor)) : undefined;
  const { resources, total, next } = await find(serving, endpoint, { query, page, place, context });
  return listResponse(resources, total, page, next && writeCursor(marks, [total, ...next]));
}

/**
 * Reports whether the filter is Entra's probe for an attribute named PLACEHOLDER. The interoperability profile requires it to be refused.
 */
const isProbe = ({ mapping }: Endpoint, { filter = "" }: Query): boolean =>
  /^\s*PLACEHOLDER\s/.test(filter) && !mapping.type.profile?.interop;

/** Where a cursor page starts, and the total of the previous page. */
interface Place {
  readonly bookmark: Bookmark;
  readonly total: number;
}

function placeOf(cursor: Bookmark | undefined): Place | undefined {
  if (!cursor) return undefined;
  const [total, ...bookmark] = cursor;
  if (!isCount(total) || bookmark.length === 0)
    throw badRequest("invalidCursor", "Invalid cursor: start again with an empty one.");
  return { bookmark, total };
}

/** A query being executed. */
interface Finding {
  readonly query: Query;
  readonly page: Page;
  /** Where the page starts if a cursor was given; undefined for the first page. */
  readonly place: Place | undefined;
  readonly context: Context;
}

async function find(serving: Serving, endpoint: Endpoint, { query, page, place, context }: Finding): Promise<Found> {
  const { mapping, connector } = endpoint;
  const views = viewsOf(serving, endpoint);
  const known = knownReferences(serving.endpoints, endpoint, context);
  const ordering = orderingOf(mapping, connector, query);
  const plan = await planFor(endpoint, query.filter, known);
  if (plan.where?.op === "or" && plan.where.conditions.length === 0) return { resources: [], total: 0 };
  const base = plan.where && { where: plan.where };
  if (!plan.rest && (!ordering || ordering.pushed)) {
    const { cut, selection: shown } = views.of(query);
    const orderBy = ordering?.pushed;
    const start = page.by === "index" ? { offset: page.startIndex - 1 } : place;
    const asked = {
      ...base,
      ...start,
      attrs: shown.attrs,
      ...(orderBy && { orderBy }),
      limit: page.count,
      count: true,
    };
    const { entries, total = 0, next } = await ask(context, endpoint, "search", asked);
    const read = await resourcesOf(serving, entries, shown, context, known);
    return {
      resources: cut ? read.map((each) => cut(each)) : read,
      total,
      next: page.by === "cursor" ? next : undefined,
    };
  }

  const { scan } = serving.limits;
  // A query for one key reads that entry and checks the whole filter here.
  const rest = plan.keyed?.whole ?? plan.rest;
  const compared = [...(rest ? attributesIn(rest) : []), ...(ordering ? [ordering.attribute] : [])];
  const { cut, selection } = views.with(query, compared);
  const { attrs } = selection;
  return serving.inTurn(context, async () => {
    const { entries } = plan.keyed
      ? await alone(ask(context, endpoint, "get", { key: plan.keyed.key, attrs }))
      : await ask(context, endpoint, "search", { ...base, attrs, limit: scan + 1, count: false });
    if (entries.length > scan) throw tooMany(plan, scan);
    const matches = rest ? compileFilter(rest, mapping.type) : () => true;
    const matching: Resource[] = [];
    for (let at = 0; at < entries.length; at += PIECE) {
      const read = await resourcesOf(serving, entries.slice(at, at + PIECE), selection, context, known);
      for (const resource of read) if (matches(resource)) matching.push(resource);
      // Yield to other requests.
      await next();
    }
    const after = place && (await inTermsOfScim(context, () => positionIn(place.bookmark)));
    const inOrder = ordering ?? (page.by === "cursor" ? byId(mapping) : undefined);
    const { shown, last } = pageOf(matching, page, after, inOrder);
    return { resources: shown.map((each) => cut(each)), total: matching.length, next: last && behindPosition(last) };
  });
}

/** The entries that there are of one. */
const alone = async (got: Promise<Entry | undefined>): Promise<{ readonly entries: readonly Entry[] }> => {
  const entry = await got;
  return { entries: entry ? [entry] : [] };
};

/** How many entries are processed before yielding. */
const PIECE = 500;

/** A page of resources that are all in memory, and the place of its last one if another page follows. */
function pageOf(
  found: readonly Resource[],
  page: Page,
  after: Position | undefined,
  ordering: Ordering | undefined,
): { readonly shown: readonly Resource[]; readonly last: Position | undefined } {
  const places = found.map((resource) => ({ resource, place: ordering?.positionOf(resource) ?? { key: "" } }));
  if (ordering) places.sort((a, b) => ordering.compare(a.place, b.place));
  const behind = after && ordering ? places.filter(({ place }) => ordering.compare(place, after) > 0) : places;
  const start = page.by === "index" ? page.startIndex - 1 : 0;
  const shown = behind.slice(start, start + page.count);
  const isCut = page.by === "cursor" && behind.length > shown.length;
  return { shown: shown.map(({ resource }) => resource), last: isCut ? shown.at(-1)?.place : undefined };
}

function tooMany(plan: Plan, scan: number) {
  const what = plan.rest ? "This filter" : "This order";
  return badRequest(
    "tooMany",
    `${what} can only be partly evaluated by the backend, and would require reading more than ${scan} entries. Narrow the filter, or raise limits.scan.`,
  );
}

/** How a filter is evaluated. If all matches must have one key, that entry is read and checked against the whole filter. */
type Planned = Plan & { readonly keyed?: { readonly key: string; readonly whole: TypedFilter } | undefined };

async function planFor(endpoint: Endpoint, filter: string | undefined, known: KnownReferences): Promise<Planned> {
  // Some clients send an empty filter to list everything.
  const isNone = filter === undefined || (filter.trim() === "" && !endpoint.mapping.type.profile?.literal);
  if (isNone) return { where: undefined, rest: undefined };
  const { mapping, connector } = endpoint;
  checkFilter(filter, mapping.type);
  const typed = typedFilter(filter, mapping.type, (attribute) => mapping.groups.has(attribute));
  await known.learnIds(idsInFilter(mapping, typed));
  const plan = planFilter(mapping, typed, (condition) => connector.supports(mapping.kind, condition), known);
  const key = keyIn(typed);
  return { ...plan, ...(key !== undefined && { keyed: { key, whole: typed } }) };
}

/** The ID that a filter requires, possibly among other conditions. */
function keyIn(filter: TypedFilter): string | undefined {
  if (filter.op === "and") return filter.filters.map(keyIn).find((key) => key !== undefined);
  const isKey = filter.op === "eq" && filter.path.attribute.name === "id" && !filter.path.sub;
  const key = isKey ? String(filter.value) : "";
  return key !== "" && key.length <= MAX_ID && !key.includes("\0") ? key : undefined;
}
