import type { Filter } from "ldapts";
import { type BackendOperation, type Change, type Entry, type Value, valuesOf } from "../../src/connector/connector.ts";
import { type TypeOf, toLdap } from "./attributes.ts";

/** A search in readable form. */
export const searchText = (base: string, filter: Filter, attributes: readonly string[]): string =>
  `search  base ${base}, subtree\nfilter  ${filter}\nattributes  ${attributes.join(" ")}`;

/** How a page other than the first is found. */
export function pagingText({ orderBy, bookmark, offset = 0 }: Extract<BackendOperation, { type: "search" }>): string {
  if (!orderBy && !bookmark && offset === 0) return "";
  const order = orderBy ? `, ordered here by ${orderBy.attr}${orderBy.descending ? " descending" : ""}` : "";
  return `\nby the keys of all that match${order}`;
}

/** An attribute's value as a line of LDIF (RFC 2849), quoted if ldapmodify would misread it. Passwords are hidden. */
export function ldifLine(attr: string, value: Value, typeOf: TypeOf): string {
  if (/password|^unicodePwd$/i.test(attr)) return `${attr}: <hidden>`;
  const text = toLdap(value, typeOf(attr));
  const isSafe = typeof text === "string" && /^[\x21-\x39\x3b-\x7e][\x20-\x7e]*$/.test(text) && !text.endsWith(" ");
  return isSafe ? `${attr}: ${text}` : `${attr}:: ${Buffer.from(text).toString("base64")}`;
}

/** The lines of a new entry. */
export const entryLines = (entry: Entry, typeOf: TypeOf): string[] =>
  Object.keys(entry).flatMap((attr) => valuesOf(entry, attr).map((value) => ldifLine(attr, value, typeOf)));

/** The lines of a change. Anything LDIF cannot express is passed to `note`. */
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
