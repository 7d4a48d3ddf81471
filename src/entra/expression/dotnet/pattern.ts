/** .NET's `\w` and `\s`, and their complements, as contents of a class. RE2's own cover ASCII only. */
const WORD = String.raw`\p{L}\p{Mn}\p{Nd}\p{Pc}`;
const NOT_WORD = String.raw`\p{Mc}\p{Me}\p{Nl}\p{No}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}\p{S}\p{Z}\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}`;
const SPACE = String.raw`\t\n\v\f\r\x{85}\p{Z}`;
const NOT_SPACE = String.raw`\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}\p{Cs}\p{Cn}\x{0}-\x{8}\x{e}-\x{1f}\x{7f}-\x{84}\x{86}-\x{9f}`;
/** Contents of a class for each class escape. */
const CLASSES: Readonly<Record<string, string>> = {
  d: String.raw`\p{Nd}`,
  D: String.raw`\P{Nd}`,
  w: WORD,
  W: NOT_WORD,
  s: SPACE,
  S: NOT_SPACE,
};
/** Escapes that only one of .NET and RE2 has, and how error messages name them. */
const REFUSED: Readonly<Record<string, string>> = {
  k: "back-references",
  G: "\\G",
  Z: "\\Z (use \\z)",
  Q: "\\Q, which .NET does not know either",
  E: "\\E, which .NET does not know either",
  C: "\\C, which .NET does not know either",
};
/** Groups that only a backtracking engine can match. */
const GROUPS: readonly (readonly [start: string, name: string])[] = [
  ["?=", "look-ahead"],
  ["?!", "look-ahead"],
  ["?<=", "look-behind"],
  ["?<!", "look-behind"],
  ["?>", "atomic groups"],
  ["?(", "conditions"],
];

/** Maximum characters of a pattern, and maximum instructions with its repetitions written out. */
const limits = { length: 1000, size: 1000 };

const unsupported = (what: string): RangeError =>
  new RangeError(`the regular expression engine, which runs in linear time, has no ${what}`);

/**
 * Translates a .NET pattern to RE2's syntax: `\d`, `\w` and `\s` cover Unicode, `\uXXXX` and `(?'name'...)` are rewritten, comments are
 * removed. Throws a RangeError for what RE2 can't do, and for patterns that are too long or, with their repetitions, too large.
 */
export function translated(pattern: string): string {
  if (pattern.length > limits.length)
    throw new RangeError(`a regular expression can have at most ${limits.length} characters`);
  const sizes = new Sizes();
  let result = "";
  for (let at = 0; at < pattern.length; ) {
    const [text, length] = partAt(pattern, at, sizes);
    if (sizes.total > limits.size)
      throw new RangeError("the regular expression is too large when its repetitions are written out");
    result += text;
    at += length;
  }
  return result;
}

/** The part that begins at an index: its translation, and its length in the pattern. */
function partAt(pattern: string, at: number, sizes: Sizes): readonly [string, number] {
  const character = pattern[at]!;
  const rest = pattern.slice(at);
  if (character === "(") return groupAt(rest, sizes);
  if (character === ")") {
    sizes.close();
    return [")", 1];
  }
  const repetition = /^\{(\d{1,4})(?:,(\d{0,4}))?\}/.exec(rest);
  if (repetition) {
    sizes.repeat(Math.max(Number(repetition[1]), Number(repetition[2] || 0)));
    return [repetition[0], repetition[0].length];
  }
  sizes.add();
  if (character === "[") return classAt(rest);
  if (character !== "\\") return [character, 1];
  const [text, length] = escapeAt(rest, false);
  return [text, length];
}

function groupAt(rest: string, sizes: Sizes): readonly [string, number] {
  const inside = rest.slice(1);
  const refused = GROUPS.find(([start]) => inside.startsWith(start));
  if (refused) throw unsupported(refused[1]);
  const comment = /^\(\?#[^)]*\)/.exec(rest);
  if (comment) return ["", comment[0].length];
  sizes.open();
  const named = /^\(\?(?:<([^>']*)>|'([^>']*)')/.exec(rest);
  if (!named) return ["(", 1];
  const name = named[1] ?? named[2] ?? "";
  if (name.includes("-")) throw unsupported("balancing groups");
  return [`(?<${name}>`, named[0].length];
}

/** Translates an escape, inside or outside a class. */
function escapeAt(rest: string, isInClass: boolean): readonly [string, number] {
  const letter = rest[1] ?? "";
  const reason = Object.hasOwn(REFUSED, letter) ? REFUSED[letter] : undefined;
  if (reason !== undefined) throw unsupported(reason);
  if (!isInClass && /[1-9]/.test(letter)) throw unsupported("back-references");
  const code = /^\\u([0-9a-f]{4})/i.exec(rest);
  if (code) return [`\\x{${code[1]}}`, code[0].length];
  if (letter === "e") return ["\\x{1b}", 2];
  if (letter === "b" && isInClass) return ["\\x{8}", 2];
  const category = /^\\[pP]\{[^}]*\}/.exec(rest);
  if (category) return [category[0], category[0].length];
  const members = Object.hasOwn(CLASSES, letter) ? CLASSES[letter]! : undefined;
  if (members === undefined) return [`\\${letter}`, 2];
  return [isInClass ? members : `[${members}]`, 2];
}

/** Translates a class in brackets. In .NET, `[` is literal there, and `-[` subtracts another class. */
function classAt(rest: string): readonly [string, number] {
  let result = rest.startsWith("[^") ? "[^" : "[";
  let at = result.length;
  // A bracket at the beginning doesn't end the class.
  if (rest[at] === "]") {
    result += "\\]";
    at++;
  }
  while (at < rest.length && rest[at] !== "]") {
    if (rest.startsWith("-[", at)) throw unsupported("subtraction of classes");
    const [text, length] =
      rest[at] === "\\" ? escapeAt(rest.slice(at), true) : [rest[at] === "[" ? "\\[" : rest[at]!, 1];
    result += text;
    at += length;
  }
  return at < rest.length ? [`${result}]`, at + 1] : [result, at];
}

/** Counts a pattern's instructions, with its repetitions written out. */
class Sizes {
  #groups: { total: number; last: number }[] = [{ total: 0, last: 0 }];

  get total(): number {
    return this.#groups.reduce((sum, { total }) => sum + total, 0);
  }

  add(size = 1): void {
    const group = this.#groups.at(-1)!;
    group.total += size;
    group.last = size;
  }

  repeat(times: number): void {
    const group = this.#groups.at(-1)!;
    group.total += group.last * Math.max(0, times - 1);
    group.last *= Math.max(1, times);
  }

  open(): void {
    this.#groups.push({ total: 0, last: 0 });
  }

  close(): void {
    if (this.#groups.length > 1) this.add((this.#groups.pop()?.total ?? 0) + 2);
  }
}
