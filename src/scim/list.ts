import { badRequest } from "./error.ts";
import type { Resource } from "./schema.ts";

/** The requested part of a list: at most `count` resources, from `startIndex` (counted from 1) or from a cursor. */
export type Page =
  | { readonly by: "index"; readonly startIndex: number; readonly count: number }
  | { readonly by: "cursor"; readonly cursor: string; readonly count: number };

/**
 * Parses `startIndex` and `count`, RFC 7644 §3.4.2.4, or `cursor` and `count`, RFC 9865. Values below 1 become 1, a negative count becomes
 * 0, and `maxResults` limits the page. Throws 400 `invalidValue` for anything but integers.
 */
export function readPage(
  {
    startIndex,
    count,
    cursor,
  }: { startIndex?: string | undefined; count?: string | undefined; cursor?: string | undefined },
  maxResults: number,
): Page {
  const size = Math.min(maxResults, Math.max(0, wholeNumber("count", count, cursor !== undefined) ?? maxResults));
  if (cursor === undefined)
    return { by: "index", startIndex: Math.max(1, wholeNumber("startIndex", startIndex) ?? 1), count: size };
  if (startIndex !== undefined) throw badRequest("invalidValue", "Use either startIndex or cursor, not both.");
  return { by: "cursor", cursor, count: size };
}

function wholeNumber(name: string, text: string | undefined, byCursor = false): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^[+-]?\d{1,15}$/.test(text))
    throw badRequest(
      byCursor ? "invalidCount" : "invalidValue",
      `"${name}" must be a whole number, not ${JSON.stringify(text)}.`,
    );
  return Number(text);
}

/** A ListResponse, RFC 7644 §3.4.2; when paging by cursor, with the next page's, RFC 9865 §2. */
export interface ListResponse {
  readonly schemas: readonly string[];
  readonly totalResults: number;
  readonly itemsPerPage: number;
  readonly startIndex?: number;
  readonly nextCursor?: string;
  readonly Resources: readonly Resource[];
}

/** Builds a ListResponse from a page's resources and the total. */
export function listResponse(
  resources: readonly Resource[],
  totalResults: number,
  page: Page,
  nextCursor?: string,
): ListResponse {
  return {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
    totalResults,
    ...(page.by === "index" ? { startIndex: page.startIndex } : nextCursor !== undefined && { nextCursor }),
    itemsPerPage: resources.length,
    Resources: resources,
  };
}

/** The page with everything. */
export const wholePage: Page = { by: "index", startIndex: 1, count: Number.MAX_SAFE_INTEGER };
