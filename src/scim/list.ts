import { badRequest } from "./error.ts";
import type { Resource } from "./schema.ts";

/** The part of a result that is asked for: from `startIndex`, counted from 1, at most `count` resources. */
export interface Page {
  readonly startIndex: number;
  readonly count: number;
}

/**
 * Reads `startIndex` and `count`, RFC 7644 §3.4.2.4: less than 1 is 1, a negative count is 0, and no page is larger
 * than `maxResults`. Throws 400 `invalidValue` for what is not a whole number.
 */
export function readPage(startIndex: string | undefined, count: string | undefined, maxResults: number): Page {
  return {
    startIndex: Math.max(1, wholeNumber("startIndex", startIndex) ?? 1),
    count: Math.min(maxResults, Math.max(0, wholeNumber("count", count) ?? maxResults)),
  };
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^[+-]?\d{1,15}$/.test(text))
    throw badRequest("invalidValue", `"${name}" must be a whole number, not ${JSON.stringify(text)}.`);
  return Number(text);
}

/** A ListResponse, RFC 7644 §3.4.2. */
export function listResponse(resources: readonly Resource[], totalResults: number, startIndex: number) {
  return {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
    totalResults,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}
