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
  /** Modification time, in milliseconds. */
  readonly modified: number;
}

/** A file copied from a drop folder. */
export interface Copy {
  readonly hash: string;
  readonly bytes: number;
  readonly encoding: Encoding;
}

/** A drop folder: local or on an SFTP server. Paths are relative to it. */
export interface Drop {
  /** Its name in messages. */
  readonly place: string;
  /** The files directly in it. */
  readonly list: (maxFiles: number) => Promise<DroppedFile[]>;
  readonly look: (path: string) => Promise<DroppedFile | undefined>;
  /** Copies a file to a local one. */
  readonly copy: (path: string, to: string, maxBytes: number) => Promise<Copy>;
  /** Moves a file into a subfolder, which is created if necessary. */
  readonly move: (name: string, folder: string, as: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Copies a stream to a local file, readable by its owner only, and examines the content. */
export async function copyStream(source: Readable, to: string, maxBytes: number): Promise<Copy> {
  const hash = createHash("sha256");
  const sniffer = createSniffer();
  let bytes = 0;
  await pipeline(
    source,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw new Refusal(`the file is larger than ${maxBytes} bytes (maximum.bytes).`);
        hash.update(chunk);
        sniffer.push(chunk);
        yield chunk;
      }
    },
    createWriteStream(to, { mode: 0o600 }),
  );
  return { hash: hash.digest("hex"), bytes, encoding: sniffer.end() };
}

/** Too many files: a wrong pattern or path, or nobody cleans up. */
export const tooManyFiles = (place: string, maxFiles: number) =>
  new Error(
    `${place} contains more than ${maxFiles} files (maximum.files): move old ones away, for example with \`processed\``,
  );

/** A local drop folder. */
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
      if (await exists(to)) throw new Error(`${to} already exists`);
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
