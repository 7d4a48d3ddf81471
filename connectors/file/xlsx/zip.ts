import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import type * as yauzl from "yauzl";
import { Refusal } from "../refusal.ts";

/** The parts of a workbook, by path. */
export interface Archive {
  readonly has: (path: string) => boolean;
  /** The bytes of a part, streamed. */
  readonly read: (path: string) => AsyncGenerator<Buffer>;
  readonly close: () => void;
}

/** Maximum number of parts in a workbook. */
const MAX_PARTS = 10_000;

const DAMAGED = "the workbook is damaged or truncated and cannot be unpacked. Save it again.";

/** Opens a workbook's archive. `maxBytes` limits the total uncompressed size. */
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
      if (!entry) throw new Refusal(`the workbook is damaged: its part ${name} is missing. Save it again.`);
      if (entry.isEncrypted()) throw new Refusal("the workbook is encrypted. Save it without a password.");
      let sum = 0;
      try {
        const stream: Readable = await zip.openReadStreamPromise(entry);
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          left -= chunk.length;
          if (left < 0)
            throw new Refusal(`the workbook is larger than ${maxBytes} bytes when unpacked (maximum.unpacked).`);
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

/** Interprets errors of yauzl and zlib. Bugs in Postern are rethrown unchanged. */
function refusal(error: unknown): unknown {
  if (error instanceof Refusal || !(error instanceof Error)) return error;
  const { code = "" } = error as { code?: string };
  const isOfSystem = ["EACCES", "EIO", "ENOENT", "EMFILE"].includes(code);
  return isOfSystem ? error : new Refusal(DAMAGED);
}
