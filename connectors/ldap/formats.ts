/** Microsoft's formats of values, MS-DTYP and MS-ADTS: pure conversions between what is on the wire and text. */

/** A GUID's 16 bytes as text. The first three fields are little-endian (MS-DTYP §2.3.4). */
export function guidFromBytes(bytes: Buffer): string {
  const hex = Buffer.concat([
    Buffer.from(bytes.subarray(0, 4)).reverse(),
    Buffer.from(bytes.subarray(4, 6)).reverse(),
    Buffer.from(bytes.subarray(6, 8)).reverse(),
    bytes.subarray(8),
  ]).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The bytes of a GUID. */
export function guidToBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll("-", ""), "hex");
  return Buffer.concat([
    bytes.subarray(0, 4).reverse(),
    bytes.subarray(4, 6).reverse(),
    bytes.subarray(6, 8).reverse(),
    bytes.subarray(8),
  ]);
}

/** A SID's bytes as `S-1-5-21-...` (MS-DTYP §2.4.2); undefined if they are not a SID. */
export function sidFromBytes(bytes: Buffer): string | undefined {
  const count = bytes[1];
  if (count === undefined || bytes.length < 8 + 4 * count) return undefined;
  const parts = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(8 + 4 * index));
  return ["S", bytes[0], bytes.readUIntBE(2, 6), ...parts].join("-");
}

/** The bytes of a SID; undefined if the text is not a SID. */
export function sidToBytes(text: string): Buffer | undefined {
  if (!/^S-\d{1,3}-\d{1,15}(-\d{1,10}){0,15}$/i.test(text)) return undefined;
  const [revision, authority, ...parts] = text.slice(2).split("-").map(Number);
  if (revision! > 255 || authority! >= 2 ** 48 || parts.some((part) => part >= 2 ** 32)) return undefined;
  const bytes = Buffer.alloc(8 + 4 * parts.length);
  bytes.writeUInt8(revision!, 0);
  bytes.writeUInt8(parts.length, 1);
  bytes.writeUIntBE(authority!, 2, 6);
  for (const [index, part] of parts.entries()) bytes.writeUInt32LE(part, 8 + 4 * index);
  return bytes;
}

const EPOCH_MS = 11_644_473_600_000n;
/** FILETIME values that mean "never". */
export const NEVER = ["0", "9223372036854775807"] as const;

/** Converts a FILETIME, in units of 100 nanoseconds since 1601, to ISO 8601; undefined for "never". */
export function fileTimeToIso(ticks: string): string | undefined {
  if ((NEVER as readonly string[]).includes(ticks)) return undefined;
  if (!/^\d{1,19}$/.test(ticks)) return ticks;
  const instant = new Date(Number(BigInt(ticks) / 10_000n - EPOCH_MS));
  return Number.isNaN(instant.getTime()) ? ticks : instant.toISOString();
}

/** Converts an ISO 8601 instant to a FILETIME. Other texts stay as they are. */
export function fileTimeFromIso(text: string): string {
  const instant = /^-?\d+$/.test(text) ? Number.NaN : Date.parse(text);
  return Number.isNaN(instant) ? text : String((BigInt(instant) + EPOCH_MS) * 10_000n);
}

/** The encoding of `unicodePwd`: quoted UTF-16LE (MS-ADTS §3.1.1.3.1.5.1). */
export const quotedUtf16 = (text: string): Buffer => Buffer.from(`"${text}"`, "utf16le");

/** `<GUID=...>;<SID=...>;CN=...`, an extended DN (MS-ADTS §3.1.1.3.4.1.5). */
const EXTENDED = /^(?:<GUID=([0-9a-fA-F-]{32,36})>)?;?(?:<SID=([^>]+)>)?;?(.*)$/s;

/** The plain part of a DN that may be extended. */
export const dnOf = (text: string): string => (text.startsWith("<") ? (EXTENDED.exec(text)?.[3] ?? text) : text);

/** The GUID of an extended DN, in lower case. */
export const guidOf = (text: string): string | undefined => EXTENDED.exec(text)?.[1]?.toLowerCase();

/** The SID of an extended DN. */
export const sidOf = (text: string): string | undefined => EXTENDED.exec(text)?.[2];

/** A DN that addresses an entry by GUID, whatever its current name (MS-ADTS §3.1.1.3.1.2.4). */
export const addressOf = (guid: string): string => `<GUID=${guid}>`;

/** How a reference is written: by GUID if known, so that a rename in the meantime does not matter. */
export function referenceToWrite(text: string): string {
  const guid = guidOf(text);
  return guid === undefined ? text : addressOf(guid);
}
