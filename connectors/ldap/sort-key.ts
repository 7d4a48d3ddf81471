import type { Order, Scalar } from "../../src/connector/connector.ts";
import type { Position } from "../../src/connector/reference.ts";

/**
 * Encodes a position in an order as bytes that sort correctly: the value of the ordering attribute, then the key. A UUID takes 17 bytes, so
 * a million keys use little memory.
 */
export interface SortKeyCodec {
  readonly encode: (position: Position) => Buffer;
  /** The key of the entry that a sort key belongs to. */
  readonly keyOf: (sortKey: Buffer) => string;
  /** Reports whether bytes are a valid sort key: clients may send anything. */
  readonly isSortKey: (bytes: Buffer) => boolean;
}

/** The encoding for an order; by key alone if the ordering attribute is the key. */
export function sortKeysOf({ descending, caseExact }: Order, isByKey: boolean): SortKeyCodec {
  const turned = (bytes: Buffer) => (descending ? inverted(bytes) : bytes);
  if (isByKey)
    return {
      encode: ({ key }) => turned(encodeKey(key)),
      keyOf: (sortKey) => decodeKey(turned(sortKey)),
      isSortKey: (bytes) => isKey(turned(bytes)),
    };
  const encode = ({ key, value }: Position) => Buffer.concat([turned(encodeValue(value, caseExact)), encodeKey(key)]);
  const keyBytes = (sortKey: Buffer) => sortKey.subarray(valueEnd(turned(sortKey)));
  return { encode, keyOf: (sortKey) => decodeKey(keyBytes(sortKey)), isSortKey: (bytes) => isKey(keyBytes(bytes)) };
}

const inverted = (bytes: Buffer): Buffer => {
  const result = Buffer.allocUnsafe(bytes.length);
  for (let at = 0; at < bytes.length; at++) result[at] = ~bytes[at]!;
  return result;
};

/** Encodings of keys: text, or grouped hexadecimal digits as in UUIDs and nsUniqueId. */
const TEXT = 3;
const UUID = 1;
const NS_UNIQUE_ID = 2;
const shapes: readonly (readonly [number, RegExp])[] = [
  [UUID, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/],
  [NS_UNIQUE_ID, /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/],
];
const groups: Readonly<Record<number, RegExp>> = {
  [UUID]: /^(.{8})(.{4})(.{4})(.{4})(.{12})$/,
  [NS_UNIQUE_ID]: /^(.{8})(.{8})(.{8})(.{8})$/,
};
const DIGITS = 32;
/** Behind a text at the end of a sort key: inverted, nothing would come before a zero of a longer text, which is to come first. */
const END = 1;

function encodeKey(key: string): Buffer {
  const [tag] = shapes.find(([, shape]) => shape.test(key)) ?? [];
  if (tag === undefined) return Buffer.concat([Buffer.of(TEXT), ended(key), Buffer.of(END)]);
  const bytes = Buffer.allocUnsafe(1 + DIGITS / 2);
  bytes[0] = tag;
  bytes.write(key.replaceAll("-", ""), 1, "hex");
  return bytes;
}

function decodeKey(bytes: Buffer): string {
  const parts = groups[bytes[0]!];
  return parts ? parts.exec(bytes.toString("hex", 1))!.slice(1).join("-") : unended(bytes.subarray(1, -1));
}

const isKey = (bytes: Buffer): boolean =>
  groups[bytes[0]!]
    ? bytes.length === 1 + DIGITS / 2
    : bytes[0] === TEXT && endOf(bytes, 1) === bytes.length - 1 && bytes.at(-1) === END;

/** Type markers, in the order of the types. "No value" sorts last. */
const FALSE = 1;
const TRUE = 2;
const NUMBER = 4;
const STRING = 8;
const NONE = 0xff;
const NUMBER_BYTES = 8;

function encodeValue(value: Scalar | undefined, caseExact: boolean | undefined): Buffer {
  if (value === undefined) return Buffer.of(NONE);
  if (typeof value === "boolean") return Buffer.of(value ? TRUE : FALSE);
  if (typeof value === "number") return Buffer.concat([Buffer.of(NUMBER), sortableNumber(value)]);
  return Buffer.concat([Buffer.of(STRING), ended(caseExact ? value : value.toLowerCase())]);
}

/** IEEE 754 in numeric order: negative numbers with all bits inverted, others with the sign bit set. */
function sortableNumber(value: number): Buffer {
  const bytes = Buffer.alloc(NUMBER_BYTES);
  bytes.writeDoubleBE(value);
  if (bytes[0]! >= 0x80) return inverted(bytes);
  bytes[0]! ^= 0x80;
  return bytes;
}

/** The end of the value at the start of a sort key. */
function valueEnd(sortKey: Buffer): number {
  const [type] = sortKey;
  if (type === NUMBER) return 1 + NUMBER_BYTES;
  return type === STRING ? endOf(sortKey, 1) : 1;
}

/** UTF-8, which preserves code point order. A 0 that is not followed by 255 ends the text; zeros within it are followed by 255. */
function ended(text: string): Buffer {
  const escaped = text.includes("\0") ? Buffer.from(text).toString("latin1").replaceAll("\0", "\0\xff") : undefined;
  return Buffer.concat([escaped === undefined ? Buffer.from(text) : Buffer.from(escaped, "latin1"), Buffer.of(0)]);
}

function unended(bytes: Buffer): string {
  const text = bytes.subarray(0, -1);
  if (!text.includes(0)) return text.toString();
  return Buffer.from(text.toString("latin1").replaceAll("\0\xff", "\0"), "latin1").toString();
}

/** The end of a text, after its terminator. Beyond the bytes if it is not terminated. */
function endOf(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(0, start); at >= 0; at = bytes.indexOf(0, at + 1))
    if (bytes[at + 1] !== 0xff) return at + 1;
  return bytes.length + 1;
}
