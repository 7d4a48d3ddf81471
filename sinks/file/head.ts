import type { AuditEvent, ChainEnd } from "../../src/sink/sink.ts";
import type { Files } from "./files.ts";
import { type Head, headText, type Link } from "./record.ts";

const HEAD_BYTES = 256;

/** Opens a head file for reading and writing in place, and creates it if necessary. */
export function openHead(path: string, { openSync, closeSync }: Files): number {
  closeSync(openSync(path, "a", 0o600));
  return openSync(path, "r+");
}

/** The content of a head file. */
export function contentOf(descriptor: number, { readSync }: Files): string {
  const bytes = Buffer.alloc(HEAD_BYTES);
  const length = readSync(descriptor, bytes, 0, HEAD_BYTES, 0);
  return bytes.subarray(0, length).toString("utf8");
}

/** The record itself has been written: a head that cannot be is one behind, which verification accepts as a crash. */
export function writeHead(
  descriptor: number,
  head: Head,
  key: string | undefined,
  { writeSync }: Files,
  warn: (fields: object, message: string) => void,
): void {
  try {
    writeSync(descriptor, Buffer.from(headText(head, key)), 0, HEAD_BYTES, 0);
  } catch (error) {
    warn({ reason: (error as Error).message }, "head file of the audit log cannot be written");
  }
}

/** What is known about a log's end when it is opened. */
interface Ends {
  /** The end of the file. */
  readonly end: Link;
  /** Its last record. */
  readonly last: { readonly previous: string } | undefined;
  /** The end according to the head file. */
  readonly head: Head | undefined;
  readonly isHeadEmpty: boolean;
  /** The earlier end according to the store. */
  readonly anchor: ChainEnd | undefined;
}

/**
 * Compares a file's end with its head file and the store. Returns what must be recorded, and where the chain continues: after missing
 * records, so that nobody can insert others in their place.
 */
export function afterHead({ end, last, head, isHeadEmpty, anchor }: Ends): { end: Link; notes: readonly AuditEvent[] } {
  const { end: known, notes } = fromHead({ end, last, head, isHeadEmpty });
  if (anchor && anchor.seq > known.seq) {
    const missing = { from: known.seq + 1, to: anchor.seq, expected: anchor.hash };
    return { end: anchor, notes: [...notes, { event: "records are missing, the store says", ...missing }] };
  }
  if (anchor && anchor.seq === known.seq && anchor.hash !== known.hash)
    return {
      end: known,
      notes: [...notes, { event: "the last record is another than the store says", expected: anchor.hash }],
    };
  return { end: known, notes };
}

function fromHead({ end, last, head, isHeadEmpty }: Omit<Ends, "anchor">): { end: Link; notes: AuditEvent[] } {
  if (!head) {
    if (end.seq === 0) return { end, notes: [] };
    const event = isHeadEmpty ? "the head file was missing" : "the head file was altered, or had another key";
    return { end, notes: [{ event, after: end.seq }] };
  }
  if (head.seq < end.seq && !(head.seq === end.seq - 1 && head.hash === last?.previous))
    return { end, notes: [{ event: "the head file is of an earlier record", says: head.seq, after: end.seq }] };
  if (head.seq > end.seq) {
    const missing = { from: end.seq + 1, to: head.seq, expected: head.hash };
    return { end: head, notes: [{ event: "records are missing", ...missing }] };
  }
  if (head.seq === end.seq && head.hash !== end.hash)
    return { end, notes: [{ event: "the last record is another than the head file says", expected: head.hash }] };
  return { end, notes: [] };
}
