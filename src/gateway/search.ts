import { expired } from "../connector/paging.ts";
import { readCursor, writeCursor } from "../scim/cursor.ts";
import { badRequest, forbidden, ScimError } from "../scim/error.ts";
import { type ListResponse, listResponse, type Page, readPage } from "../scim/list.ts";
import type { Resource } from "../scim/schema.ts";
import type { Context } from "./context.ts";
import { BackendError } from "./failure.ts";
import type { Query } from "./operation.ts";
import type { Route } from "./route.ts";
import type { Limits } from "./serving.ts";

/**
 * A query over all resource types of a route, RFC 7644 §3.4.2.1: one type after another, as one list. Types without an attribute of the
 * filter have no matches. Sorting across types is refused.
 */
export async function searchAll(
  { endpoints, run }: Route,
  limits: Limits,
  query: Query,
  context: Context,
): Promise<ListResponse> {
  if (query.sortBy) throw badRequest("invalidValue", "Sorting is supported only on an endpoint such as /Users.");
  const page = readPage(query, limits.pageSize);
  const types = [...endpoints.keys()].filter((type) => context.allows(type, "read"));
  if (types.length === 0) throw forbidden("The caller may not read any of these types.", "permission");
  const marks = ["", query.filter ?? ""];
  const start = startOf(page, marks, types);
  const resources: Resource[] = [];
  const refusals: ScimError[] = [];
  let total = 0;
  let next: Place | undefined;
  for (const [index, type] of types.entries()) {
    const wanted = next ? 0 : page.count - resources.length;
    const part = page.by === "index" ? indexPart(page, total, wanted) : cursorPart(start, index, wanted);
    try {
      const found = await run({ name: "list", type, query: { ...query, cursor: undefined, ...part }, context });
      resources.push(...found.Resources);
      total += found.totalResults;
      if (page.by === "cursor" && page.count > 0 && index >= start.index) next ??= goesOn(found, part, type);
    } catch (error) {
      if (!(error instanceof ScimError) || error.scimType !== "invalidFilter") throw error;
      refusals.push(error);
    }
  }
  if (refusals.length > 0 && refusals.length === types.length) throw refusals[0];
  return listResponse(resources, total, page, next && writeCursor(marks, next));
}

/** A place in the combined list: a type, and a cursor in its list. */
type Place = readonly [type: string, cursor: string];

/** The type that a cursor page starts with, and the place in it. */
function startOf(page: Page, marks: readonly string[], types: readonly string[]): { index: number; cursor: string } {
  const place = page.by === "cursor" ? readCursor(marks, page.cursor) : undefined;
  if (!place) return { index: 0, cursor: "" };
  const [type, cursor] = place;
  const index = types.indexOf(String(type));
  if (index < 0 || typeof cursor !== "string") throw new BackendError(expired());
  return { index, cursor };
}

type Part = Pick<Query, "startIndex" | "cursor" | "count">;

/** The part of an index page for one type, given the number of preceding resources. */
const indexPart = ({ startIndex }: Extract<Page, { by: "index" }>, before: number, wanted: number): Part => ({
  startIndex: String(Math.max(0, startIndex - 1 - before) + 1),
  count: String(wanted),
});

/** The part of a cursor page for one type. For types before and after the page, only the total is requested. */
const cursorPart = (start: { index: number; cursor: string }, index: number, wanted: number): Part =>
  index < start.index || wanted === 0
    ? { startIndex: undefined, count: "0" }
    : { startIndex: undefined, cursor: index === start.index ? start.cursor : "", count: String(wanted) };

/** Where the next page starts, if a type has more than this one shows. */
function goesOn({ nextCursor, totalResults }: ListResponse, { cursor }: Part, type: string): Place | undefined {
  if (nextCursor !== undefined) return [type, nextCursor];
  return cursor === undefined && totalResults > 0 ? [type, ""] : undefined;
}
