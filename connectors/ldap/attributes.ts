import type { Scalar, Value } from "../../src/connector/connector.ts";

/** How an attribute's values are matched, after its syntax and equality rule (RFC 4517). */
export type AttributeType = "text" | "exact" | "telephone" | "time" | "boolean" | "integer" | "dn" | "uuid" | "binary";

const known: Record<Exclude<AttributeType, "text">, readonly string[]> = {
  exact: [
    "entryCSN",
    "contextCSN",
    "homeDirectory",
    "gecos",
    "loginShell",
    "uidNumber",
    "gidNumber",
    "userPassword",
    "labeledURI",
    "memberUid",
  ],
  telephone: ["telephoneNumber", "mobile", "homePhone", "pager"],
  time: ["createTimestamp", "modifyTimestamp", "pwdChangedTime", "pwdLastSuccess", "authTimestamp"],
  boolean: ["hasSubordinates", "pwdReset", "pwdMustChange"],
  integer: [],
  dn: [
    "member",
    "uniqueMember",
    "memberOf",
    "manager",
    "secretary",
    "owner",
    "seeAlso",
    "roleOccupant",
    "entryDN",
    "creatorsName",
    "modifiersName",
  ],
  uuid: ["entryUUID"],
  binary: ["jpegPhoto", "photo", "audio", "userCertificate", "userCertificate;binary", "cACertificate"],
};

const byName = new Map(
  Object.entries(known).flatMap(([type, names]) => names.map((name) => [name.toLowerCase(), type as AttributeType])),
);

export type TypeOf = (attr: string) => AttributeType;

/**
 * The types of attributes: the standard ones are known, so that `check` and `explain` need no server; a site's own are
 * text, matched without regard to case, unless the configuration says otherwise.
 */
export function attributeTypes(configured: Readonly<Record<string, AttributeType>>): TypeOf {
  const own = new Map(Object.entries(configured).map(([name, type]) => [name.toLowerCase(), type]));
  return (attr) => own.get(attr.toLowerCase()) ?? byName.get(attr.toLowerCase()) ?? "text";
}

/** A value of the wire as an entry's. */
export function fromLdap(value: string | Buffer, type: AttributeType): Value {
  if (Buffer.isBuffer(value)) return value.toString("base64");
  switch (type) {
    case "time":
      return timeFromLdap(value) ?? value;
    case "boolean":
      return value === "TRUE";
    case "integer":
      return Number(value);
    default:
      return value;
  }
}

/** An entry's value as it goes on the wire. */
export function toLdap(value: Value | Scalar, type: AttributeType): string | Buffer {
  if (type === "binary") return Buffer.from(String(value), "base64");
  if (type === "time") return timeToLdap(String(value));
  if (type === "boolean") return value === true || value === "TRUE" || value === 1 ? "TRUE" : "FALSE";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
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
  const text = instant.toISOString().replace(/[-:T]/g, "");
  return text.replace(/\.000Z$/, "Z");
}
