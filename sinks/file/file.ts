import * as fs from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AuditEvent, ChainEnd } from "../../src/sink/sink.ts";
import type { Files } from "./files.ts";
import { afterHead, contentOf, openHead, writeHead } from "./head.ts";
import { headIn, isHeadLike, isWhole, type Link, MAX_RECORD, ORIGIN, recordIn } from "./record.ts";

/** Something that was found, and is to be recorded. */
export type Note = AuditEvent;

/** A file of audit records that is open. */
export interface AuditFile {
  /** Where the chain that is gone on with ended. */
  readonly end: Link;
  /** Writes a line, whole or not at all. Throws where it cannot. Gives what is to be recorded before it is tried again. */
  readonly write: (line: string, link: Link) => void;
  /** What has happened to the file since it was looked at last, opening it anew where it is another: to be recorded first. */
  readonly look: (end: Link) => readonly Note[];
  readonly sync: () => void;
  readonly close: () => void;
}

/** What a file of audit records is opened with. */
export interface FileOptions {
  readonly path: string;
  /** Where the head of the chain is kept; beside the file by default. */
  readonly head: string;
  /** Where the chain ended as the store knows it, where one is shared. */
  readonly anchor?: ChainEnd | undefined;
  /** A file that is larger is put aside. */
  readonly maxBytes: number;
  readonly key?: string | undefined;
  readonly files?: Files | undefined;
  readonly warn: (fields: object, message: string) => void;
}

/**
 * Opens a file of audit records, for this process alone. One that is there is gone on with: half a record at its end, as a crash
 * leaves it, is cut off. Throws where another process has it, or where it is no audit log: nothing of it is touched then.
 */
export function openAuditFile(options: FileOptions): AuditFile {
  const { path, head: headPath, anchor, maxBytes, key, files = fs, warn } = options;
  const isSpecial = isDevice(path, files);
  if (!isSpecial && realName(path) === realName(headPath))
    throw new Error(`${path} and its head file are the same: give audit.head another name`);
  // By the file's own name: another one may lead to it, too.
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
  /** Opens a file that has taken the place of the one before: an empty one, or one that ends where this log does. */
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
  /** Cuts what a failed write left. */
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
          `${headPath} is no head file of an audit log, and stays as it is: give audit.head another name`,
        );
      files.fchmodSync(headDescriptor, 0o600);
      const missed = afterHead({ end, last, head, isHeadEmpty: content === "", anchor });
      end = missed.end;
      for (const note of missed.notes) {
        notes.push(note);
        warn({ file: path, ...note }, `the audit log: ${note.event}`);
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
        warn({ file: path }, "the audit file was removed or replaced: the log goes on in a new one");
      }
      mend();
      const actual = files.fstatSync(descriptor).size;
      if (actual !== size) {
        found.push({ event: "somebody else changed the file", expected: size, bytes: actual });
        warn({ file: path, expected: size, bytes: actual }, "somebody else changed the audit file");
        size = actual;
      }
      if (size > maxBytes) {
        try {
          rotate(last.seq);
          isRotationBroken = false;
        } catch (error) {
          if (!isRotationBroken)
            warn({ file: path, reason: (error as Error).message }, "the audit file cannot be put aside: it grows on");
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

/** Whether it is a device, such as a terminal. Throws for what would hold up the process, or is no file at all. */
export function isDevice(path: string, { statSync }: Pick<Files, "statSync">): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFIFO() || found?.isSocket())
    throw new Error(
      `${path} is a pipe, whose reader could hold up everything: leave audit.file out for standard output`,
    );
  return found?.isCharacterDevice() === true;
}

/** A file's name without links; of one that is not there yet, its folder's. */
function realName(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    const folder = dirname(resolve(path));
    return join(fs.existsSync(folder) ? fs.realpathSync(folder) : folder, basename(path));
  }
}

/**
 * Keeps other processes off a file, on this machine or any that shares its disk: SQLite's lock is the operating system's own, so
 * that it is gone when the process is, however that ended.
 */
function lock(path: string): () => void {
  let database: DatabaseSync | undefined;
  try {
    fs.closeSync(fs.openSync(path, "a", 0o600));
    database = new DatabaseSync(path);
    // Without a journal on the disk, which may be full.
    database.exec("pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive");
  } catch (error) {
    database?.close();
    if (/locked|busy/i.test((error as Error).message))
      throw new Error(
        `another process writes this audit log (it has locked ${path}): give each gateway a file of its own`,
      );
    throw new Error(`${path} cannot be locked: ${(error as Error).message}`);
  }
  const held = database;
  return () => held.close();
}

/** The link of a file's last line. Throws where that is no record of a log with this key. */
function linkIn(line: string, key: string | undefined, path: string): Link & { readonly previous: string } {
  const record = recordIn(line);
  if (!record) throw new Error(`${path} is no audit log: its last line is no audit record. Name another file`);
  if (!isWhole(line, record, key))
    throw new Error(
      key !== undefined && isWhole(line, record, undefined)
        ? `${path} was written without a key, so that anybody could have written it: move it away, and a log with a key begins`
        : `the last record of ${path} was altered, or has another key: verify it, and put it aside`,
    );
  return { seq: record.seq, hash: record.hash, previous: record.previous };
}

const BLOCK = 65_536;
/** Longer than any record, in bytes. */
const MAX_TAIL = 8 * MAX_RECORD;

/** The last whole line of a file, how long the file is up to its end, and how many bytes there are behind it. */
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
  // Half of a first record is one only where it begins as records do.
  if (size > 0 && (tail.length < size || !tail.subarray(0, 7).equals(Buffer.from('{"seq":'))))
    throw new Error("the file is no audit log: name another one");
  return { line: undefined, size: 0, torn: size };
}

function isSameFile(path: string, descriptor: number, { statSync, fstatSync }: Files): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  const held = fstatSync(descriptor);
  return named?.ino === held.ino && named.dev === held.dev;
}

/** Files that were put aside are in the order of their names. */
function freeName(path: string, seq: number, { statSync }: Files): string {
  const name = `${path}.${String(seq).padStart(12, "0")}`;
  return statSync(name, { throwIfNoEntry: false }) ? `${name}.${Date.now()}` : name;
}
