import type { Filter } from "ldapts";
import { type BackendOperation, type Change, type Entry, type Value, valuesOf } from "../../src/connector/connector.ts";
import { type TypeOf, toLdap } from "./attributes.ts";

/** A search as an administrator reads it. */
export const searchText = (base: string, filter: Filter, attributes: readonly string[]): string =>
  `search  base ${base}, subtree\nfilter  ${filter}\nattributes  ${attributes.join(" ")}`;

/** How a page is found that is not simply the first one. */
export function pagingText({ orderBy, bookmark, offset = 0 }: Extract<BackendOperation, { type: "search" }>): string {
  if (!orderBy && !bookmark && offset === 0) return "";
  const order = orderBy ? `, ordered here by ${orderBy.attr}${orderBy.descending ? " descending" : ""}` : "";
  return `\nby the keys of all that match${order}`;
}

/** An attribute's value as a line of LDIF (RFC 2849), which ldapmodify reads with `<` at its start, too; passwords are hidden. */
export function ldifLine(attr: string, value: Value, typeOf: TypeOf): string {
  if (/password|^unicodePwd$/i.test(attr)) return `${attr}: <hidden>`;
  const text = toLdap(value, typeOf(attr));
  const isSafe = typeof text === "string" && /^[\x21-\x39\x3b-\x7e][\x20-\x7e]*$/.test(text) && !text.endsWith(" ");
  return isSafe ? `${attr}: ${text}` : `${attr}:: ${Buffer.from(text).toString("base64")}`;
}

/** The lines of an entry that is added. */
export const entryLines = (entry: Entry, typeOf: TypeOf): string[] =>
  Object.keys(entry).flatMap((attr) => valuesOf(entry, attr).map((value) => ldifLine(attr, value, typeOf)));

/** The lines of a change; what needs words of its own is said in `note`. */
export function changeLines(change: Change, typeOf: TypeOf, note: string | undefined): string[] {
  const [op, values] =
    change.op === "swap" ? ["replace", change.to === null ? [] : [change.to]] : [change.op, change.values];
  return [
    ...(note === undefined ? [] : [`# ${note}`]),
    `${op}: ${change.attr}`,
    ...values.map((value) => ldifLine(change.attr, value, typeOf)),
    "-",
  ];
}
