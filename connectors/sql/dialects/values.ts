import type { Scalar, Value } from "../../../src/connector/connector.ts";
import { ConnectorError } from "../../../src/connector/error.ts";
import { booleanOf, bytesOf } from "../../../src/connector/kit/values.ts";
import { instantOf } from "../../../src/json/date.ts";
import { parseExactly } from "../../../src/json/exact.ts";
import type { Column } from "../column.ts";
import { isUuid, wholeOf } from "../kind.ts";

/** An untyped column. */
export const any: Column = {
  type: "any",
  foldsCase: false,
  isPadded: false,
  indexed: { exact: false, folded: false },
};

/** Converts a value to a parameter of the column's type, for databases with typed columns. Throws `invalid` if it does not fit. */
export function toTypedColumn(value: Value | Scalar, column: Column): unknown {
  const { type, isBytes } = column;
  if (isBytes) return Buffer.from(textOf(value), "utf8");
  switch (type) {
    case "boolean":
      return booleanOf(value) ?? wrong(value, "true or false");
    case "bit":
      return (booleanOf(value) ?? wrong(value, "true or false")) ? 1 : 0;
    case "time":
      return instant(value).toISOString().replace("T", " ").replace("Z", "");
    case "date":
      return instant(value).toISOString().slice(0, 10);
    case "uuidBytes":
      return isUuid(String(value).toLowerCase())
        ? Buffer.from(String(value).replaceAll("-", ""), "hex")
        : wrong(value, "a UUID");
    case "bytes":
      return bytesOf(value) ?? wrong(value, "bytes, as base64; if the column holds text, list it under `text`");
    case "json":
      return JSON.stringify(value);
    case "text":
      return chosen(value, column);
    case "integer":
      return isWholeOrBoolean(value) ? toNumber(value, type) : wrong(value, "a whole number");
    default:
      return toNumber(value, type);
  }
}

/** Databases round fractions, accept leading digits and drop leading zeros. */
const isWholeOrBoolean = (value: Value | Scalar): boolean =>
  typeof value === "boolean" ||
  Number.isInteger(value) ||
  (typeof value === "string" && /^(0|-?[1-9]\d*)$/.test(value));

/** A value for a numeric column, exact to the last digit. */
export function toNumber(value: Value | Scalar, type: Column["type"]): unknown {
  if (typeof value === "boolean") return Number(value);
  return type === "integer" && typeof value === "string" && /^-?\d{1,20}$/.test(value) ? wholeOf(value) : value;
}

/** A value as text; structured values as JSON. */
export const textOf = (value: Value | Scalar): string =>
  typeof value === "object" ? JSON.stringify(value) : String(value);

function wrong(value: unknown, wanted: string): never {
  const text = JSON.stringify(value) ?? String(value);
  throw new ConnectorError("invalid", `${text.length > 40 ? `${text.slice(0, 40)}…` : text} is not ${wanted}.`);
}

const instant = (value: unknown): Date =>
  instantOf(String(value)) ?? wrong(value, "a date, such as 2026-01-31, or a time, such as 2026-01-31T08:00:00Z");

/** A text for an enum column: MariaDB and MySQL would read `3` as the third value. */
function chosen(value: Value | Scalar, { values, takesSeveral, foldsCase }: Column): string {
  const text = textOf(value);
  if (!values) return text;
  const form = (each: string) => (foldsCase ? each.toLowerCase() : each);
  const allowed = new Set(values.map(form));
  const parts = takesSeveral ? (text === "" ? [] : text.split(",")) : [text];
  return parts.every((part) => allowed.has(form(part))) ? text : wrong(value, `one of ${values.join(", ")}`);
}

/** Converts a column's value: times to ISO 8601, numbers if exactly representable, without padding. */
export function fromTypedColumn(given: unknown, { type, isPadded, isBytes }: Column): Value | undefined {
  if (given === null || given === undefined) return undefined;
  const value = given instanceof Uint8Array ? Buffer.from(given) : given;
  if (isBytes) return Buffer.isBuffer(value) ? value.toString("utf8") : String(value);
  switch (type) {
    case "bit":
      return Buffer.isBuffer(value) ? value.at(-1) : Number(value);
    case "time":
      return toIso(String(value));
    case "date":
      return String(value).slice(0, 10);
    case "uuidBytes":
      return uuidOf(value);
    case "bytes":
      return Buffer.isBuffer(value) ? value.toString("base64") : String(value);
    case "json":
      return (typeof value === "string" ? parsed(value) : value) as Value;
    case "integer":
    case "decimal":
      // Bits are returned as bytes.
      return exactNumber(Buffer.isBuffer(value) ? String(BigInt(`0x${value.toString("hex") || "0"}`)) : value);
    case "text":
      return isPadded ? String(value).trimEnd() : String(value);
    default:
      return Buffer.isBuffer(value) ? value.toString("base64") : (value as Value);
  }
}

/** Parses `2026-01-31 08:00:00.5`, optionally with `+00`: sessions use UTC. */
function toIso(value: string): string {
  const [, date, time = "00:00:00", zone] = /^(\d{4,}-\d\d-\d\d)[ T]?(\S*?)(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(value) ?? [];
  if (date === undefined) return value;
  const parsed = new Date(`${date}T${time || "00:00:00"}${zone === undefined || zone === "+00" ? "Z" : zone}`);
  return Number.isNaN(parsed.getTime()) ? value : parsed.toISOString();
}

function uuidOf(value: unknown): string {
  const hex = Buffer.isBuffer(value) ? value.toString("hex") : String(value).replaceAll("-", "").toLowerCase();
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function exactNumber(value: unknown): Value {
  if (typeof value === "number") return value;
  const number = Number(value);
  const isExact = Number.isInteger(number) ? Number.isSafeInteger(number) : String(value).length <= 15;
  return isExact && !Number.isNaN(number) ? number : String(value);
}

function parsed(value: string): unknown {
  try {
    return parseExactly(value, String);
  } catch {
    return value;
  }
}
