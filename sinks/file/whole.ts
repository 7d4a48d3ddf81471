import { isUtf8 } from "node:buffer";
import { type Anchors, createVerifier, type Verdict } from "./verify.ts";

/** A file of a log: its name, and its lines with their line breaks. */
export interface LogFile {
  readonly name: string;
  readonly lines: () => Iterable<Buffer>;
}

/** A verdict, and where what is wrong stands. */
export interface Found {
  readonly verdict: Verdict;
  readonly place: string;
}

/** How far a log has been verified. */
export interface Reached {
  readonly file: string;
  /** Records and bytes so far, over all files. */
  readonly records: number;
  readonly bytes: number;
}

/** After how many records it is told how far the work is. */
const TELL = 500;

/** Verifies the files of a log, oldest first, record by record, so that any length fits in little memory. Tells now and then how far it is. */
export function* verifying(files: readonly LogFile[], anchors: Anchors): Generator<Reached, Found> {
  const verifier = createVerifier(anchors);
  let [records, bytes, torn] = [0, 0, false];
  for (const { name, lines } of files) {
    const wrongAt = (line: number, problem: string): Found => ({
      verdict: { ok: false, line, problem, chains: verifier.chains() },
      place: `${name}:${line}`,
    });
    // Half a record is at the very end alone.
    if (torn) return wrongAt(1, "the file before it ends in half a record");
    let number = 0;
    for (const line of lines()) {
      number++;
      bytes += line.length;
      if (++records % TELL === 0) yield { file: name, records, bytes };
      if (line.at(-1) !== 0x0a) {
        torn = true;
        continue;
      }
      // Bytes that are no text, or another text than they seem, are not what was written.
      const problem = verifier.line(isUtf8(line) ? line.toString("utf8", 0, line.length - 1) : "");
      if (problem !== undefined) return wrongAt(number, problem);
    }
  }
  return { verdict: verifier.end(torn), place: String(files.at(-1)?.name) };
}
