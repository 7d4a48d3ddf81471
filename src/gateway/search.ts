import { readCursor, writeCursor } from "../scim/cursor.ts";
import { badRequest, forbidden, ScimError } from "../scim/error.ts";
import { type ListResponse, listResponse, type Page, readPage } from "../scim/list.ts";
import type { Resource } from "../scim/schema.ts";
import type { Context } from "./context.ts";
import type { Limits, Query } from "./list.ts";
import type { Route } from "./route.ts";

/**
 * A query over all resource types of a route, RFC 7644 §3.4.2.1: the types one after the other, as one list. A type
 * that does not have an attribute of the filter has no matches. Ordering across types is refused.
 */
export async function searchAll(
  { endpoints, run }: Route,
  limits: Limits,
  query: Query,
  context: Context,
): Promise<ListResponse> {
  if (query.sortBy)
    throw badRequest("invalidValue", "Sort on an endpoint, such as /Users: types are not ordered together.");
  const page = readPage(query, limits.pageSize);
  const marks = ["", query.filter ?? ""];
  const from = startOf(page, marks);
  const resources: Resource[] = [];
  const refusals: ScimError[] = [];
  let total = 0;
  const types = [...endpoints.keys()].filter((type) => context.allows(type, "read"));
  if (types.length === 0) throw forbidden("The caller may read none of the types that are here.", "permission");
  for (const type of types) {
    const skip = Math.max(0, from - total);
    const count = Math.max(0, page.count - resources.length);
    try {
      const part = { ...query, cursor: undefined, startIndex: String(skip + 1), count: String(count) };
      const found = await run({ name: "list", type, query: part, context });
      resources.push(...found.Resources);
      total += found.totalResults;
    } catch (error) {
      if (!(error instanceof ScimError) || error.scimType !== "invalidFilter") throw error;
      refusals.push(error);
    }
  }
  if (refusals.length > 0 && refusals.length === types.length) throw refusals[0];
  const end = from + resources.length;
  const isMore = page.by === "cursor" && resources.length > 0 && end < total;
  return listResponse(resources, total, page, isMore ? writeCursor(marks, { key: String(end) }) : undefined);
}

/** How many resources come before the page. */
function startOf(page: Page, marks: readonly string[]): number {
  if (page.by === "index") return page.startIndex - 1;
  const mark = readCursor(marks, page.cursor);
  return mark ? Number(mark.key) || 0 : 0;
}
