import { FilterParser } from "ldapts";
import { z } from "zod";
import { isDn } from "./dn.ts";

/** An LDAP filter as text, RFC 4515, that can be parsed. */
export const filterSetting = z
  .string()
  .refine(isFilter, "this is not an LDAP filter such as (objectClass=inetOrgPerson)");

/** A DN, such as the base of a kind. */
export const dnSetting = z.string().min(1).refine(isDn, "this is not a DN such as ou=people,dc=example,dc=com");

function isFilter(text: string): boolean {
  try {
    FilterParser.parseString(text);
    return true;
  } catch {
    return false;
  }
}

/** Settings of who the gateway is to a directory. */
export const bindSettings = z.strictObject({
  dn: z.string().describe("The DN to bind as."),
  password: z.string().min(1).describe("Its password; best ${file:PATH} or ${env:NAME}."),
});

/** Settings of how connections to a directory are encrypted. */
export const tlsSettings = z
  .strictObject({
    startTls: z.boolean().default(false).describe("Encrypt an ldap:// connection by StartTLS."),
    ca: z
      .string()
      .optional()
      .describe("A file with the certificates, PEM, that the server's is checked against; the system's without it."),
  })
  .prefault({})
  .describe("How connections are encrypted. Certificates and host names are always checked.");

/** How many connections are kept. */
export const connectionSettings = z.int().min(1).max(64).default(4).describe("Bound connections that share the work.");
