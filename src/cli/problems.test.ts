import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../config/diagnostic.ts";
import { problemText } from "./problems.ts";

/** No terminal: no colours. */
const plain = new PassThrough() as unknown as NodeJS.WriteStream;
const mistake = (excerpt: string, column: number, length: number): Diagnostic => ({
  severity: "error",
  code: "x",
  file: "a.yaml",
  line: 7,
  column,
  length,
  message: "wrong",
  excerpt,
});
/** What the marks stand below. */
function marked(problem: Diagnostic): string {
  const [, line = "", marks = ""] = problemText(problem, plain).split("\n");
  return line.slice(marks.indexOf("^"), marks.lastIndexOf("^") + 1);
}

describe("a mistake", () => {
  test("is marked below its line", () => {
    expect(problemText(mistake("a: bcd", 4, 3), plain)).toBe("a.yaml:7:4: error: wrong\n  7 | a: bcd\n    |    ^^^");
  });

  test("is marked once where nobody knows how long it is", () => expect(marked(mistake("a: bcd", 4, 0))).toBe("b"));

  test("keeps tabs before the mark, so that it stands right on a terminal", () => {
    expect(problemText(mistake("\tx: 1", 2, 1), plain)).toContain("\n    | \t^");
  });

  test("in a long line is shown with what is around it", () => {
    const long = `${"a".repeat(500)}MISTAKE${"b".repeat(500)}`;
    expect(marked(mistake(long, 501, 7))).toBe("MISTAKE");
    for (const line of problemText(mistake(long, 501, 7), plain).split("\n")) expect(line.length).toBeLessThan(130);
  });

  test("of a file as a whole has no line", () => {
    const { excerpt: _, ...whole } = mistake("", 1, 0);
    expect(problemText({ ...whole, line: 1 }, plain)).toBe("a.yaml: error: wrong");
  });
});
