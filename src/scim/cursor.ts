import { createHash } from "node:crypto";
import { badRequest } from "./error.ts";

/**
 * Maximum length of a cursor, which may contain a value that the list is ordered by. Node.js limits URLs to 16 KB; a search by POST has no
 * limit.
 */
const MAX_LENGTH = 65_536;

/**
 * A cursor, RFC 9865: the place where the next page starts, and a fingerprint of the query. It needs no state, so it does not expire and
 * works with any replica.
 */
export const writeCursor = (query: readonly unknown[], place: readonly Scalar[]): string =>
  Buffer.from(JSON.stringify([fingerprint(query), ...place])).toString("base64url");

/** Parses a cursor; undefined for the empty one that starts a list. Throws 400 `invalidCursor`. */
export function readCursor(query: readonly unknown[], cursor: string): readonly Scalar[] | undefined {
  if (cursor === "") return undefined;
  const [mark, ...place] = parsed(cursor);
  if (place.length === 0 || !place.every(isScalar))
    throw badRequest("invalidCursor", "This is no cursor of this service: start again with an empty one.");
  if (mark !== fingerprint(query)) {
    throw badRequest(
      "invalidCursor",
      "This cursor belongs to another query: filter, sortBy, sortOrder and endpoint must stay the same.",
    );
  }
  return place;
}

type Scalar = string | number | boolean;
const isScalar = (value: unknown): value is Scalar => ["string", "number", "boolean"].includes(typeof value);

function parsed(cursor: string): unknown[] {
  if (cursor.length > MAX_LENGTH) return [];
  try {
    const data: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(data) ? data : [];
  } catch {
    return [];
  }
}

/** Changes with the content of cursors, so that old ones are not misread. */
const FORMAT = 2;

const fingerprint = (query: readonly unknown[]): string =>
  createHash("sha256")
    .update(JSON.stringify([FORMAT, ...query]))
    .digest("base64url")
    .slice(0, 12);
