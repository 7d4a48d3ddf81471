import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { registry } from "../../test/servers/registry.ts";
import { buildProgram } from "./program.ts";
import { examplesOf } from "./worked-examples.ts";

const build = () => buildProgram({ registry, env: {}, exit: () => {} });

/** All commands that do something, with the words that lead to them. */
const leaves = (command: Command, path = "postern"): [path: string, command: Command][] =>
  command.commands.flatMap((each) =>
    each.commands.length > 0
      ? leaves(each, `${path} ${each.name()}`)
      : [[`${path} ${each.name()}`, each] as [string, Command]],
  );

const all = leaves(build());
const examples = [
  ...examplesOf(build()).map(({ line }) => line),
  ...all.flatMap(([, each]) => examplesOf(each).map(({ line }) => line)),
];

/** The words of a command line within a line of a shell: without what is piped or redirected. */
function wordsOf(line: string): string[] {
  const [own] = line.replace(/^source <\((.*)\)$/, "$1").split(/ [|>] /);
  return [...own!.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare!);
}

describe("the command line", () => {
  test.each(all)("%s explains itself with examples", (path, command) => {
    const lines = examplesOf(command).map(({ line }) => line);
    expect(lines.length).toBeGreaterThan(0);
    // The default command may be left out.
    expect(lines.every((line) => line.includes(path) || path === "postern serve")).toBe(true);
    const written: string[] = [];
    command.configureOutput({ writeOut: (text) => void written.push(text) }).outputHelp();
    const help = written.join("");
    for (const line of lines) expect(help).toContain(`  $ ${line}\n`);
  });

  test.each(examples)("takes its own example: %s", async (line) => {
    const program = build();
    for (const [, command] of leaves(program)) command.action(() => {});
    const [name, ...words] = wordsOf(line);
    expect(name).toBe("postern");
    if (words[0] === "help" || words.join(" ") === "init") return;
    await program.parseAsync(words, { from: "user" });
  });

  test.each(all)("%s describes each option and argument", (_, command) => {
    const described = [...command.options, ...command.registeredArguments].map(({ description }) => description);
    expect(described.filter((each) => each.trim() === "")).toEqual([]);
  });
});
