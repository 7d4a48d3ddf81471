import * as fs from "node:fs";
import { promisify } from "node:util";
import type { Anchor, AuditEvent, Sink } from "../../src/sink/sink.ts";
import { type FileOptions, openAuditFile } from "./file.ts";
import { hashAt } from "./lines.ts";
import { integrityOf, type Link, lineOf, ORIGIN } from "./record.ts";

/** What a log is opened with. */
export interface AuditOptions {
  /** The file; standard output without it. */
  readonly file: string | undefined;
  /** Where the number and hash of the last record are kept; `FILE.head` without it. */
  readonly head?: string | undefined;
  /** A file that is larger is put aside. */
  readonly maxBytes: number;
  /** Whether a record is to be on the disk before it counts as written, not only with the operating system. */
  readonly sync: boolean;
  /** Makes hashes that only who has the key can make. */
  readonly key?: string | undefined;
  /** The chain's name, in each record, and its end in the store that gateways share. */
  readonly anchored?: { readonly chain: string; readonly anchor: Anchor } | undefined;
  readonly warn?: (fields: object, message: string) => void;
  /** The file system, in which tests put failures. */
  readonly files?: FileOptions["files"];
}

/** Where lines go. */
interface Lines {
  readonly end: Link;
  readonly look: (end: Link) => readonly AuditEvent[];
  readonly write: (line: string, link: Link) => void | Promise<void>;
  readonly sync: () => void;
  readonly close: () => void;
}

interface Waiting {
  readonly event: AuditEvent;
  readonly settle: (error?: unknown) => void;
}

/**
 * Opens a log: events become records in one chain, each written before the next. Throws where its file cannot be written, is
 * another process's, or is no audit log.
 */
export function openAudit(options: AuditOptions): Sink {
  const { key, sync, anchored, warn = () => {} } = options;
  const lines = options.file === undefined ? standardOutput() : linesIn({ ...options, file: options.file, warn });
  let end = lines.end;
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;

  const write = async (event: AuditEvent): Promise<void> => {
    const { line, link } = lineOf(anchored ? { ...event, chain: anchored.chain } : event, end, key);
    try {
      await lines.write(`${line}\n`, link);
    } catch (error) {
      if (error instanceof LateError) end = link;
      throw error;
    }
    end = link;
    anchored?.anchor.keep(end);
  };
  // It says how hashes are made from here on.
  const opened = { event: "opened", log: "postern-audit", integrity: integrityOf(key) };
  const notes: AuditEvent[] = [...lines.look(end), opened];
  /** Records what has happened to the log itself. */
  const writeNotes = async () => {
    notes.push(...lines.look(end));
    for (let note = notes[0]; note; note = notes[0]) {
      await write(note).catch((error) => {
        if (error instanceof LateError) notes.shift();
        throw error;
      });
      notes.shift();
    }
  };

  /** Events whose lines are in the file or on their way, and may not be on the disk: they are not written again. */
  const unsynced = new WeakSet<AuditEvent>();
  /** Writes some in their order; where one cannot be written, none behind it is. Gives those that were. */
  const writeAll = async (batch: readonly Waiting[]): Promise<Waiting[]> => {
    const written: Waiting[] = [];
    let failure: { readonly error: unknown } | undefined;
    for (const each of batch) {
      try {
        if (failure) throw failure.error;
        await writeNotes();
        if (!unsynced.has(each.event))
          await write(each.event).catch((error) => {
            if (error instanceof LateError) unsynced.add(each.event);
            throw error;
          });
        written.push(each);
      } catch (error) {
        failure ??= { error };
        each.settle(error);
      }
    }
    return written;
  };
  const drain = async (): Promise<void> => {
    if (queue.length === 0) await writeNotes().catch(() => {});
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      const written = await writeAll(batch);
      try {
        if (sync && written.length > 0) lines.sync();
        for (const { settle } of written) settle();
      } catch (error) {
        for (const { event, settle } of written) {
          unsynced.add(event);
          settle(error);
        }
      }
    }
  };
  const pump = (): void => {
    running ??= drain().finally(() => {
      running = undefined;
      if (queue.length > 0) pump();
    });
  };
  const append = (event: AuditEvent): Promise<void> =>
    new Promise((resolve, reject) => {
      queue.push({ event, settle: (error) => (error === undefined ? resolve() : reject(error)) });
      pump();
    });

  const { end: first } = lines;
  anchored?.anchor.begin((stored) => {
    const known = stored.seq === first.seq ? first.hash : hashAt(options.file!, stored.seq);
    if (known === stored.hash) return true;
    const event =
      known === undefined ? "records are missing, the store says" : "a record is another than the store says";
    notes.push({ event, seq: stored.seq, expected: stored.hash });
    pump();
    return false;
  });
  pump();
  return {
    append,
    takesSeveral: true,
    close: async () => {
      await append({ event: "closed" }).catch(() => {});
      await running;
      try {
        lines.close();
      } finally {
        await anchored?.anchor.close();
      }
    },
  };
}

const linesIn = (
  options: AuditOptions & { readonly file: string; readonly warn: NonNullable<AuditOptions["warn"]> },
): Lines =>
  openAuditFile({
    ...options,
    path: options.file,
    head: options.head ?? `${options.file}.head`,
    anchor: options.anchored?.anchor.end,
  });

/** A line is on its way, and may come late: the chain goes on behind it. */
class LateError extends Error {}

/** How long a reader of standard output may stall, in milliseconds. */
const STALL_MS = 2000;
const writeBytes = promisify(fs.write) as (descriptor: number, bytes: Buffer) => Promise<{ bytesWritten: number }>;

/** Standard output. A reader that stalls makes writes fail after a while; it never holds up the process. */
function standardOutput(): Lines {
  let stalled: Promise<void> | undefined;
  const whole = async (bytes: Buffer) => {
    for (let rest = bytes; rest.length > 0; ) rest = rest.subarray((await written(rest)).bytesWritten);
  };
  return {
    end: ORIGIN,
    look: () => [],
    write: async (line) => {
      if (stalled) throw new Error("who reads standard output has stalled");
      const writing = whole(Buffer.from(line));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<"late">((resolve) => {
        timer = setTimeout(() => resolve("late"), STALL_MS);
      });
      const outcome = await Promise.race([writing, late]).finally(() => clearTimeout(timer));
      if (outcome !== "late") return;
      // It is written in the end, or never: until then nothing else is, and nobody is told that it was.
      stalled = writing.finally(() => {
        stalled = undefined;
      });
      stalled.catch(() => {});
      throw new LateError("who reads standard output has stalled");
    },
    sync: () => {},
    close: () => {},
  };
}

/** A pipe that takes nothing just now is asked again. */
async function written(bytes: Buffer): Promise<{ bytesWritten: number }> {
  for (;;) {
    try {
      return await writeBytes(1, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
