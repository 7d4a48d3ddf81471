import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { compileExpression, ExpressionError } from "./compile.ts";
import { jsonataFunctions } from "./inspect.ts";

/** The part of an expression that is refused; undefined where none is. */
function refused(source: string, functions: readonly string[] = []): string | undefined {
  try {
    compileExpression(source, { functions });
    return undefined;
  } catch (error) {
    if (!(error instanceof ExpressionError) || !error.part) throw error;
    const { text, position, length } = error.part;
    return text.slice(position, position + length);
  }
}

describe("an expression", () => {
  test("may call each of the library's functions but $eval, and these alone", () => {
    const library = readFileSync(createRequire(import.meta.url).resolve("jsonata"), "utf8");
    const names = [...library.matchAll(/staticFrame\.bind\('(\w+)'/g)].map(([, name]) => name!);
    const bound = ["now", "millis"].filter((name) => library.includes(`environment.bind('${name}'`));
    expect(new Set(jsonataFunctions)).toEqual(new Set([...names, ...bound].filter((name) => name !== "eval")));
  });

  test.each([
    ['$jion([a, b], " ")', "$jion"],
    ["a ~> $uper", "$uper"],
    ["jobs.{ 'x': $kee(id) }", "$kee"],
    ["$substringBefre(?, '@')", "$substringBefre"],
    ['a + " " + b', "+"],
    ["$string(a) + b", "+"],
    ["(a & b) + c", undefined],
    ["a + b", undefined],
    ["1 + count", undefined],
  ])("%s is refused for %s", (source, part) => expect(refused(source)).toBe(part));

  test.each([
    "($f := function($x) { $x + 1 }; $f(a))",
    "$map(a, function($each) { $each.x ~> $trim })",
    "$accountName(userName) & $bcrypt(password)",
    "function($f) { $f(1) }",
  ])("%s calls what it binds itself, or what there is", (source) => expect(refused(source)).toBeUndefined());

  test("calls what its caller binds", () => {
    expect(refused("$until(lastDay)")).toBe("$until");
    expect(refused("$until(lastDay)", ["until"])).toBeUndefined();
  });
});
