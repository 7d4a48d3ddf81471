import { escapeDnValue } from "../../src/connector/kit/text.ts";

/** A relative distinguished name with one attribute: `uid=ann`. */
export interface Rdn {
  readonly type: string;
  readonly value: string;
}

/** Splits a DN at the commas between RDNs. */
export function rdnsOf(dn: string): string[] {
  const parts = dn.match(/(?:\\.|[^\\,;])+/gs) ?? [];
  return parts.map(trimmed);
}

/** Removes surrounding blanks, except escaped ones, which belong to the value. */
function trimmed(text: string): string {
  const end = / *$/.exec(text)!.index;
  const escapes = /\\*$/.exec(text.slice(0, end))![0].length;
  return text.slice(0, escapes % 2 === 1 ? end + 1 : end).replace(/^ +/, "");
}

/** Reports whether a text is a DN, RFC 4514: `ou=people,dc=example,dc=com`. */
export const isDn = (text: string): boolean => {
  const rdns = rdnsOf(text);
  const isRdn = (rdn: string) => /^(?:[A-Za-z][\w-]*|\d+(?:\.\d+)*) *=/.test(rdn);
  return rdns.length > 0 && rdns.every(isRdn) && !/(?<!\\)[,;] *$/.test(text);
};

/** The first RDN of a DN, unescaped; undefined if it has several attributes, `a=1+b=2`. */
export function firstRdn(dn: string): Rdn | undefined {
  const [text = ""] = rdnsOf(dn);
  const equals = text.indexOf("=");
  if (equals < 0 || /(?<!\\)\+/.test(text)) return undefined;
  return { type: text.slice(0, equals).trim(), value: unescaped(trimmed(text.slice(equals + 1))) };
}

/** The DN of the parent entry. */
export const parentOf = (dn: string): string => rdnsOf(dn).slice(1).join(",");

/** A normalised DN, equal for different spellings of the same DN. */
export function dnKey(dn: string): string {
  return rdnsOf(dn)
    .map((rdn) => {
      const equals = rdn.indexOf("=");
      // Directories ignore differences in case, width and composition, RFC 4518 §2.
      const value = unescaped(trimmed(rdn.slice(equals + 1)))
        .normalize("NFKC")
        .toLowerCase()
        .replace(/ +/g, " ");
      return `${rdn.slice(0, equals).trim().toLowerCase()}=${escapeDnValue(value)}`;
    })
    .join(",");
}

/** Removes the escapes of RFC 4514, `\,` and `\2c`, and decodes UTF-8. */
const unescaped = (value: string): string =>
  value.replace(/((?:\\[0-9a-fA-F]{2})+)|\\(.)/gs, (_, bytes?: string, character = "") =>
    bytes === undefined ? character : Buffer.from(bytes.replaceAll("\\", ""), "hex").toString(),
  );

/** Reports whether an entry is the base or below it. */
export const isWithin = (dn: string, base: string): boolean => dnKey(dn) === dnKey(base) || isUnder(dn, base);

/** Reports whether an entry is below a base. */
export function isUnder(dn: string, base: string): boolean {
  const [rdns, above] = [rdnsOf(dn), rdnsOf(base)];
  return rdns.length > above.length && dnKey(rdns.slice(-above.length).join(",")) === dnKey(above.join(","));
}
