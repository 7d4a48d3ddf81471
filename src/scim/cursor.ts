import { createHash } from "node:crypto";
import { badRequest } from "./error.ts";

/** The longest cursor: it may hold a value that is ordered by. In an address Node.js takes 16 KB, in a search by POST any. */
const MAX_LENGTH = 65_536;

/**
 * A cursor, RFC 9865: the place where the next page begins, as scalars of whoever finds it, and a fingerprint of the query
 * that it belongs to. Nothing is kept for it, so it does not expire by itself, and any replica takes it.
 */
export const writeCursor = (query: readonly unknown[], place: readonly Scalar[]): string =>
  Buffer.from(JSON.stringify([fingerprint(query), ...place])).toString("base64url");

/** Reads a cursor; undefined for the empty one, with which a client starts. Throws 400 `invalidCursor`. */
export function readCursor(query: readonly unknown[], cursor: string): readonly Scalar[] | undefined {
  if (cursor === "") return undefined;
  const [mark, ...place] = parsed(cursor);
  if (place.length === 0 || !place.every(isScalar))
    throw badRequest("invalidCursor", "This is no cursor of this service: start again with an empty one.");
  if (mark !== fingerprint(query)) {
    throw badRequest(
      "invalidCursor",
      "This cursor belongs to another query: filter, sortBy, sortOrder and endpoint must stay as they were.",
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

/** Changes with what cursors hold, so that none is read as what it is not. */
const FORMAT = 2;

const fingerprint = (query: readonly unknown[]): string =>
  createHash("sha256")
    .update(JSON.stringify([FORMAT, ...query]))
    .digest("base64url")
    .slice(0, 12);
