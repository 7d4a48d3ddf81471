import { escapeDnValue } from "../../src/expression/helpers.ts";

/** A relative distinguished name of one attribute: `uid=ann`. */
export interface Rdn {
  readonly type: string;
  readonly value: string;
}

/** Splits a DN at the commas that separate its RDNs. */
export function rdnsOf(dn: string): string[] {
  const parts = dn.match(/(?:\\.|[^\\,;])+/gs) ?? [];
  return parts.map((part) => part.trim());
}

/** The first RDN of a DN, its value unescaped; undefined for one of several attributes, `a=1+b=2`. */
export function firstRdn(dn: string): Rdn | undefined {
  const [text = ""] = rdnsOf(dn);
  const equals = text.indexOf("=");
  if (equals < 0 || /(?<!\\)\+/.test(text)) return undefined;
  return { type: text.slice(0, equals).trim(), value: unescaped(text.slice(equals + 1).trim()) };
}

/** The DN of the entry above. */
export const parentOf = (dn: string): string => rdnsOf(dn).slice(1).join(",");

/** A form of a DN by which two writings of the same one are told to be equal. */
export function dnKey(dn: string): string {
  return rdnsOf(dn)
    .map((rdn) => {
      const equals = rdn.indexOf("=");
      // Directories take letters for the same that differ in case, in width or in how they are composed, RFC 4518 §2.
      const value = unescaped(rdn.slice(equals + 1).trim())
        .normalize("NFKC")
        .toLowerCase()
        .replace(/ +/g, " ");
      return `${rdn.slice(0, equals).trim().toLowerCase()}=${escapeDnValue(value)}`;
    })
    .join(",");
}

/** Undoes the escapes of RFC 4514: `\,` and `\2c`, bytes of UTF-8 joined again. */
function unescaped(value: string): string {
  return value
    .replace(/(?:\\[0-9a-fA-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll("\\", ""), "hex").toString())
    .replace(/\\(.)/gs, "$1");
}

/** Whether an entry is below another one. */
export function isUnder(dn: string, base: string): boolean {
  const [rdns, above] = [rdnsOf(dn), rdnsOf(base)];
  return rdns.length > above.length && dnKey(rdns.slice(-above.length).join(",")) === dnKey(above.join(","));
}
