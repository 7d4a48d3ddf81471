import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bashScript } from "../src/cli/completion/bash.ts";
import { fishScript } from "../src/cli/completion/fish.ts";
import { commandsOf } from "../src/cli/completion/model.ts";
import { powershellScript } from "../src/cli/completion/powershell.ts";
import { zshScript } from "../src/cli/completion/zsh.ts";
import { buildProgram } from "../src/cli/program.ts";
import { registry } from "./servers/registry.ts";

const commands = commandsOf(buildProgram({ registry, env: {}, exit: () => {} }), "serve");
const has = (shell: string) => process.env.PATH!.split(delimiter).some((folder) => existsSync(join(folder, shell)));

/** A line that is typed, up to the cursor, and what is offered there. */
const CASES: readonly (readonly [typed: string, offered: readonly string[]])[] = [
  ["postern ch", ["check"]],
  ["postern si", ["simulate"]],
  ["postern sync pl", ["plan"]],
  ["postern sync re", ["release", "retry"]],
  ["postern check --for", ["--format"]],
  ["postern check --format ", ["json", "text"]],
  ["postern check -f j", ["json"]],
  ["postern check --connect --den", ["--deny-warnings"]],
  ["postern --po", ["--port"]],
  ["postern -c my.yaml --al", ["--allow"]],
  ["postern --allow ", ["safety"]],
  ["postern check -c my", ["my file.yaml", "my.yaml"]],
  ["postern audit verify audit", ["audit.jsonl"]],
  // The value of an option is not taken for a command.
  ["postern init ldap --base sync --bin", ["--bind"]],
  ["postern -c check --ho", ["--host"]],
  ["postern simulate entra cycle restart-", ["restart-in-full"]],
  ["postern simulate entra cycle --people 5 --group-", ["--group-edits"]],
  ["postern completion f", ["fish"]],
  ["postern init active-directory --out fo", ["folder"]],
  ["postern explain GET /Us", []],
];

/** How a shell is asked. Gives what it offers. */
const SHELLS: Readonly<Record<string, (script: string, typed: string, folder: string) => Promise<readonly string[]>>> =
  {
    bash: async (script, typed, folder) => {
      const words = typed.split(" ");
      // compopt works while a key is pressed alone: what bash would then do is done here.
      const program = `source ${script}
compopt() { case $2 in default) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;; dirnames) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;; esac; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _postern; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return run("bash", ["--norc", "-c", program, "bash", ...words], folder);
    },
    zsh: async (script, typed, folder) => run("zsh", ["-f", "-c", ZSH, "zsh", script, typed], folder),
    fish: async (script, typed, folder) =>
      (await run("fish", ["--no-config", "-c", `source ${script}; complete -C "$argv[1]"`, typed], folder)).map(
        (line) => line.split("\t")[0]!,
      ),
  };

/** Presses the tab key in a zsh within a zsh, whose `compadd` prints what it is given and would match. */
const ZSH = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= PS2=; stty -echo; autoload -Uz compinit; compinit -C -d ~/dump; source $1"
zpty -w shell 'compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a hits; builtin compadd -A hits "$@"; print -lr -- "<"\${^hits}">"; builtin compadd "$@"
}
finish() { print "<end>"; exit; }
comppostfuncs=(finish)
bindkey "^I" complete-word
print ready'
zpty -r shell line '*ready*'
zpty -n -w shell "$2"$'\\t'
while zpty -r shell line; do print -r -- "$line"; [[ $line == *'<end>'* ]] && break; done
zpty -d shell`;

async function run(command: string, args: readonly string[], cwd: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(command, [...args], {
    cwd,
    timeout: 30_000,
    env: { ...process.env, HOME: cwd },
  });
  return stdout.split(/\r?\n/).filter(Boolean);
}

describe("completion", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-completion-"));
  beforeAll(() => {
    for (const file of ["my.yaml", "my file.yaml", "audit.jsonl"]) writeFileSync(join(folder, file), "");
    mkdirSync(join(folder, "folder"));
    writeFileSync(join(folder, "script.bash"), bashScript("postern", commands));
    writeFileSync(join(folder, "script.zsh"), zshScript("postern", commands));
    writeFileSync(join(folder, "script.fish"), fishScript("postern", commands));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  for (const [shell, ask] of Object.entries(SHELLS))
    describe.skipIf(!has(shell))(`in ${shell}`, () => {
      test.each(CASES)("%s is completed", async (typed, offered) => {
        const found = await ask(join(folder, `script.${shell}`), typed, folder);
        const clean = found.flatMap((line) =>
          shell === "zsh" ? [...line.matchAll(/<(.+?)>/g)].map(([, each]) => each!) : [line],
        );
        const names = clean
          .filter((each) => each !== "end")
          .map((each) => each.replace(/\/$/, "").replace(/\\(.)/g, "$1"));
        expect([...new Set(names)].sort()).toEqual(offered);
      });
    });

  // There is no PowerShell for Debian to try it in: the script is looked at as text.
  describe("in PowerShell", () => {
    const script = powershellScript("postern", commands);

    test("has every command with its options", () => {
      for (const { path, options } of commands) {
        expect(script).toContain(`'${path}' = [ordered]@{`);
        for (const { names } of options) for (const name of names) expect(script).toContain(`'${name}' = '`);
      }
    });

    test("has no two names in a table that differ by capital letters alone, which it would not take", () => {
      for (const { options } of commands) {
        const names = options.flatMap((each) => each.names.map((name) => name.toLowerCase()));
        expect(names).toEqual([...new Set(names)]);
      }
    });

    test("has each bracket and each quote closed", () => {
      const bare = script
        .replace(/^ *#.*$/gm, "")
        .replace(/'(?:[^']|'')*'/g, "")
        .replace(/"[^"]*"/g, "");
      expect(bare).not.toMatch(/['"]/);
      for (const [open, close] of ["()", "{}", "[]"].map((pair) => [...pair]))
        expect(bare.split(open!).length).toBe(bare.split(close!).length);
    });
  });
});
