import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { headIn } from "../observe/audit/record.ts";
import { type Anchors, verifyAudit } from "../observe/audit/verify.ts";

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
    const texts = files.map((file) => readFileSync(file, "utf8"));
    return verify(files, texts, anchorsOf(files, options));
  } catch (error) {
    console.log((error as Error).message);
    return 1;
  }
}

function verify(files: readonly string[], texts: readonly string[], anchors: Anchors): number {
  const verdict = verifyAudit(texts.join(""), anchors);
  if (!verdict.ok) {
    console.log(`${placeOf(files, texts, verdict.line)}: ${verdict.problem}`);
    return 1;
  }
  const { records, first, last, hash, torn, questions } = verdict;
  const range = `${records} records, numbers ${first} to ${last}, are whole`;
  console.log(torn ? `${range}; behind the last is half a record, as a crash leaves it` : range);
  console.log(`the last record's hash: ${hash}`);
  if (questions.length > 0)
    console.log(`writes of which the log does not say what became: ${questions.length}. Look at their entries:`);
  for (const { seq, about } of questions.slice(0, MAX_SHOWN)) console.log(`  record ${seq}: ${about}`);
  return 0;
}

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

/** The file, and the line in it, of a line of them all. */
function placeOf(files: readonly string[], texts: readonly string[], line: number): string {
  let before = 0;
  for (const [index, text] of texts.entries()) {
    const lines = text.split("\n").length - 1;
    if (line <= before + lines) return `${files[index]}:${line - before}`;
    before += lines;
  }
  return `${files.at(-1)}:${line - before}`;
}
