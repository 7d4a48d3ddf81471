/** Microsoft's formats of values, MS-DTYP and MS-ADTS: pure conversions between what is on the wire and text. */

/** A GUID's 16 bytes, of which the first three fields are little-endian, as its usual text (MS-DTYP §2.3.4). */
export function guidFromBytes(bytes: Buffer): string {
  const hex = Buffer.concat([
    Buffer.from(bytes.subarray(0, 4)).reverse(),
    Buffer.from(bytes.subarray(4, 6)).reverse(),
    Buffer.from(bytes.subarray(6, 8)).reverse(),
    bytes.subarray(8),
  ]).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The bytes of a GUID's text. */
export function guidToBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll("-", ""), "hex");
  return Buffer.concat([
    bytes.subarray(0, 4).reverse(),
    bytes.subarray(4, 6).reverse(),
    bytes.subarray(6, 8).reverse(),
    bytes.subarray(8),
  ]);
}

/** A security identifier's bytes as `S-1-5-21-...` (MS-DTYP §2.4.2); undefined where they are none. */
export function sidFromBytes(bytes: Buffer): string | undefined {
  const count = bytes[1];
  if (count === undefined || bytes.length < 8 + 4 * count) return undefined;
  const parts = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(8 + 4 * index));
  return ["S", bytes[0], bytes.readUIntBE(2, 6), ...parts].join("-");
}

/** The bytes of a security identifier; undefined where the text is none. */
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
/** What stands for "never" in a FILETIME: 0, and the largest number of 63 bits. */
export const NEVER = ["0", "9223372036854775807"] as const;

/** A FILETIME, a number of 100 nanoseconds since 1601, as ISO 8601; undefined for never. */
export function fileTimeToIso(ticks: string): string | undefined {
  if ((NEVER as readonly string[]).includes(ticks)) return undefined;
  if (!/^\d{1,19}$/.test(ticks)) return ticks;
  const instant = new Date(Number(BigInt(ticks) / 10_000n - EPOCH_MS));
  return Number.isNaN(instant.getTime()) ? ticks : instant.toISOString();
}

/** A FILETIME of an ISO 8601 instant; a number of ticks, and what is no instant, stays what it is. */
export function fileTimeFromIso(text: string): string {
  const instant = /^-?\d+$/.test(text) ? Number.NaN : Date.parse(text);
  return Number.isNaN(instant) ? text : String((BigInt(instant) + EPOCH_MS) * 10_000n);
}

/** The form in which `unicodePwd` is written: in quotes, as UTF-16LE (MS-ADTS §3.1.1.3.1.5.1). */
export const quotedUtf16 = (text: string): Buffer => Buffer.from(`"${text}"`, "utf16le");

/** `<GUID=...>;<SID=...>;CN=...`, the form of a DN that the extended-DN control asks for (MS-ADTS §3.1.1.3.4.1.5). */
const EXTENDED = /^(?:<GUID=([0-9a-fA-F-]{32,36})>)?;?(?:<SID=([^>]+)>)?;?(.*)$/s;

/** The plain DN of one that may be extended. */
export const dnOf = (text: string): string => (text.startsWith("<") ? (EXTENDED.exec(text)?.[3] ?? text) : text);

/** The GUID in an extended DN, as text in lower case. */
export const guidOf = (text: string): string | undefined => EXTENDED.exec(text)?.[1]?.toLowerCase();

/** The security identifier in an extended DN. */
export const sidOf = (text: string): string | undefined => EXTENDED.exec(text)?.[2];

/** The DN form that addresses an entry by its GUID, whatever its name is by now (MS-ADTS §3.1.1.3.1.2.4). */
export const addressOf = (guid: string): string => `<GUID=${guid}>`;

/** The form in which a reference is written: by its GUID where it has one, so that a rename meanwhile does not matter. */
export function referenceToWrite(text: string): string {
  const guid = guidOf(text);
  return guid === undefined ? text : addressOf(guid);
}
