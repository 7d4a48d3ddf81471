import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runPage } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-pages-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a page. Fences are written as ~~~ here. */
async function page(...lines: string[]) {
  const file = join(folder, "page.md");
  writeFileSync(file, `${lines.join("\n")}\n`.replaceAll("~~~", "```"));
  const { mistakes, updated } = await runPage(file);
  return { told: mistakes.map(({ line, text }) => `${line}: ${text.split("\n")[0]}`), mistakes, updated };
}

describe("a page", () => {
  test("that shows what comes out is right", async () => {
    const { told } = await page(
      ...["~~~sh", "echo hello > file", "~~~", "~~~console", "$ cat file", "hello", "$ cd / && pwd", "/", "~~~"],
      ...["~~~json", '{ "a": 1 }', "~~~", "~~~yaml", "limits: { pageSize: 50 }", "~~~"],
    );
    expect(told).toEqual([]);
  });

  test.each([
    ["an output that is another", ["~~~console", "$ echo a", "b", "~~~"], "2: $ echo a"],
    ["an output that is not shown", ["~~~console", "$ echo a", "~~~"], "2: $ echo a"],
    ["a command that fails", ["~~~sh", "true", "false", "~~~"], "3: $ false"],
    ["a command that fails without a word", ["~~~console", "$ false", "~~~"], "2: this ends with 1, and says nothing"],
    ["code that is indented", ["a", "", "    npm start"], "3: indented code: write a fence, which says what it is"],
    ["a command among text", ["~~~text", "$ ls", "~~~"], "2: a command in a text block: write a console or a sh block"],
    ["JSON that is none", ["~~~json", "{ a }", "~~~"], expect.stringMatching(/^1: /)],
    [
      "a setting that is misspelt",
      ["~~~yaml", "limits: { pagesize: 50 }", "~~~"],
      '1: in it: unknown key "pagesize", did you mean "pageSize"?',
    ],
    [
      "a part of a connector that is misspelt",
      ["<!-- in: connectors.ldap.kinds.user -->", "~~~yaml", "rdnn: cn", "~~~"],
      '2: in it: unknown key "rdnn", did you mean "rdn"?',
    ],
    [
      "an expression that is wrong",
      ["<!-- in: mapping.attributes -->", "~~~yaml", "displayName: { read: '$jion(a, b)' }", "~~~"],
      "2: in it: there is no function $jion, did you mean $join?",
    ],
    [
      "a mapping that is wrong, at its line",
      ["~~~yaml [user.yaml]", "resource: User", "knd: user", "attributes: { userName: uid }", "~~~"],
      '3: unknown key "knd", did you mean "kind"?',
    ],
    [
      "YAML of which nobody knows what it is",
      ["~~~yaml", "a: 1", "~~~"],
      expect.stringContaining("write <!-- in: PATH -->"),
    ],
    ["a language that nobody runs", ["~~~powershell", "ls", "~~~"], expect.stringContaining('a block of "powershell"')],
    ["no reason", ["<!-- not run: no -->", "~~~powershell", "ls", "~~~"], expect.stringContaining("needs a reason")],
    [
      "a test that is not there",
      ["<!-- run by: test/no.test.ts -->", "~~~ts", "1", "~~~"],
      "2: there is no test/no.test.ts",
    ],
  ])("with %s is told at its line", async (_, lines, expected) => {
    const { told } = await page(...lines);
    expect(told[0]).toEqual(expected);
  });

  test("is served what it shows: ports, tokens and ids of this run stand in for its own", async () => {
    const { mistakes } = await page(
      "<!-- setup: clone -->",
      ...["~~~console", "$ npm start", "...", "Bearer token...: c2fq49_ZZCWoE4ajCkO_E-elJTDZQXQS", "...", "~~~"],
      "~~~console",
      '$ curl -o found.json -w "%{http_code}\\n" -H "Authorization: Bearer c2fq49_ZZCWoE4ajCkO_E-elJTDZQXQS" http://127.0.0.1:8880/scim/v2/Users',
      ...["200", "~~~"],
    );
    expect(mistakes).toEqual([]);
  });

  test("is given the outputs that came, where what it shows is another", async () => {
    const { updated } = await page("- In a list:", "", "  ~~~console", "  $ echo a; echo b", "  x", "  ~~~");
    expect(updated).toBe("- In a list:\n\n  ```console\n  $ echo a; echo b\n  a\n  b\n  ```\n");
  });
});
