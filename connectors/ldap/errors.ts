import { ResultCodeError } from "ldapts";
import { ConnectorError, type ConnectorErrorKind, isOwnFault } from "../../src/connector/error.ts";
import type { Dialect } from "./dialect.ts";

/** The result codes of RFC 4511 §4.1.9 and RFC 4528 that the connector itself acts on. */
export const result = {
  sizeLimit: 4,
  noSuchAttribute: 16,
  constraintViolation: 19,
  valueExists: 20,
  noSuchObject: 32,
  invalidCredentials: 49,
  unwilling: 53,
  objectClassViolation: 65,
  entryExists: 68,
  other: 80,
  assertionFailed: 122,
} as const;

/** The result code of a refused operation; undefined for any other failure. */
export const resultCode = (error: unknown): number | undefined =>
  error instanceof ResultCodeError ? error.code : undefined;

const meanings = new Map<number, [ConnectorErrorKind, string]>([
  [3, ["timeout", "The directory ended the operation at its own time limit"]],
  [
    4,
    [
      "tooMany",
      'The directory ended the search at its size limit: narrow the filter, or raise the limit for the bind DN (OpenLDAP: limits dn.exact="..." size=unlimited)',
    ],
  ],
  [8, ["denied", "The directory wants stronger authentication"]],
  [11, ["tooMany", "The directory ended the search at an administrative limit"]],
  [13, ["denied", "The directory wants an encrypted connection"]],
  [16, ["invalid", "The entry has no such value"]],
  [17, ["invalid", "The directory's schema does not have an attribute that the mapping writes"]],
  [19, ["invalid", "The directory refuses a value by a constraint of its own"]],
  [20, ["invalid", "The entry has this value already, or it is given twice"]],
  [21, ["invalid", "A value does not have the syntax of its attribute"]],
  [32, ["notFound", "The entry, or the one above it, is not there"]],
  [34, ["invalid", "A DN is not written as one"]],
  [48, ["denied", "The directory refuses this way of binding"]],
  [49, ["denied", "The directory refuses the bind DN or its password"]],
  [50, ["denied", "The bind DN may not do this: give it the right in the directory's access control"]],
  [51, ["busy", "The directory is busy"]],
  [52, ["unavailable", "The directory is not available"]],
  [53, ["invalid", "The directory is unwilling to do this"]],
  [64, ["invalid", "The directory refuses the entry's name"]],
  [65, ["invalid", "The directory's schema refuses the entry: an attribute is missing or not allowed"]],
  [66, ["invalid", "The entry has others below it"]],
  [67, ["invalid", "The attribute names the entry and cannot be taken away"]],
  [68, ["conflict", "There is already an entry with this name"]],
  [122, ["versionMismatch", "The entry is no longer what it was when it was read"]],
]);

/**
 * A failure of ldapts, or of the connection, as what it means. The server's own words are added where it has some;
 * `refusal` may know better what they say.
 */
export function ldapFailure(error: unknown, refusal: Dialect["refusal"] = () => undefined): unknown {
  if (error instanceof ConnectorError || isOwnFault(error)) return error;
  const code = resultCode(error);
  if (code !== undefined) {
    const words = (error as Error).message.replace(/\s*Code: 0x[0-9a-f]+\s*$/i, "").trim();
    const known = refusal(code, words, error);
    if (known) return known;
    const [kind, meaning] = meanings.get(code) ?? ["unavailable", "The directory refused the operation"];
    // 80 is for whatever a server has no code for; OpenLDAP and others say so of names that cannot be one.
    if (code === 80 && /\b(naming|rdn|dn|name)\b/i.test(words))
      return new ConnectorError("invalid", `The directory refuses the name (result 80: ${words}).`, { cause: error });
    // 19 and a "unique" overlay's words: another entry has the value.
    const isTaken = code === 19 && /unique|already exists/i.test(words);
    return new ConnectorError(
      isTaken ? "conflict" : kind,
      `${isTaken ? "Another entry has this value" : meaning} (result ${code}${words ? `: ${words}` : ""}).`,
      { cause: error },
    );
  }
  return new ConnectorError("unavailable", `The directory cannot be reached: ${(error as Error).message ?? error}.`, {
    cause: error,
  });
}
