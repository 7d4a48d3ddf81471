import { describe, expect, test } from "vitest";
import { translated } from "./pattern.ts";
import { groupOf, patternOf, replaceGroup, replaceMatches } from "./regex.ts";

const noLimit = () => {};
const replaced = (pattern: string, text: string, replacement: string): string =>
  replaceMatches(patternOf(pattern), text, replacement, 1000, noLimit);

describe(".NET's regular expressions", () => {
  test.each([
    // Classes are those of Unicode.
    [String.raw`\w+`, "Müller-Łuk_1", "x", "x-x"],
    [String.raw`\d`, "1٣", "x", "xx"],
    [String.raw`\s`, "a\u00a0b c\u0085", "_", "a_b_c_"],
    [String.raw`[\W]`, "ä-b!", "x", "äxbx"],
    [String.raw`[^\w@.]`, "j ö@b.c!", "", "jö@b.c"],
    [String.raw`[^\W_]`, "a_ß-", "x", "x_x-"],
    [String.raw`[\s\S]`, "a\n😀\u{10ffff}", "x", "xxxx"],
    [String.raw`[^\S\r\n]`, "a b\n", "_", "a_b\n"],
    [String.raw`[\D]`, "a1", "x", "x1"],
    // Within a class brackets stand for themselves, one at the beginning too.
    ["[[]", "a[b", "x", "axb"],
    ["[]a]", "]ab", "x", "xxb"],
    ["[[:alpha:]]", "a:]", "x", "ax"],
    [String.raw`[\[\]]`, "[a]", "", "a"],
    // Escapes.
    [String.raw`\u00e4`, "ä", "x", "x"],
    [String.raw`\e|[\b]`, "\u001b\b", "x", "xx"],
    [String.raw`\.\-\@\_`, ".-@_", "x", "x"],
    ["a(?#a comment)b", "ab", "x", "x"],
    ["(?'n'a)b", "ab", "${n}", "a"],
    ["(?i)A", "a", "x", "x"],
    // Substitutions. Groups without a name are numbered first.
    ["(?<n>a)(b)", "ab", "$1$2", "ba"],
    ["(a)(b)", "abc", "$2$1", "bac"],
    ["b", "abc", "[$&$$$`$'$_]", "a[b$acabc]c"],
    ["(a)|(b)", "ab", "<$+>", "<><b>"],
    ["a", "a", "$1 ${n} $", "$1 ${n} $"],
    ["(?<n>a)", "aa", "${n}${n}", "aaaa"],
    // Matches of nothing.
    ["x*", "ab", "-", "-a-b-"],
  ])("%s in %j replaced by %s is %j", (pattern, text, replacement, expected) => {
    expect(replaced(pattern, text, replacement)).toBe(expected);
  });

  test.each([
    ["(?=a)", "look-ahead"],
    ["(?!a)", "look-ahead"],
    ["(?<=a)", "look-behind"],
    ["(?<!a)", "look-behind"],
    ["(?>a)", "atomic groups"],
    ["(?(a)b|c)", "conditions"],
    ["(?<a-b>c)", "balancing groups"],
    [String.raw`(a)\1`, "back-references"],
    [String.raw`(?<a>b)\k<a>`, "back-references"],
    ["[a-z-[aeiou]]", "subtraction of classes"],
    [String.raw`a\Z`, String.raw`\Z (use \z)`],
    [String.raw`\Qa`, String.raw`\Q, which .NET does not know either`],
  ])("%s is refused: the engine has no %s", (pattern, what) => {
    expect(() => translated(pattern)).toThrow(
      new RangeError(`the regular expression engine, which runs in linear time, has no ${what}`),
    );
  });

  test("what cannot be compiled is refused with the reason", () => {
    expect(() => patternOf("(a")).toThrow("the regular expression cannot be compiled: missing closing ): `(a`");
    expect(() => patternOf("a++")).toThrow("invalid nested repetition operator: `++`");
  });

  test("long patterns, and those that are large with their repetitions, are refused before they are compiled", () => {
    expect(() => patternOf("a".repeat(1001))).toThrow("a regular expression can have at most 1000 characters");
    const large = "the regular expression is too large when its repetitions are written out";
    expect(() => patternOf("a{600}".repeat(2))).toThrow(large);
    expect(() => patternOf(`(?:${"a".repeat(100)}){100}`)).toThrow(large);
    expect(() => patternOf("((a{10}){10}){20}")).toThrow(large);
    expect(replaced(String.raw`^(\d{1,3}[- ]){10,20}`, "1-".repeat(12), "x")).toBe("x");
  });

  test("of a group the part alone is replaced, in each match that has one", () => {
    const pattern = patternOf("(?<digit>[0-9])-|x");
    expect(replaceGroup(pattern, "1-2-x3", "digit", "$1", 100, noLimit)).toBe("$1-$1-x3");
    expect(groupOf(pattern, "a7-8-", "digit", noLimit)).toBe("7");
    expect(groupOf(pattern, "a", "digit", noLimit)).toBeUndefined();
    expect(() => groupOf(pattern, "a", "letter", noLimit)).toThrow('the regular expression has no group "letter"');
  });

  test("the result is bounded, and each search is counted before it is made", () => {
    expect(() => replaceMatches(patternOf("a"), "aaa", "12345", 10, noLimit)).toThrow(
      "a value can have at most 10 characters",
    );
    const steps: number[] = [];
    replaceMatches(patternOf("a"), "aaa", "", 10, (each) => steps.push(each));
    const { size } = patternOf("a");
    expect(steps).toEqual([4 * size, 3 * size, 2 * size, size]);
  });
});
