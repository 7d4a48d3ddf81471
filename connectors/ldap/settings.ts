import { FilterParser } from "ldapts";
import { z } from "zod";
import { isDn } from "./dn.ts";

/** A valid LDAP filter, RFC 4515. */
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

/** Settings for the gateway's account. */
export const bindSettings = z.strictObject({
  dn: z.string().describe("DN of the gateway's account."),
  password: z.string().min(1).meta({ secret: true }).describe("Password, preferably as ${file:PATH} or ${env:NAME}."),
});

/** Settings for encryption. */
export const tlsSettings = z
  .strictObject({
    startTls: z.boolean().default(false).describe("Encrypt an ldap:// connection with StartTLS."),
    ca: z
      .string()
      .optional()
      .describe("File with the CAs of the server's certificate, PEM. Default: the system's CAs."),
  })
  .prefault({})
  .describe("Encryption. Certificates and host names are always verified.");

/** The number of connections. */
export const connectionSettings = z.int().min(1).max(64).default(4).describe("Number of connections to the directory.");
