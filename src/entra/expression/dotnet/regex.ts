import { LRUCache } from "lru-cache";
import { RE2JS } from "re2js";
import { translated } from "./pattern.ts";

/** A match: where it is, and the texts and places of its groups. */
interface Match {
  readonly start: number;
  readonly end: number;
  readonly group: (index: number) => { readonly start: number; readonly end: number } | undefined;
}

/** A compiled .NET pattern. */
export interface Pattern {
  readonly compiled: RE2JS;
  /** Instructions of the program: a search takes at most so many steps for each character. */
  readonly size: number;
  /** RE2's numbers of groups by .NET's: 0 is all, groups without a name come before those with one. */
  readonly numbers: readonly number[];
  readonly names: ReadonlyMap<string, number>;
}

/** The patterns of a configuration are few, and each is used for each person. */
const patterns = new LRUCache<string, Pattern>({ max: 100 });

/** Compiles a .NET pattern. Throws a RangeError for a wrong one, and for what an engine in linear time cannot do. */
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
 * The matches of a pattern, from left to right. `spend` is told before each search how many steps it may take, and throws when they are too many.
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

/** How a match is replaced: each part stands for itself, or for a part of the text. */
type Part = string | ((match: Match, text: string) => string);

/** The parts of a .NET replacement: `$1`, `${name}`, `$$`, `$&`, `` $` ``, `$'`, `$+` and `$_`; what names no group stands for itself. */
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

/** Replaces each match, as .NET's Regex.Replace does. `limit` is the greatest length of the result; a RangeError beyond it. */
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

/** Replaces what a named group has in each match by a literal text. Throws a RangeError where there is no such group. */
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

/** What a named group has in the first match; undefined where there is no match. Throws a RangeError where there is no such group. */
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

/** RE2's number of a group by its name, or by .NET's number. */
export function indexOf({ names, numbers }: Pattern, group: string): number {
  const index = names.get(group) ?? (/^\d+$/.test(group) ? numbers[Number(group)] : undefined);
  if (index === undefined) throw new RangeError(`the regular expression has no group "${group.slice(0, 40)}"`);
  return index;
}

/** Puts a text together from parts of another and from new ones, up to a length. */
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
    if (this.#length > this.#limit) throw new RangeError(`a value has at most ${this.#limit} characters`);
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
