import { createHash } from "node:crypto";
import { badRequest } from "./error.ts";

/** Where a page ends: the last resource's id, and the value that it was ordered by. */
export interface Mark {
  readonly key: string;
  readonly value?: string | number | boolean | undefined;
}

const MAX_LENGTH = 8192;

/**
 * A cursor, RFC 9865: the place where the page before it ended, and a fingerprint of the query that it belongs to.
 * Nothing is kept for it, so it does not expire, and any replica takes it.
 */
export function writeCursor(query: readonly unknown[], { key, value }: Mark): string {
  return Buffer.from(JSON.stringify([fingerprint(query), key, ...(value === undefined ? [] : [value])])).toString(
    "base64url",
  );
}

/** Reads a cursor; undefined for the empty one, with which a client starts. Throws 400 `invalidCursor`. */
export function readCursor(query: readonly unknown[], cursor: string): Mark | undefined {
  if (cursor === "") return undefined;
  const [mark, key, value] = parsed(cursor);
  if (typeof key !== "string" || !["undefined", "string", "number", "boolean"].includes(typeof value))
    throw badRequest("invalidCursor", "This is no cursor of this service: start again with an empty one.");
  if (mark !== fingerprint(query)) {
    throw badRequest(
      "invalidCursor",
      "This cursor belongs to another query: filter, sortBy, sortOrder and endpoint must stay as they were.",
    );
  }
  return { key, ...(value !== undefined && { value: value as string }) };
}

function parsed(cursor: string): unknown[] {
  if (cursor.length > MAX_LENGTH) return [];
  try {
    const data: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(data) ? data : [];
  } catch {
    return [];
  }
}

const fingerprint = (query: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(query)).digest("base64url").slice(0, 12);
