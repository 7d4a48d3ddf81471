import * as fs from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AuditEvent, ChainEnd } from "../../src/sink/sink.ts";
import type { Files } from "./files.ts";
import { afterHead, contentOf, openHead, writeHead } from "./head.ts";
import { headIn, isHeadLike, isWhole, type Link, MAX_RECORD, ORIGIN, recordIn } from "./record.ts";

/** Something found that must be recorded. */
export type Note = AuditEvent;

/** An open file of audit records. */
export interface AuditFile {
  /** The end of the chain that is continued. */
  readonly end: Link;
  /** Writes a line completely or not at all. Throws if it cannot. Returns what must be recorded before it is tried again. */
  readonly write: (line: string, link: Link) => void;
  /** Checks the file, and reopens it if it was replaced. Returns what must be recorded first. */
  readonly look: (end: Link) => readonly Note[];
  readonly sync: () => void;
  readonly close: () => void;
}

/** What is needed to open a file of audit records. */
export interface FileOptions {
  readonly path: string;
  /** The path of the head file; by default next to the file. */
  readonly head: string;
  /** The end of the chain in the shared store, if there is one. */
  readonly anchor?: ChainEnd | undefined;
  /** A larger file is rotated. */
  readonly maxBytes: number;
  readonly key?: string | undefined;
  readonly files?: Files | undefined;
  readonly warn: (fields: object, message: string) => void;
}

/**
 * Opens a file of audit records for this process alone, and continues an existing one. Half a record at its end, left by a crash, is cut
 * off. Throws if another process has it, or if it is not an audit log: then nothing is changed.
 */
export function openAuditFile(options: FileOptions): AuditFile {
  const { path, head: headPath, anchor, maxBytes, key, files = fs, warn } = options;
  const isSpecial = isDevice(path, files);
  if (!isSpecial && realName(path) === realName(headPath))
    throw new Error(`${path} and its head file are the same: set audit.head to another name`);
  // By the real name, because a link may lead to the same file.
  const unlock = isSpecial ? () => {} : lock(`${realName(path)}.lock`);
  let descriptor = -1;
  let headDescriptor = -1;
  let size = 0;
  let isTorn = false;
  const notes: Note[] = [];
  let end: Link = ORIGIN;

  const open = (): void => {
    const opened = files.openSync(path, "a+", 0o600);
    try {
      size = isSpecial ? 0 : files.fstatSync(opened).size;
    } catch (error) {
      files.closeSync(opened);
      throw error;
    }
    descriptor = opened;
  };
  /** Opens a file that has replaced the previous one: an empty one, or one that ends where this log does. */
  const openAnother = (last: Link): void => {
    closeFile();
    open();
    isTorn = false;
    const { line } = size === 0 ? {} : endOf(descriptor, size, files);
    if (size > 0 && (line === undefined || linkIn(line, key, path).hash !== last.hash)) {
      closeFile();
      throw new Error(`${path} was replaced by a file that is not this log: move it away`);
    }
    files.fchmodSync(descriptor, 0o600);
  };
  const closeFile = () => {
    if (descriptor >= 0) files.closeSync(descriptor);
    descriptor = -1;
  };
  /** Cuts off the remains of a failed write. */
  const mend = () => {
    if (!isTorn) return;
    files.ftruncateSync(descriptor, size);
    isTorn = false;
  };

  try {
    open();
    if (!isSpecial) {
      const found = endOf(descriptor, size, files);
      const last = found.line === undefined ? undefined : linkIn(found.line, key, path);
      if (found.torn > 0) {
        files.ftruncateSync(descriptor, found.size);
        notes.push({ event: "torn record cut off", bytes: found.torn });
        size = found.size;
      }
      end = last ?? ORIGIN;
      files.fchmodSync(descriptor, 0o600);
      headDescriptor = openHead(headPath, files);
      const content = contentOf(headDescriptor, files);
      const head = headIn(content, key);
      if (!head && content !== "" && !isHeadLike(content))
        throw new Error(
          `${headPath} is not the head file of an audit log and was not changed: set audit.head to another name`,
        );
      files.fchmodSync(headDescriptor, 0o600);
      const missed = afterHead({ end, last, head, isHeadEmpty: content === "", anchor });
      end = missed.end;
      for (const note of missed.notes) {
        notes.push(note);
        warn({ file: path, ...note }, `audit log: ${note.event}`);
      }
    }
  } catch (error) {
    closeFile();
    unlock();
    throw error;
  }

  const rotate = (seq: number) => {
    const aside = freeName(path, seq, files);
    files.renameSync(path, aside);
    const before = descriptor;
    try {
      descriptor = files.openSync(path, "ax+", 0o600);
    } catch (error) {
      descriptor = before;
      files.renameSync(aside, path);
      throw error;
    }
    size = 0;
    files.closeSync(before);
  };
  let isRotationBroken = false;

  return {
    end,
    look: (last) => {
      const found = notes.splice(0);
      if (isSpecial) return found;
      if (descriptor < 0 || !isSameFile(path, descriptor, files)) {
        openAnother(last);
        found.push({ event: "the file was removed or replaced", after: last.seq });
        warn({ file: path }, "audit file was removed or replaced: the log continues in a new one");
      }
      mend();
      const actual = files.fstatSync(descriptor).size;
      if (actual !== size) {
        found.push({ event: "somebody else changed the file", expected: size, bytes: actual });
        warn({ file: path, expected: size, bytes: actual }, "audit file was changed by another program");
        size = actual;
      }
      if (size > maxBytes) {
        try {
          rotate(last.seq);
          isRotationBroken = false;
        } catch (error) {
          if (!isRotationBroken)
            warn({ file: path, reason: (error as Error).message }, "audit file cannot be rotated: it keeps growing");
          isRotationBroken = true;
        }
      }
      return found;
    },
    write: (line, link) => {
      mend();
      const bytes = Buffer.from(line);
      try {
        for (let at = 0; at < bytes.length; ) at += files.writeSync(descriptor, bytes, at);
      } catch (error) {
        isTorn = !isSpecial;
        throw error;
      }
      size += bytes.length;
      if (headDescriptor >= 0) writeHead(headDescriptor, link, key, files, warn);
    },
    sync: () => files.fdatasyncSync(descriptor),
    close: () => {
      try {
        mend();
      } catch {}
      closeFile();
      if (headDescriptor >= 0) files.closeSync(headDescriptor);
      unlock();
    },
  };
}

