import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";

/** What is recorded of a write; more is added by the log itself: number, time, and the chain. */
export type AuditFields = Readonly<Record<string, unknown>>;

export interface AuditLog {
  /** Appends a record, and does not return before it is written. Throws where it cannot be. */
  readonly append: (fields: AuditFields) => void;
  readonly close: () => void;
}

export interface AuditOptions {
  /** The file; standard output without it. */
  readonly file: string | undefined;
  /** A file that is larger is put aside. */
  readonly maxBytes: number;
  /** Whether a record is to be on the disk before `append` returns, not only with the operating system. */
  readonly sync: boolean;
}

interface Chained {
  readonly seq: number;
  readonly hash: string;
}
const START: Chained = { seq: 0, hash: "0".repeat(64) };

/** A record as a line: its fields, and behind them the hash of all before it and of itself. */
function lineOf(fields: AuditFields, previous: Chained): { line: string; chained: Chained } {
  const seq = previous.seq + 1;
  const body = JSON.stringify({ seq, time: new Date().toISOString(), ...fields, previous: previous.hash });
  const hash = sha256(body);
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}\n`, chained: { seq, hash } };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * Opens the audit log. A file that is there is gone on with: what a crash left of a record behind the last whole one is cut
 * off, and recorded as such. Throws where the file cannot be written, or its last record is none.
 */
export function openAudit({ file, maxBytes, sync }: AuditOptions): AuditLog {
  let descriptor = file === undefined ? 1 : openSync(file, "a+", 0o600);
  let last = START;
  let size = 0;
  const write = (fields: AuditFields) => {
    const { line, chained } = lineOf(fields, last);
    writeWhole(descriptor, line);
    if (sync && file !== undefined) fdatasyncSync(descriptor);
    last = chained;
    size += Buffer.byteLength(line);
  };
  if (file !== undefined) {
    const found = endOf(descriptor);
    if (found.torn > 0) ftruncateSync(descriptor, found.size);
    size = found.size;
    last = found.last === undefined ? START : chainedOf(found.last, file);
    if (found.torn > 0) write({ event: "torn record cut off", bytes: found.torn });
  }
  return {
    append: (fields) => {
      if (file !== undefined && size > maxBytes) {
        closeSync(descriptor);
        renameSync(file, asideName(file, last.seq));
        descriptor = openSync(file, "a+", 0o600);
        size = 0;
      }
      write(fields);
    },
    close: () => {
      if (file !== undefined) closeSync(descriptor);
    },
  };
}

/** Files that were put aside are in the order of their names. */
const asideName = (file: string, seq: number): string => {
  const name = `${file}.${String(seq).padStart(12, "0")}`;
  return existsSync(name) ? `${name}.${Date.now()}` : name;
};

/** A pipe may take less than all at a time, or nothing just now. */
function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** No record is longer than this, in bytes. */
const MAX_LINE = 1_048_576;

/** The last whole line of a file, how long it is up to its end, and how many bytes there are behind it. */
function endOf(descriptor: number): { last: string | undefined; size: number; torn: number } {
  const { size } = fstatSync(descriptor);
  const length = Math.min(size, 2 * MAX_LINE);
  const bytes = Buffer.alloc(length);
  readSync(descriptor, bytes, 0, length, size - length);
  const end = bytes.lastIndexOf(0x0a);
  if (end < 0) return { last: undefined, size: size - length, torn: length };
  const start = bytes.lastIndexOf(0x0a, end - 1) + 1;
  return { last: bytes.subarray(start, end).toString("utf8"), size: size - length + end + 1, torn: length - end - 1 };
}

function chainedOf(line: string, file: string): Chained {
  const { seq, hash } = (parsed(line) ?? {}) as Partial<Chained>;
  if (typeof seq !== "number" || typeof hash !== "string")
    throw new Error(`the last line of the audit file ${file} is no audit record: put the file aside`);
  return { seq, hash };
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** What is wrong in an audit log, and where; or how far it is whole. */
export type Verdict =
  | {
      readonly ok: true;
      readonly records: number;
      readonly first: number;
      readonly last: number;
      readonly hash: string;
      readonly torn: boolean;
    }
  | { readonly ok: false; readonly line: number; readonly problem: string };

/**
 * Verifies the text of an audit log, of its files one after the other: that no record was altered, taken out, put in or moved.
 * That some are missing at its end is seen by its last number and hash alone, which are given.
 */
export function verifyAudit(text: string): Verdict {
  const lines = text.split("\n");
  // Behind the last line break is nothing, or what a crash left.
  const torn = lines.pop() !== "";
  let previous: Chained | undefined;
  let first = 0;
  for (const [index, line] of lines.entries()) {
    const record = parsed(line);
    const wrong = (problem: string): Verdict => ({ ok: false, line: index + 1, problem });
    if (!record) return wrong("this is no record");
    const { seq, hash, previous: before } = record as { seq?: unknown; hash?: unknown; previous?: unknown };
    const at = line.lastIndexOf(',"hash":"');
    if (typeof seq !== "number" || typeof hash !== "string" || at < 0) return wrong("this is no record");
    if (sha256(`${line.slice(0, at)}}`) !== hash) return wrong("the record was altered: its hash is another");
    if (previous && seq !== previous.seq + 1)
      return wrong(`records are missing: behind number ${previous.seq} comes number ${seq}`);
    if (previous && before !== previous.hash) return wrong("the record before it is another than was there");
    if (!previous) first = seq;
    previous = { seq, hash };
  }
  return { ok: true, records: lines.length, first, last: previous?.seq ?? 0, hash: previous?.hash ?? START.hash, torn };
}
