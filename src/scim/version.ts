import { badRequest } from "./error.ts";

/** A backend's version as a weak ETag, RFC 7232 §2.3. */
export const etagOf = (version: string): string => `W/"${encodeURIComponent(version)}"`;

/**
 * The version in an `If-Match` or `If-None-Match` header; `*` for any; undefined without the header. Throws 400 `invalidVers` for anything
 * but one ETag.
 */
export function versionOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (text === "*") return "*";
  const tag = /^(?:W\/)?"([^"]*)"$/.exec(text)?.[1];
  if (tag === undefined)
    throw badRequest("invalidVers", `The version must be one ETag, such as W/"abc", not ${JSON.stringify(text)}.`);
  try {
    return decodeURIComponent(tag);
  } catch {
    return tag;
  }
}
