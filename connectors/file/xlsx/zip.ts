import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import type * as yauzl from "yauzl";
import { Refusal } from "../refusal.ts";

/** A workbook's parts, by their path. */
export interface Archive {
  readonly has: (path: string) => boolean;
  /** The bytes of a part, as they come. */
  readonly read: (path: string) => AsyncGenerator<Buffer>;
  readonly close: () => void;
}

/** How many parts a workbook may have. */
const MAX_PARTS = 10_000;

const DAMAGED = "the workbook is damaged or was cut off: it cannot be unpacked. Have it saved anew.";

/** Opens a workbook's archive. `maxBytes` bounds what its parts unpack to, all that is read together. */
export async function openArchive(path: string, maxBytes: number): Promise<Archive> {
  const { openPromise } = createRequire(import.meta.url)("yauzl") as typeof yauzl;
  const zip = await openPromise(path, { autoClose: false }).catch((error) => {
    throw refusal(error);
  });
  const entries = new Map<string, yauzl.Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      entries.set(entry.fileName.replace(/^\/+/, ""), entry);
      if (entries.size > MAX_PARTS) throw new Refusal(`the workbook has more than ${MAX_PARTS} parts.`);
    }
  } catch (error) {
    zip.close();
    throw refusal(error);
  }
  let left = maxBytes;
  return {
    has: (name) => entries.has(name),
    read: async function* (name) {
      const entry = entries.get(name);
      if (!entry) throw new Refusal(`the workbook has no part ${name}: it is damaged. Have it saved anew.`);
      if (entry.isEncrypted()) throw new Refusal("the workbook is encrypted. Save it without a password.");
      let sum = 0;
      try {
        const stream: Readable = await zip.openReadStreamPromise(entry);
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          left -= chunk.length;
          if (left < 0) throw new Refusal(`the workbook unpacks to more than ${maxBytes} bytes (maximum.unpacked).`);
          sum = crc32(chunk, sum);
          yield chunk;
        }
      } catch (error) {
        throw refusal(error);
      }
      if (sum !== entry.crc32 >>> 0) throw new Refusal(DAMAGED);
    },
    close: () => zip.close(),
  };
}

/** What yauzl and zlib say of bytes that are no archive. Faults of this program stay what they are. */
function refusal(error: unknown): unknown {
  if (error instanceof Refusal || !(error instanceof Error)) return error;
  const { code = "" } = error as { code?: string };
  const isOfSystem = ["EACCES", "EIO", "ENOENT", "EMFILE"].includes(code);
  return isOfSystem ? error : new Refusal(DAMAGED);
}
