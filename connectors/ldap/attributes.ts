import type { References, Scalar, Value } from "../../src/connector/connector.ts";
import { SettingError } from "../../src/connector/error.ts";
import { booleanOf, bytesOf } from "../../src/connector/kit/values.ts";
import {
  dnOf,
  fileTimeFromIso,
  fileTimeToIso,
  guidFromBytes,
  guidToBytes,
  quotedUtf16,
  referenceToWrite,
  sidFromBytes,
  sidToBytes,
} from "./formats.ts";

/** How values are encoded and compared, by syntax and equality rule (RFC 4517, MS-ADTS). */
export const attributeTypeNames = [
  "text",
  "exact",
  "telephone",
  "time",
  "fileTime",
  "boolean",
  "integer",
  "dn",
  "reference",
  "uuid",
  "guid",
  "sid",
  "password",
  "binary",
] as const;

/** How an attribute's values are encoded and compared. */
export type AttributeType = (typeof attributeTypeNames)[number];

/** Attribute names by type. */
export type AttributesByType = Readonly<Partial<Record<AttributeType, readonly string[]>>>;

/** The type of an attribute; case does not matter. */
export type TypeOf = (attr: string) => AttributeType;

/**
 * Attribute types. Those of standard schemas are known, so that `check` and `explain` need no server. Others are text, compared
 * case-insensitively, unless the configuration or a mapping says otherwise.
 */
export function attributeTypes(schema: AttributesByType, configured: Readonly<Record<string, AttributeType>>): TypeOf {
  const types = new Map<string, AttributeType>();
  for (const [type, names] of Object.entries(schema))
    for (const name of names) types.set(name.toLowerCase(), type as AttributeType);
  for (const [name, type] of Object.entries(configured)) types.set(name.toLowerCase(), type);
  // Mappings usually use the schema's spelling: avoid case folding in the common case.
  const spelled = new Map<string, AttributeType>();
  return (attr) => {
    const known = spelled.get(attr);
    if (known) return known;
    const type = types.get(attr.toLowerCase()) ?? "text";
    if (spelled.size < MAX_SPELLINGS) spelled.set(attr, type);
    return type;
  };
}

/** Text attributes that name entries and never contain DNs. */
const NAMES = ["uid", "cn", "mail", "samaccountname", "userprincipalname", "displayname", "employeenumber"];

/** Refuses references through attributes that do not hold DNs. Throws a `SettingError`. */
export function checkReferences(references: References, typeOf: TypeOf): void {
  for (const { kind, attr, by } of references) {
    if (by !== undefined) continue;
    const isDn = ["dn", "reference", "text"].includes(typeOf(attr)) && !NAMES.includes(attr.toLowerCase());
    if (!isDn)
      throw new SettingError(
        `the mapping of ${kind} uses "${attr}" as a reference, but it does not hold DNs: specify the attribute that it refers to, such as \`by: uid\``,
        `kinds.${kind}`,
      );
  }
}

const MAX_SPELLINGS = 1000;

/** Reports whether values of a type are bytes. */
export const isBinary = (type: AttributeType): boolean => type === "binary" || type === "guid" || type === "sid";

/** Decodes a value; undefined if it means "none", such as a date that never comes. */
export function fromLdap(value: string | Buffer, type: AttributeType): Value | undefined {
  if (Buffer.isBuffer(value)) {
    if (type === "guid") return guidFromBytes(value);
    return (type === "sid" ? sidFromBytes(value) : undefined) ?? value.toString("base64");
  }
  switch (type) {
    case "time":
      return timeFromLdap(value) ?? value;
    case "fileTime":
      return fileTimeToIso(value);
    case "boolean":
      return value.toUpperCase() === "TRUE";
    case "integer":
      // Beyond 2^53 keep the digits as text.
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    case "dn":
      return dnOf(value);
    default:
      return value;
  }
}

/** Encodes a value. Throws a `TypeError` if it does not fit the type. */
export function toLdap(value: Value | Scalar, type: AttributeType): string | Buffer {
  switch (type) {
    case "binary":
      return bytesOf(value) ?? wrong(value, "bytes, as base64");
    case "guid":
      return UUID.test(String(value)) ? guidToBytes(String(value)) : wrong(value, "a UUID");
    case "sid":
      return sidToBytes(String(value)) ?? String(value);
    case "password":
      return quotedUtf16(String(value));
    case "time":
      return timeToLdap(String(value));
    case "fileTime":
      return fileTimeFromIso(String(value));
    case "reference":
      return referenceToWrite(String(value));
    case "boolean":
      return (booleanOf(value) ?? wrong(value, "true or false")) ? "TRUE" : "FALSE";
    default:
      return typeof value === "object" ? JSON.stringify(value) : String(value);
  }
}

const UUID = /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;

function wrong(value: unknown, wanted: string): never {
  const text = JSON.stringify(value) ?? String(value);
  throw new TypeError(`${text.length > 40 ? `${text.slice(0, 40)}…` : text} is not ${wanted}`);
}

/** GeneralizedTime (RFC 4517 §3.3.13) as ISO 8601. */
function timeFromLdap(text: string): string | undefined {
  if (/^\d{14}Z$/.test(text)) {
    const at = (start: number, end = start + 2) => text.slice(start, end);
    return `${at(0, 4)}-${at(4)}-${at(6)}T${at(8)}:${at(10)}:${at(12)}.000Z`;
  }
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:[.,](\d+))?(Z|[+-]\d\d(?:\d\d)?)$/.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute = "00", second = "00", fraction = "0", zone = "Z"] = parts;
  const offset = zone === "Z" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(3) || "00"}`;
  const instant = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}${offset}`,
  );
  return Number.isNaN(instant) ? undefined : new Date(instant).toISOString();
}

function timeToLdap(iso: string): string {
  const instant = new Date(iso);
  if (Number.isNaN(instant.getTime())) return iso;
  // Active Directory requires the fraction in filters; other servers accept it.
  return instant
    .toISOString()
    .replace(/[-:T]/g, "")
    .replace(/\.000Z$/, ".0Z");
}
