import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { access, mkdir, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createSniffer, type Encoding } from "../../src/connector/kit/encoding.ts";
import { Refusal } from "./refusal.ts";

/** A file in a drop folder. */
export interface DroppedFile {
  readonly name: string;
  readonly bytes: number;
  /** When it was modified, in milliseconds. */
  readonly modified: number;
}

/** What was copied out of a drop. */
export interface Copy {
  readonly hash: string;
  readonly bytes: number;
  readonly encoding: Encoding;
}

/** A place that files are dropped into: a local folder, or one on an SFTP server. Paths are within it. */
export interface Drop {
  /** What it is called in sentences. */
  readonly place: string;
  /** The files in it, without those in folders within. */
  readonly list: (maxFiles: number) => Promise<DroppedFile[]>;
  readonly look: (path: string) => Promise<DroppedFile | undefined>;
  /** Copies a file to a local one. */
  readonly copy: (path: string, to: string, maxBytes: number) => Promise<Copy>;
  /** Moves a file into a folder within, which is made where it is not there. */
  readonly move: (name: string, folder: string, as: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Copies a stream to a local file, for its owner alone, and looks at what passes. */
export async function copyStream(source: Readable, to: string, maxBytes: number): Promise<Copy> {
  const hash = createHash("sha256");
  const sniffer = createSniffer();
  let bytes = 0;
  await pipeline(
    source,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw new Refusal(`the file has more than ${maxBytes} bytes (maximum.bytes).`);
        hash.update(chunk);
        sniffer.push(chunk);
        yield chunk;
      }
    },
    createWriteStream(to, { mode: 0o600 }),
  );
  return { hash: hash.digest("hex"), bytes, encoding: sniffer.end() };
}

/** More files than anybody drops: a pattern or a path is wrong, or nobody tidies up. */
export const tooManyFiles = (place: string, maxFiles: number) =>
  new Error(`${place} holds more than ${maxFiles} files (maximum.files): move old ones away, by \`processed\``);

/** A local folder. */
export function localDrop(folder: string): Drop {
  const look = async (path: string): Promise<DroppedFile | undefined> => {
    const found = await stat(join(folder, path)).catch((error) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw error;
    });
    return found?.isFile() ? { name: path, bytes: found.size, modified: Math.trunc(found.mtimeMs) } : undefined;
  };
  return {
    place: folder,
    list: async (maxFiles) => {
      const names = await readdir(folder);
      if (names.length > maxFiles) throw tooManyFiles(folder, maxFiles);
      const files = await Promise.all(names.map(look));
      return files.filter((file) => file !== undefined);
    },
    look,
    copy: (path, to, maxBytes) => copyStream(createReadStream(join(folder, path)), to, maxBytes),
    move: async (name, into, as) => {
      await mkdir(join(folder, into), { recursive: true });
      const to = join(folder, into, as);
      if (await exists(to)) throw new Error(`${to} is there already`);
      await rename(join(folder, name), to);
    },
    close: async () => {},
  };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
