import { crc32 } from "node:zlib";
import type { RowMembers } from "../journal/row.ts";

/**
 * A number for a text that entries are looked up by: an index of numbers costs a write less than one of texts. Texts that share a number are
 * told apart when they are read.
 */
export const keyOf = (text: string): number => crc32(text) | 0;

/** What a text is to an entry: the id of its resource, of a member, or of its request. */
export type Role = "resource" | "member" | "request";

/** A word that stands for a text in an entry's role. */
export const termOf = (role: Role, text: string): string => `${role[0]}${role[2]}${(keyOf(text) >>> 0).toString(36)}`;

/** The words that an entry is found by. */
export function termsOf(entry: {
  readonly resource: string;
  readonly request_id: string;
  readonly members: string;
}): string {
  const { resource, request_id, members } = entry;
  const terms = [termOf("request", request_id)];
  if (resource !== "") terms.push(termOf("resource", resource));
  if (members !== "[]") for (const [id] of JSON.parse(members) as RowMembers) terms.push(termOf("member", id));
  return terms.join(" ");
}

/** How many parts of a search are looked up. */
const MAX_PARTS = 20;

/** Looks up names that have each part of three characters that a text has; undefined if it is shorter than one. */
export function partsOf(text: string): string | undefined {
  const characters = Array.from(text.slice(0, 2 * (MAX_PARTS + 2)));
  const parts = characters.slice(0, MAX_PARTS).flatMap((_, at) => {
    const part = characters.slice(at, at + 3);
    return part.length === 3 ? [`"${part.join("").replaceAll('"', '""')}"`] : [];
  });
  return parts.length === 0 ? undefined : [...new Set(parts)].join(" AND ");
}
