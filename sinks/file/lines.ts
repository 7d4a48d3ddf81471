import { closeSync, existsSync, openSync, readdirSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { recordIn } from "./record.ts";

const BLOCK = 1_048_576;
/** No record is longer, in bytes. What is longer is no record, and is not read to its end. */
export const MAX_LINE = 4 * BLOCK;

/** The lines of a file with their line breaks, read in blocks. */
export function* linesOf(file: string): Generator<Buffer> {
  const descriptor = openSync(file, "r");
  try {
    yield* linesIn(descriptor, Number.POSITIVE_INFINITY);
  } finally {
    closeSync(descriptor);
  }
}

/** The lines of an open file up to a position. */
export function* linesIn(descriptor: number, end: number): Generator<Buffer> {
  let rest = Buffer.alloc(0);
  for (let position = 0; position < end; ) {
    const block = Buffer.alloc(BLOCK);
    const length = readSync(descriptor, block, 0, Math.min(BLOCK, end - position), position);
    if (length === 0) break;
    position += length;
    const text = Buffer.concat([rest, block.subarray(0, length)]);
    let from = 0;
    for (let at = text.indexOf(0x0a); at >= 0; at = text.indexOf(0x0a, from)) {
      yield text.subarray(from, at + 1);
      from = at + 1;
    }
    rest = text.subarray(from);
    if (rest.length > MAX_LINE) {
      yield Buffer.concat([rest, Buffer.from("\n")]);
      return;
    }
  }
  if (rest.length > 0) yield rest;
}

/** A file with its rotated predecessors, oldest first. */
export function withOlder(file: string): string[] {
  const prefix = `${basename(file)}.`;
  const older = readdirSync(dirname(file)).filter(
    (name) => name.startsWith(prefix) && /^\d{12}(\.\d+)?$/.test(name.slice(prefix.length)),
  );
  return [...older.sort().map((name) => join(dirname(file), name)), file];
}

/** The hash of a record by its number, searching the newest files first. Undefined if none contains it. */
export function hashAt(file: string, seq: number): string | undefined {
  const beginning = Buffer.from(`{"seq":${seq},`);
  for (const each of withOlder(file).toReversed().filter(existsSync))
    for (const line of linesOf(each))
      if (line.subarray(0, beginning.length).equals(beginning)) return recordIn(line.toString("utf8").trimEnd())?.hash;
  return undefined;
}
