import { describe, expect, test } from "vitest";
import { consoleCommands, isOpen } from "./commands.ts";
import { compare } from "./compare.ts";
import { isLongRunning } from "./shell.ts";

const id = "2819c223-7f76-453a-919d-413861904646";
const other = "5ac33000-7e06-1041-9ab4-57f35c5b7cb9";

describe("an output fits what a page shows", () => {
  test.each([
    ["line by line", ["a", "b"], ["a", "b"]],
    ["whatever the blank lines around it", ["", "a"], ["a", "", ""]],
    ["where ... stands for lines", ["a", "...", "d"], ["a", "b", "c", "d"]],
    ["where ... stands for none", ["a", "...", "b"], ["a", "b"]],
    ["where ... stands for a part of a line", ['"meta": { ... }'], ['"meta": { "version": 1 }']],
    ["with other ids and times", [`id ${id} at 2026-01-01T00:00:00Z`], [`id ${other} at 2026-11-26T16:58:31.123Z`]],
    ["with another duration", ["done in 12 ms"], ["done in 340 ms"]],
  ])("%s", (_, page, output) => {
    expect(compare(page, output)).toHaveProperty("learnt");
  });

  test.each([
    ["a line more", ["a"], ["a", "b"]],
    ["a line less", ["a", "b"], ["a"]],
    ["a name instead of an id", [`id ${id}`], ["id ann"]],
    ["an address that is another", ["192.0.2.1"], ["192.0.2.2"]],
  ])("not with %s", (_, page, output) => {
    expect(compare(page, output)).toHaveProperty("difference");
  });

  test("and the ids that came are known afterwards", () => {
    expect(compare([`made ${id}`], [`made ${other}`])).toEqual({ learnt: new Map([[id, other]]) });
  });
});

test("a command goes on behind a backslash, within quotes and in a here-document", () => {
  const text = "$ echo 'a\nb'\na\nb\n$ cat <<END\nx\nEND\nx\n$ ls \\\n  -l\n";
  expect(consoleCommands(text).map(({ text, output }) => [text, output])).toEqual([
    ["echo 'a\nb'", ["a", "b"]],
    ["cat <<END\nx\nEND", ["x"]],
    ["ls \\\n  -l", []],
  ]);
  expect(isOpen("echo # don't")).toBe(false);
});

test.each([
  ["postern serve -c a.yaml", true],
  ["npm start", true],
  ["postern", true],
  ["SCIM_TOKEN=x postern serve &", true],
  ["postern check", false],
  ["postern --version", false],
  ["postern serve --help", false],
])("%s goes on until it is ended: %s", (command, expected) => {
  expect(isLongRunning(command)).toBe(expected);
});
