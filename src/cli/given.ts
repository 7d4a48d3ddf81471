import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { decoded } from "../config/encoding.ts";
import type { Entry } from "../connector/connector.ts";

/** The command line cannot be understood: what is wrong with it, and what to write. */
export class UsageError extends Error {}

/** JSON that is given on the command line, or by a file, `@body.json`. Throws a `UsageError` that says where it is wrong. */
export function jsonIn(text: string, what: string): unknown {
  if (text.startsWith("@")) return fileIn(text.slice(1), what);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `${what} is not JSON: ${reasonOf(error)}. Put it in single quotes, '{"...": "..."}', or name a file, @FILE`,
    );
  }
}

/** An entry of the backend that is given as JSON, or by the name of a file. Throws a `UsageError`. */
export function entryIn(text: string): Entry {
  const entry = /^\s*[{[]/.test(text) ? jsonIn(text, "the entry") : fileIn(text.replace(/^@/, ""), "the entry");
  if (typeof entry !== "object" || entry === null || Array.isArray(entry))
    throw new UsageError(
      'the entry must be an object, with the names of the backend: {"uid": "ann", "mail": "ann@example.com"}',
    );
  return entry as Entry;
}

function fileIn(path: string, what: string): unknown {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UsageError(
      `${what}: ${isAbsent ? `there is no file ${path}` : `${path} cannot be read: ${(error as Error).message}`}`,
    );
  }
  const { text, problem } = decoded(bytes);
  if (text === undefined) throw new UsageError(`${what}: ${path}: ${problem.message}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${what}: ${basename(path)} is not JSON: ${reasonOf(error)}`);
  }
}

/** What V8 says of wrong JSON, without the text that it repeats. */
const reasonOf = (error: unknown): string =>
  (error as Error).message
    .replace(/, (?:\.\.\.)?"[\s\S]*" ?(?:\.\.\.)? is not valid JSON$/, "")
    .replace(/ in JSON /, " ");