/**
 * Reports whether it is a device, such as a terminal. Throws for a pipe, which could block the process, and for anything that is not a
 * file.
 */
export function isDevice(path: string, { statSync }: Pick<Files, "statSync">): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFIFO() || found?.isSocket())
    throw new Error(
      `${path} is a pipe, whose reader could block the gateway: leave audit.file out for standard output`,
    );
  return found?.isCharacterDevice() === true;
}

/** A file's real name; if it does not exist yet, its folder's. */
function realName(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    const folder = dirname(resolve(path));
    return join(fs.existsSync(folder) ? fs.realpathSync(folder) : folder, basename(path));
  }
}

/**
 * Locks a file against other processes, on this machine or any that shares its disk. SQLite's lock is the operating system's, so it ends
 * with the process.
 */
function lock(path: string): () => void {
  let database: DatabaseSync | undefined;
  try {
    fs.closeSync(fs.openSync(path, "a", 0o600));
    database = new DatabaseSync(path);
    // The journal is in memory, because the disk may be full.
    database.exec("pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive");
  } catch (error) {
    database?.close();
    if (/locked|busy/i.test((error as Error).message))
      throw new Error(
        `another process writes this audit log (it has locked ${path}): use a separate file for each gateway`,
      );
    throw new Error(`${path} cannot be locked: ${(error as Error).message}`);
  }
  const held = database;
  return () => held.close();
}

/** The link of a file's last line. Throws if that is not a record of a log with this key. */
function linkIn(line: string, key: string | undefined, path: string): Link & { readonly previous: string } {
  const record = recordIn(line);
  if (!record) throw new Error(`${path} is not an audit log: its last line is not an audit record. Use another file`);
  if (!isWhole(line, record, key))
    throw new Error(
      key !== undefined && isWhole(line, record, undefined)
        ? `${path} was written without a key, so anybody could have written it: move it away, and a new log with the key is started`
        : `the last record of ${path} was altered or has another key: verify it with postern audit verify, and move it away`,
    );
  return { seq: record.seq, hash: record.hash, previous: record.previous };
}

const BLOCK = 65_536;
/** Longer than any record, in bytes. */
const MAX_TAIL = 8 * MAX_RECORD;

/** The last complete line of a file, its end position, and the number of bytes after it. */
function endOf(
  descriptor: number,
  size: number,
  { readSync }: Files,
): { line: string | undefined; size: number; torn: number } {
  let tail = Buffer.alloc(0);
  for (let at = size; at > 0; ) {
    const length = Math.min(BLOCK, at);
    at -= length;
    if (tail.length > MAX_TAIL) break;
    const block = Buffer.alloc(length);
    readSync(descriptor, block, 0, length, at);
    tail = Buffer.concat([block, tail]);
    const end = tail.lastIndexOf(0x0a);
    const start = end < 0 ? -1 : tail.lastIndexOf(0x0a, end - 1);
    if (end < 0 || (start < 0 && at > 0)) continue;
    const line = tail.subarray(start + 1, end).toString("utf8");
    return { line, size: at + end + 1, torn: tail.length - end - 1 };
  }
  // A fragment of a first record counts only if it starts like one.
  if (size > 0 && (tail.length < size || !tail.subarray(0, 7).equals(Buffer.from('{"seq":'))))
    throw new Error("the file is not an audit log: use another file");
  return { line: undefined, size: 0, torn: size };
}

function isSameFile(path: string, descriptor: number, { statSync, fstatSync }: Files): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  const held = fstatSync(descriptor);
  return named?.ino === held.ino && named.dev === held.dev;
}

/** Rotated files sort by name. */
function freeName(path: string, seq: number, { statSync }: Files): string {
  const name = `${path}.${String(seq).padStart(12, "0")}`;
  return statSync(name, { throwIfNoEntry: false }) ? `${name}.${Date.now()}` : name;
}
