import * as fs from "node:fs";
import { promisify } from "node:util";
import type { Anchor, AuditEvent, Sink } from "../../src/sink/sink.ts";
import { type FileOptions, openAuditFile } from "./file.ts";
import { hashAt } from "./lines.ts";
import { integrityOf, type Link, lineOf, ORIGIN } from "./record.ts";

/** What is needed to open a log. */
export interface AuditOptions {
  /** The file; undefined for standard output. */
  readonly file: string | undefined;
  /** The path of the head file; by default `FILE.head`. */
  readonly head?: string | undefined;
  /** A larger file is rotated. */
  readonly maxBytes: number;
  /** Whether a record must be on the disk, not only with the operating system, to count as written. */
  readonly sync: boolean;
  /** Makes hashes that require the key. */
  readonly key?: string | undefined;
  /** The chain's name, part of each record, and its end in the shared store. */
  readonly anchored?: { readonly chain: string; readonly anchor: Anchor } | undefined;
  readonly warn?: (fields: object, message: string) => void;
  /** The file system, for injecting failures in tests. */
  readonly files?: FileOptions["files"];
}

/** The destination of lines. */
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
 * Opens a log: events become records in one chain, written one after another. Throws if its file cannot be written, belongs to another
 * process or is not an audit log.
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
  // Says how the following records are hashed.
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

  /** Events that are written but perhaps not on the disk: they are not written again. */
  const unsynced = new WeakSet<AuditEvent>();
  /** Writes events in order, up to the first failure. Returns those written. */
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

/** The line has been sent and may arrive late: the chain continues after it. */
class LateError extends Error {}

/** How long a reader of standard output may stall, in milliseconds. */
const STALL_MS = 2000;
const writeBytes = promisify(fs.write) as (descriptor: number, bytes: Buffer) => Promise<{ bytesWritten: number }>;

/** Standard output. If its reader stalls, writes fail after a while instead of blocking the process. */
function standardOutput(): Lines {
  let stalled: Promise<void> | undefined;
  const whole = async (bytes: Buffer) => {
    for (let rest = bytes; rest.length > 0; ) rest = rest.subarray((await written(rest)).bytesWritten);
  };
  return {
    end: ORIGIN,
    look: () => [],
    write: async (line) => {
      if (stalled) throw new Error("the reader of standard output has stalled");
      const writing = whole(Buffer.from(line));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<"late">((resolve) => {
        timer = setTimeout(() => resolve("late"), STALL_MS);
      });
      const outcome = await Promise.race([writing, late]).finally(() => clearTimeout(timer));
      if (outcome !== "late") return;
      // It will be written eventually or never. Until then nothing else is, and no write is confirmed.
      stalled = writing.finally(() => {
        stalled = undefined;
      });
      stalled.catch(() => {});
      throw new LateError("the reader of standard output has stalled");
    },
    sync: () => {},
    close: () => {},
  };
}

/** A pipe that is full is tried again. */
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
