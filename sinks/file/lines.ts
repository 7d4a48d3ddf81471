import { closeSync, existsSync, openSync, readdirSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { recordIn } from "./record.ts";

const BLOCK = 1_048_576;

/** The lines of a file with their line breaks, read in blocks. */
export function* linesOf(file: string): Generator<Buffer> {
  const descriptor = openSync(file, "r");
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const block = Buffer.alloc(BLOCK);
      const length = readSync(descriptor, block, 0, BLOCK, null);
      if (length === 0) break;
      const text = Buffer.concat([rest, block.subarray(0, length)]);
      let from = 0;
      for (let end = text.indexOf(0x0a); end >= 0; end = text.indexOf(0x0a, from)) {
        yield text.subarray(from, end + 1);
        from = end + 1;
      }
      rest = text.subarray(from);
    }
    if (rest.length > 0) yield rest;
  } finally {
    closeSync(descriptor);
  }
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
