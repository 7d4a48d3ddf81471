import { createReadStream } from "node:fs";

/** Supported encodings. */
export const encodings = ["utf-8", "windows-1252", "iso-8859-15", "utf-16le", "utf-16be"] as const;

/** The name of an encoding. */
export type Encoding = (typeof encodings)[number];

/** How many bytes are examined to detect UTF-16 without a byte order mark. */
const SNIFFED = 65_536;

/**
 * Guesses an encoding while a file is read: from the byte order mark, from UTF-16's zeros, then by whether it is valid UTF-8. Anything else
 * is taken for Windows-1252.
 */
export function createSniffer(): { push: (chunk: Uint8Array) => void; end: () => Encoding } {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let isUtf8 = true;
  let head = Buffer.alloc(0);
  const tried = (work: () => void) => {
    if (!isUtf8) return;
    try {
      work();
    } catch {
      isUtf8 = false;
    }
  };
  return {
    push: (chunk) => {
      if (head.length < SNIFFED) head = Buffer.concat([head, chunk.subarray(0, SNIFFED - head.length)]);
      tried(() => decoder.decode(chunk, { stream: true }));
    },
    end: () => {
      tried(() => decoder.decode());
      return markedEncoding(head) ?? zerosOf(head) ?? (isUtf8 ? "utf-8" : "windows-1252");
    },
  };
}

function markedEncoding(head: Buffer): Encoding | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return "utf-8";
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  return head[0] === 0xfe && head[1] === 0xff ? "utf-16be" : undefined;
}

/** Latin text in UTF-16 has a zero in every other byte. */
function zerosOf(head: Buffer): Encoding | undefined {
  const zeros = [0, 0];
  for (const [index, byte] of head.entries()) if (byte === 0) zeros[index % 2]!++;
  const half = head.length / 2;
  if (zeros[1]! > half * 0.4 && zeros[0]! < half * 0.1) return "utf-16le";
  return zeros[0]! > half * 0.4 && zeros[1]! < half * 0.1 ? "utf-16be" : undefined;
}

/** Characters that show invalid bytes: zeros, unassigned characters of code pages, and what a decoder writes in place of bytes that it can't read. */
const suspect: Record<Encoding, RegExp> = {
  "utf-8": /[\ufffd\0]/g,
  "utf-16le": /[\ufffd\0]/g,
  "utf-16be": /[\ufffd\0]/g,
  "windows-1252": /[\0\x81\x8d\x8f\x90\x9d]/g,
  "iso-8859-15": /[\0\x80-\x9f]/g,
};

/** The bytes of U+FFFD. A file may hold the character itself: exports of systems that once lost a letter do. */
const REPLACEMENT: Partial<Record<Encoding, Buffer>> = {
  "utf-8": Buffer.from([0xef, 0xbf, 0xbd]),
  "utf-16le": Buffer.from([0xfd, 0xff]),
  "utf-16be": Buffer.from([0xff, 0xfd]),
};

/** How many bytes a text takes in an encoding, if all of it is valid. */
const bytesOf = (text: string, encoding: Encoding): number =>
  encoding === "utf-8" ? Buffer.byteLength(text) : encoding.startsWith("utf-16") ? 2 * text.length : text.length;

/** Where in a text its first invalid character is; -1 if there is none. `bytes` are what it was decoded from. */
function invalidAt(text: string, bytes: Buffer, encoding: Encoding): number {
  const replacement = REPLACEMENT[encoding];
  for (const { 0: found, index } of text.matchAll(suspect[encoding])) {
    const offset = bytesOf(text.slice(0, index), encoding);
    const isItself = found === "\ufffd" && replacement?.equals(bytes.subarray(offset, offset + replacement.length));
    if (!isItself) return index;
  }
  return -1;
}

/** The place of bytes that are invalid in the file's encoding. Both numbers count from 1. */
export interface TextPlace {
  readonly line: number;
  readonly character: number;
}

/** Decodes a file in parts. At the first invalid bytes it throws the error that `failure` returns. */
export async function* decodeText(
  path: string,
  encoding: Encoding,
  failure: (place: TextPlace) => Error,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  let line = 1;
  let column = 0;
  let isStart = true;
  /** The bytes of a character that the next part completes. */
  let begun = Buffer.alloc(0);
  const decode = (chunk: Uint8Array, stream: boolean): string => {
    const bytes = Buffer.concat([begun, chunk]);
    const text = decoder.decode(chunk, { stream });
    const at = invalidAt(text, bytes, encoding);
    begun = bytes.subarray(bytesOf(text, encoding));
    const isMarked = isStart && text.startsWith("\ufeff");
    if (text !== "") isStart = false;
    const before = (at < 0 ? text : text.slice(0, at)).slice(isMarked ? 1 : 0);
    const lines = before.split("\n");
    line += lines.length - 1;
    column = (lines.length > 1 ? 0 : column) + lines.at(-1)!.length;
    if (at < 0) return before;
    throw failure({ line, character: column + 1 });
  };
  for await (const chunk of createReadStream(path)) {
    const text = decode(chunk as Uint8Array, true);
    if (text !== "") yield text;
  }
  const rest = decode(new Uint8Array(), false);
  if (rest !== "") yield rest;
}

/** Guesses a file's encoding from all its bytes. */
export async function sniffEncoding(path: string): Promise<Encoding> {
  const sniffer = createSniffer();
  for await (const chunk of createReadStream(path)) sniffer.push(chunk as Uint8Array);
  return sniffer.end();
}
