import { ResultCodeError } from "ldapts";
import { ConnectorError, type ConnectorErrorKind, isOwnFault } from "../../src/connector/error.ts";
import type { Dialect } from "./dialect.ts";

/** Result codes of RFC 4511 §4.1.9 and RFC 4528 that the connector acts on. */
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

/** The result code of a refused operation; undefined for other failures. */
export const resultCode = (error: unknown): number | undefined =>
  error instanceof ResultCodeError ? error.code : undefined;

const meanings = new Map<number, [ConnectorErrorKind, string]>([
  [3, ["timeout", "The directory's time limit ended the operation"]],
  [
    4,
    [
      "tooMany",
      'The directory\'s size limit ended the search: narrow the filter, or raise the limit for the bind DN (OpenLDAP: limits dn.exact="..." size=unlimited)',
    ],
  ],
  [8, ["denied", "The directory requires stronger authentication"]],
  [11, ["tooMany", "The directory's administrative limit ended the search"]],
  [13, ["denied", "The directory requires an encrypted connection: use ldaps:// or set tls.startTls"]],
  [16, ["invalid", "The entry does not have this value"]],
  [17, ["invalid", "The directory's schema lacks an attribute that the mapping writes: run postern check --connect"]],
  [19, ["invalid", "A constraint of the directory refuses the value"]],
  [20, ["invalid", "The entry already has this value, or it was given twice"]],
  [21, ["invalid", "A value does not match the syntax of its attribute"]],
  [32, ["notFound", "The entry or its parent does not exist"]],
  [34, ["invalid", "A DN is not valid"]],
  [48, ["denied", "The directory does not allow this way of binding"]],
  [49, ["denied", "The directory refuses the bind DN or its password"]],
  [50, ["denied", "The bind DN lacks permission: grant it in the directory's access control"]],
  [51, ["busy", "The directory is busy"]],
  [52, ["unavailable", "The directory is unavailable"]],
  [53, ["invalid", "The directory refuses to do this"]],
  [64, ["invalid", "The directory refuses the entry's name"]],
  [65, ["invalid", "The directory's schema refuses the entry: an attribute is missing or not allowed"]],
  [66, ["invalid", "The entry has child entries"]],
  [67, ["invalid", "The attribute names the entry and cannot be removed"]],
  [68, ["conflict", "An entry with this name already exists"]],
  [122, ["versionMismatch", "The entry has changed since it was read"]],
]);

/**
 * Converts a failure of ldapts or the connection. The server's own message is appended if it has one; `refusal` may interpret it further.
 */
export function ldapFailure(error: unknown, refusal: Dialect["refusal"] = () => undefined): unknown {
  if (error instanceof ConnectorError || isOwnFault(error)) return error;
  const code = resultCode(error);
  if (code !== undefined) {
    const words = (error as Error).message.replace(/\s*Code: 0x[0-9a-f]+\s*$/i, "").trim();
    const known = refusal(code, words, error);
    if (known) return known;
    const [kind, meaning] = meanings.get(code) ?? ["unavailable", "The directory refused the operation"];
    // 80 stands for anything without a code of its own; OpenLDAP and others use it for impossible names.
    if (code === 80 && /\b(naming|rdn|dn|name)\b/i.test(words))
      return new ConnectorError("invalid", `The directory refuses the name (result 80: ${words}).`, { cause: error });
    // 19 with the message of a "unique" overlay: another entry has the value.
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
