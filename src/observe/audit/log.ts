import * as fs from "node:fs";
import { promisify } from "node:util";
import { type FileOptions, openAuditFile } from "./file.ts";
import { type AuditFields, integrityOf, type Link, lineOf, ORIGIN } from "./record.ts";

/** The audit log: records in one chain, each written before the next. */
export interface AuditLog {
  /** Records what is about to be done; gives the record's number. Rejects where it cannot be written. */
  readonly intent: (fields: AuditFields) => Promise<number>;
  /** Records what became of it. What cannot be written now is kept, and written before the next intent. */
  readonly outcome: (fields: AuditFields) => Promise<void>;
  readonly close: () => Promise<void>;
}

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
  readonly warn?: (fields: object, message: string) => void;
  /** The file system, in which tests put failures. */
  readonly files?: FileOptions["files"];
}

/** Where lines go. */
interface Sink {
  readonly end: Link;
  readonly look: (end: Link) => readonly AuditFields[];
  readonly write: (line: string, link: Link) => void | Promise<void>;
  readonly sync: () => void;
  readonly close: () => void;
}

interface Waiting {
  readonly fields: AuditFields;
  /** Whether it is kept where it cannot be written. */
  readonly isKept: boolean;
  readonly settle: (error: unknown, seq: number) => void;
}

/** Outcomes that are kept while nothing can be written: no more than there can be writes under way, and refusals. */
const MAX_KEPT = 10_000;
const RETRY_MS = 2000;

/**
 * Opens the audit log. Throws where its file cannot be written, is another process's, or is no audit log.
 */
export function openAudit(options: AuditOptions): AuditLog {
  const { key, sync, warn = () => {} } = options;
  const sink = options.file === undefined ? standardOutput() : fileSink({ ...options, file: options.file, warn });
  let end = sink.end;
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;
  let isBroken = false;
  let retry: NodeJS.Timeout | undefined;

  const write = async (fields: AuditFields): Promise<number> => {
    const { line, link } = lineOf(fields, end, key);
    try {
      await sink.write(`${line}\n`, link);
    } catch (error) {
      if (error instanceof LateError) end = link;
      throw error;
    }
    end = link;
    return link.seq;
  };
  const notes: AuditFields[] = [];
  /** Records what has happened to the log itself. */
  const writeNotes = async () => {
    notes.push(...sink.look(end));
    for (let note = notes[0]; note; note = notes[0]) {
      await write(note);
      notes.shift();
    }
  };

  /** Writes what waits, in its order. What cannot be written is refused, or kept for later. */
  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      const written: [Waiting, number][] = [];
      let failure: unknown;
      for (const each of batch) {
        try {
          if (failure !== undefined) throw failure;
          await writeNotes();
          written.push([each, await write(each.fields)]);
        } catch (error) {
          failure ??= error;
          if (each.isKept && queue.length < MAX_KEPT) queue.push(each);
          each.settle(error, 0);
        }
      }
      try {
        if (sync && written.length > 0) sink.sync();
        for (const [each, seq] of written) each.settle(undefined, seq);
      } catch (error) {
        failure ??= error;
        for (const [each] of written) each.settle(error, 0);
      }
      if (failure !== undefined) return broken(failure);
      if (isBroken) warn({}, "the audit log can be written again");
      isBroken = false;
    }
  };
  const broken = (error: unknown) => {
    if (!isBroken) warn({ reason: (error as Error).message }, "the audit log cannot be written: writes are refused");
    isBroken = true;
    clearTimeout(retry);
    if (queue.length > 0) retry = setTimeout(pump, RETRY_MS).unref();
  };
  function pump(): void {
    running ??= drain().finally(() => {
      running = undefined;
      if (queue.length > 0 && !isBroken) pump();
    });
  }
  const append = (fields: AuditFields, isKept: boolean): Promise<number> =>
    new Promise((resolve, reject) => {
      const settle = (error: unknown, seq: number) => (error === undefined ? resolve(seq) : reject(error));
      queue.push({ fields, isKept, settle });
      pump();
    });

  // It says how hashes are made from here on.
  void append({ event: "opened", log: "postern-audit", integrity: integrityOf(key) }, true).catch(() => {});
  return {
    intent: (fields) => append(fields, false),
    // It has happened, whether it can be written or not.
    outcome: (fields) =>
      append(fields, true).then(
        () => {},
        () => {},
      ),
    close: async () => {
      clearTimeout(retry);
      await append({ event: "closed" }, false).catch(() => {});
      await running;
      sink.close();
    },
  };
}

const fileSink = (
  options: AuditOptions & { readonly file: string; readonly warn: NonNullable<AuditOptions["warn"]> },
): Sink => openAuditFile({ ...options, path: options.file, head: options.head ?? `${options.file}.head` });

/** A line is on its way, and may come late: the chain goes on behind it. */
class LateError extends Error {}

/** How long a reader of standard output may stall, in milliseconds. */
const STALL_MS = 2000;
const writeBytes = promisify(fs.write) as (descriptor: number, bytes: Buffer) => Promise<{ bytesWritten: number }>;

/** Standard output. A reader that stalls makes writes fail after a while; it never holds up the process. */
function standardOutput(): Sink {
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
