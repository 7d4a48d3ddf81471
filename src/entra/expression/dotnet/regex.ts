import { LRUCache } from "lru-cache";
import { RE2JS } from "re2js";
import { translated } from "./pattern.ts";

/** A match and its groups, as ranges of the text. */
interface Match {
  readonly start: number;
  readonly end: number;
  readonly group: (index: number) => { readonly start: number; readonly end: number } | undefined;
}

/** A compiled .NET pattern. */
export interface Pattern {
  readonly compiled: RE2JS;
  /** Number of instructions. A search takes at most this many steps per character. */
  readonly size: number;
  /** RE2's group numbers, indexed by .NET's, which number unnamed groups before named ones. */
  readonly numbers: readonly number[];
  readonly names: ReadonlyMap<string, number>;
}

/** A job has few patterns and uses them for every user. */
const patterns = new LRUCache<string, Pattern>({ max: 100 });

/** Compiles a .NET pattern. Throws a RangeError if it is invalid or needs a backtracking engine. */
export function patternOf(text: string): Pattern {
  const known = patterns.get(text);
  if (known) return known;
  const compiled = compile(translated(text));
  const names = new Map(Object.entries(compiled.namedGroups()));
  const named = new Set(names.values());
  const all = Array.from({ length: compiled.groupCount() }, (_, index) => index + 1);
  const numbers = [0, ...all.filter((each) => !named.has(each)), ...all.filter((each) => named.has(each))];
  const pattern = { compiled, size: compiled.programSize(), numbers, names };
  patterns.set(text, pattern);
  return pattern;
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : "";
    throw new RangeError(`the regular expression cannot be compiled: ${reason}`);
  }
}

/**
 * The matches of a pattern, from left to right. `spend` is called before each search with its maximum number of steps, and throws to stop.
 */
function* matchesOf({ compiled, size }: Pattern, text: string, spend: (steps: number) => void): Generator<Match> {
  const matcher = compiled.matcher(text);
  let from = 0;
  for (;;) {
    spend((text.length - from + 1) * size);
    if (!matcher.find()) return;
    from = matcher.end();
    yield {
      start: matcher.start(),
      end: from,
      group: (index) => {
        const start = matcher.start(index);
        return start < 0 ? undefined : { start, end: matcher.end(index) };
      },
    };
  }
}

/** A part of a replacement: literal, or computed from the match. */
type Part = string | ((match: Match, text: string) => string);

/** Splits a .NET replacement into parts: `$1`, `${name}`, `$$`, `$&`, `` $` ``, `$'`, `$+` and `$_`. Unknown groups are literal, as in .NET. */
function partsOf(replacement: string, pattern: Pattern): readonly Part[] {
  const parts = replacement.split(/(\$(?:\d+|\{\w+\}|[$&`'+_]))/);
  return parts.map((part, index) => (index % 2 === 0 ? part : substitution(part, pattern)));
}

function substitution(part: string, { numbers, names }: Pattern): Part {
  const name = part.replace(/^\$\{?|\}$/g, "");
  switch (part) {
    case "$$":
      return "$";
    case "$&":
      return ({ start, end }, text) => text.slice(start, end);
    case "$`":
      return ({ start }, text) => text.slice(0, start);
    case "$'":
      return ({ end }, text) => text.slice(end);
    case "$_":
      return (_, text) => text;
    case "$+":
      return groupText(numbers.at(-1)!);
  }
  const number = names.get(name) ?? (/^\d+$/.test(name) ? numbers[Number(name)] : undefined);
  return number === undefined ? part : groupText(number);
}

const groupText =
  (index: number) =>
  (match: Match, text: string): string => {
    const found = match.group(index);
    return found ? text.slice(found.start, found.end) : "";
  };

/** Replaces each match, like .NET's Regex.Replace. Throws a RangeError if the result is longer than `limit` characters. */
export function replaceMatches(
  pattern: Pattern,
  text: string,
  replacement: string,
  limit: number,
  spend: (steps: number) => void,
): string {
  const parts = partsOf(replacement, pattern);
  const pieces = new Pieces(text, limit);
  for (const match of matchesOf(pattern, text, spend)) {
    pieces.keepTo(match.start);
    for (const part of parts) pieces.add(typeof part === "string" ? part : part(match, text));
    pieces.skipTo(match.end);
  }
  return pieces.finish();
}

/** Replaces a named group within each match by a literal text. Throws a RangeError if there is no such group. */
export function replaceGroup(
  pattern: Pattern,
  text: string,
  group: string,
  replacement: string,
  limit: number,
  spend: (steps: number) => void,
): string {
  const index = indexOf(pattern, group);
  const pieces = new Pieces(text, limit);
  for (const match of matchesOf(pattern, text, spend)) {
    const found = match.group(index);
    if (!found) continue;
    pieces.keepTo(found.start);
    pieces.add(replacement);
    pieces.skipTo(found.end);
  }
  return pieces.finish();
}

/** The text of a named group in the first match; undefined without a match. Throws a RangeError if there is no such group. */
export function groupOf(
  pattern: Pattern,
  text: string,
  group: string,
  spend: (steps: number) => void,
): string | undefined {
  const index = indexOf(pattern, group);
  for (const match of matchesOf(pattern, text, spend)) return groupText(index)(match, text);
  return undefined;
}

/** RE2's number of a group, given by its name or .NET's number. Throws a RangeError if there is none. */
export function indexOf({ names, numbers }: Pattern, group: string): number {
  const index = names.get(group) ?? (/^\d+$/.test(group) ? numbers[Number(group)] : undefined);
  if (index === undefined) throw new RangeError(`the regular expression has no group "${group.slice(0, 40)}"`);
  return index;
}

/** Builds a text from ranges of another text and new pieces, up to a maximum length. */
class Pieces {
  readonly #text: string;
  readonly #limit: number;
  #pieces: string[] = [];
  #length = 0;
  #at = 0;

  constructor(text: string, limit: number) {
    this.#text = text;
    this.#limit = limit;
  }

  add(piece: string): void {
    this.#length += piece.length;
    if (this.#length > this.#limit) throw new RangeError(`a value can have at most ${this.#limit} characters`);
    this.#pieces.push(piece);
  }

  keepTo(end: number): void {
    this.add(this.#text.slice(this.#at, end));
    this.#at = end;
  }

  skipTo(end: number): void {
    this.#at = end;
  }

  finish(): string {
    this.keepTo(this.#text.length);
    return this.#pieces.join("");
  }
}
