import { isUtf8 } from "node:buffer";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { headIn } from "../../sinks/file/record.ts";
import { type Anchors, createVerifier, type Question, type Verdict } from "../../sinks/file/verify.ts";

/** Options of `postern audit verify`. */
export interface VerifyOptions {
  readonly first?: string | undefined;
  readonly last?: string | undefined;
  /** The head file; beside the last file by default. */
  readonly head?: string | undefined;
  /** A file that holds the log's key. */
  readonly keyFile?: string | undefined;
  readonly excerpt?: boolean | undefined;
}

/** Questions that are shown. */
const MAX_SHOWN = 20;

/**
 * Verifies audit files, the older ones first, as one log. Of one file alone those that were put aside from it are taken in, too.
 * Gives 0 where it is whole, and 1 where it is not or cannot be read.
 */
export function auditVerifyCommand(given: readonly string[], options: VerifyOptions): number {
  try {
    const files = given.length === 1 && !options.excerpt ? withOlder(given[0]!) : given;
    return tell(verified(files, anchorsOf(files, options)));
  } catch (error) {
    console.log((error as Error).message);
    return 1;
  }
}

/** A verdict, and where what is wrong stands. */
type Found = { readonly verdict: Verdict; readonly place: string };

function verified(files: readonly string[], anchors: Anchors): Found {
  const verifier = createVerifier(anchors);
  let torn = false;
  for (const file of files) {
    // Half a record is at the very end alone.
    if (torn) return wrongAt(file, 1, "the file before it ends in half a record");
    let number = 0;
    for (const bytes of linesOf(file)) {
      number++;
      if (bytes.at(-1) !== 0x0a) {
        torn = true;
        continue;
      }
      // Bytes that are no text, or another text than they seem, are not what was written.
      const line = isUtf8(bytes) ? bytes.toString("utf8", 0, bytes.length - 1) : "";
      const problem = verifier.line(line);
      if (problem !== undefined) return wrongAt(file, number, problem);
    }
  }
  return { verdict: verifier.end(torn), place: String(files.at(-1)) };
}

const wrongAt = (file: string, line: number, problem: string): Found => ({
  verdict: { ok: false, line, problem },
  place: `${file}:${line}`,
});

const BLOCK = 1_048_576;

/** The lines of a file with their line breaks, read piece by piece. */
function* linesOf(file: string): Generator<Buffer> {
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

function tell({ verdict, place }: Found): number {
  if (!verdict.ok) {
    console.log(`${place}: ${verdict.problem}`);
    return 1;
  }
  const { records, first, last, hash, torn, questions, notes } = verdict;
  const range = `${records} records, numbers ${first} to ${last}, are whole`;
  console.log(torn ? `${range}; behind the last is half a record, as a crash leaves it` : range);
  console.log(`the last record's hash: ${hash}`);
  list(`writes of which the log does not say what became: ${questions.length}. Look at their entries:`, questions);
  list(`what the log says of itself: ${notes.length}. Look into it:`, notes);
  return 0;
}

function list(title: string, found: readonly Question[]): void {
  if (found.length === 0) return;
  console.log(title);
  for (const { seq, about } of found.slice(0, MAX_SHOWN)) console.log(`  record ${seq}: ${shown(about)}`);
}

/** A text as it can be printed: a client chose parts of it, and a terminal obeys control characters. */
const shown = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (each) => `\\u${each.codePointAt(0)!.toString(16).padStart(4, "0")}`);

function anchorsOf(files: readonly string[], { first, last, head, keyFile, excerpt }: VerifyOptions): Anchors {
  const key = keyFile === undefined ? undefined : readFileSync(keyFile, "utf8").replace(/\r?\n$/, "");
  const headFile = head ?? `${files.at(-1)}.head`;
  const isThere = existsSync(headFile);
  if (head !== undefined && !isThere) throw new Error(`there is no head file ${head}`);
  const found = isThere && !excerpt ? headIn(readFileSync(headFile, "utf8"), key) : undefined;
  if (isThere && !excerpt && !found)
    throw new Error(
      `${headFile} was altered, or was written with ${key === undefined ? "a key: give --key-file" : "another key"}`,
    );
  return { key, first, last, head: found, isExcerpt: excerpt ?? false };
}

/** A file, and before it those that were put aside from it. */
function withOlder(file: string): string[] {
  const prefix = `${basename(file)}.`;
  const older = readdirSync(dirname(file)).filter(
    (name) => name.startsWith(prefix) && /^\d{12}(\.\d+)?$/.test(name.slice(prefix.length)),
  );
  return [...older.sort().map((name) => join(dirname(file), name)), file];
}
