/**
 * Runs the pages of the documentation: what a page shows is what comes out.
 *
 *     npm run docs:test                      all pages
 *     npm run docs:test -- PAGE...           these, such as docs/guides/sql.md
 *     npm run docs:test -- --update PAGE     writes what came out into the page's console blocks: look at `git diff` afterwards
 *
 * Each page has a folder of its own, which is empty but for what its set-ups put there, and one shell for all of its commands, in order.
 *
 *     ```console              Commands behind "$ ", with the output that must come out. A command goes on in the next line behind a `\`,
 *                             within quotes and in a here-document. A line `...` stands for any lines, and `...` within a line for anything.
 *                             Without lines below it a command must say nothing. One that fails must show what it says.
 *     ```sh                   Commands without output to compare. Each must succeed.
 *     ```yaml [a.yaml]        A whole file, in any language: it is written. A configuration must pass `check`, and a mapping load, by the end
 *                             of the page (mappings may come after the configuration).
 *     ```diff [a.yaml]        A change of a file that is there: lines that stay, come (+) and go (-).
 *     ```yaml                 A part of a configuration or a mapping. Its keys say where it belongs, or a comment does (`in`). What it leaves out is
 *                             taken from the page's own configuration, or from the connector's example.
 *     ```json, ```jsonl       Must be JSON.
 *     ```sql, ```ldif         Are carried out on the page's server as its administrator.
 *     ```text                 Text to read: a form's fields, a tree of folders. No commands.
 *
 * Comments, each on a line of its own; those that are about a block stand above it without a blank line between:
 *
 *     <!-- setup: openldap, clone -->                  once on a page: see test/docs/setups.ts, and add what you need there
 *     <!-- in: connectors.directory -->                where a part belongs; also `mapping.attributes`
 *     <!-- not run: it needs the Entra portal -->      the reason why nobody can run or check this block here
 *     <!-- run by: test/architecture.test.ts -->       another test runs it; that test must name the page
 *
 * `postern serve` and `npm start` run in the background until the page ends or starts the next one; with `&` behind it, the next one does not
 * end it. Ports that pages speak of (8880, 9464 ...) are free ones in truth, also for curl and in outputs; the hosts of set-ups
 * (ldap.example.com, dc1.corp.example.com, db.example.com) lead to their servers. SCIM_TOKEN is only set if the page sets it.
 *
 * Ids, times, durations, versions, ETags and tokens are compared by their kind. If a later command repeats an id or a token that an
 * output on the page shows, it is sent with the one that came out in truth. JSON in one line is compared with, and shown as, indented JSON.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { ROOT } from "../servers/gateway.ts";
import { type Command, consoleCommands, shellCommands } from "./commands.ts";
import { compare, kept, trimmed } from "./compare.ts";
import { mistakesInFile, mistakesInFragment } from "./configurations.ts";
import { type Block, type Page, readPage } from "./page.ts";
import { pages } from "./pages.ts";
import { type Setup, startSetups } from "./setups.ts";
import { isLongRunning, openShell, type Said, type Shell } from "./shell.ts";

/** What does not hold on a page. */
export interface Mistake {
  readonly line: number;
  readonly text: string;
}

interface Run {
  readonly page: string;
  readonly shell: Shell;
  readonly runs: readonly NonNullable<Setup["run"]>[];
  /** What the page shows of ids and tokens, and what they are in truth. */
  readonly learnt: Map<string, string>;
  /** The files that the page has written, with the lines of their blocks. */
  readonly files: Map<string, number>;
  readonly mistakes: Mistake[];
  /** What console blocks show in truth, by the lines of their fences. */
  readonly shown: Map<number, string>;
}

/** Runs a page. Gives what does not hold, and the page as it would be with the outputs that came. */
export async function runPage(page: string): Promise<{ mistakes: readonly Mistake[]; updated: string }> {
  const read = readPage(resolve(ROOT, page));
  const mistakes: Mistake[] = read.indented.map((line) => ({
    line,
    text: "indented code: write a fence, which says what it is",
  }));
  if (read.blocks.length === 0) return { mistakes, updated: read.text };
  const folder = mkdtempSync(join(tmpdir(), "postern-page-"));
  mkdirSync(join(folder, "ada"));
  const setup = await startSetups(read.setups, join(folder, "ada"));
  const shell = await openShell(folder, setup);
  const run: Run = { page, shell, runs: setup.runs, learnt: new Map(), files: new Map(), mistakes, shown: new Map() };
  try {
    for (const block of read.blocks)
      try {
        await runBlock(run, block);
      } catch (error) {
        mistakes.push({ line: block.line, text: (error as Error).message });
      }
    for (const [file, line] of run.files) {
      if (!existsSync(file) || !/\.ya?ml$/.test(file)) continue;
      mistakes.push(...(await mistakesInFile(file)).map((text) => placedIn(line, text)));
    }
  } finally {
    await shell.stop();
    await setup.stop();
  }
  return { mistakes: mistakes.sort((a, b) => a.line - b.line), updated: withOutputs(read, run.shown) };
}

/** A mistake `3: message` of a file that begins below a fence. */
function placedIn(fence: number, text: string): Mistake {
  const [, line, message] = /^(\d+): ([\s\S]*)$/.exec(text) ?? [];
  return line === undefined ? { line: fence, text } : { line: fence + Number(line), text: message! };
}

function textMistake({ line, text }: Block): Mistake[] {
  const at = text
    .split("\n")
    .findIndex((each) => /^(\$|postern|npm|npx|curl|docker|kubectl|helm|systemctl) /.test(each));
  return at < 0 ? [] : [{ line: line + 1 + at, text: "a command in a text block: write a console or a sh block" }];
}

async function runBlock(run: Run, block: Block): Promise<void> {
  const { language, file, notes, text, line } = block;
  const reason = notes.get("not run");
  if (reason !== undefined) {
    if (reason.length < 10) throw new Error("<!-- not run: --> needs a reason");
    return;
  }
  const other = notes.get("run by");
  if (other !== undefined) return requireTest(run.page, other);
  const { mistakes } = run;
  if (language === "diff" && file !== undefined) changeFile(join(run.shell.folder, file), text);
  else if (file !== undefined) {
    const path = join(run.shell.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, real(run, text));
    run.files.set(path, line);
    if (language === "json") JSON.parse(text);
  } else if (language === "console") await runConsole(run, block);
  else if (language === "sh" || language === "bash") await runShell(run, block);
  else if (language === "yaml")
    mistakes.push(
      ...mistakesInFragment(text, notes.get("in"), [...run.files.keys()].filter(isConfiguration)).map((each) => ({
        line,
        text: each,
      })),
    );
  else if (language === "json") JSON.parse(text);
  else if (language === "jsonl") for (const each of text.trim().split("\n")) JSON.parse(each);
  else if (language === "text") mistakes.push(...textMistake(block));
  else {
    const server = run.runs.find((each) => each.language === language);
    if (!server)
      throw new Error(
        `a block of "${language}" that nobody runs: say <!-- not run: why --> above it, or see test/docs/run.ts`,
      );
    server.take(real(run, text));
  }
}

const isConfiguration = (file: string) =>
  /\.ya?ml$/.test(file) && /^connectors:/m.test(existsSync(file) ? readFileSync(file, "utf8") : "");

function requireTest(page: string, test: string): void {
  const file = join(ROOT, test);
  if (!existsSync(file)) throw new Error(`there is no ${test}`);
  if (!readFileSync(file, "utf8").includes(page.replace(/^docs\//, "")))
    throw new Error(`${test} does not name ${page}`);
}

/** A text in which ids and tokens that the page shows are those of this run. */
function real({ learnt }: Run, text: string): string {
  let sent = text;
  for (const [shown, value] of learnt) sent = sent.replaceAll(shown, value);
  return sent;
}

const carryOut = (run: Run, { text }: Command): Promise<Said> =>
  isLongRunning(text) ? run.shell.start(real(run, text)) : run.shell.run(real(run, text));

async function runConsole(run: Run, { line, text }: Block): Promise<void> {
  const shown: string[] = [];
  for (const command of consoleCommands(text)) {
    const { output, status } = await carryOut(run, command);
    const actual = linesOf(output);
    const compared = compare(command.output, actual);
    shown.push(...command.lines);
    if ("learnt" in compared) {
      for (const [from, to] of compared.learnt) run.learnt.set(from, to);
      shown.push(...command.output);
      if (status !== 0 && trimmed(command.output).length === 0)
        run.mistakes.push({ line: line + 1 + command.line, text: `this ends with ${status}, and says nothing` });
      continue;
    }
    shown.push(...kept(command.output, actual));
    run.mistakes.push({
      line: line + 1 + command.line,
      text: `$ ${command.text}\n(-: the page, +: what came)\n${compared.difference}`,
    });
  }
  run.shown.set(line, shown.join("\n"));
}

/** An output's lines; one long line of JSON is laid out as a reader would have it. */
function linesOf(output: string): string[] {
  const text = output.trim();
  if (/^[{[].*[}\]]$/.test(text) && text.length > 80)
    try {
      return JSON.stringify(JSON.parse(text), undefined, 2).split("\n");
    } catch {
      // It only looks like JSON.
    }
  return trimmed(output.split("\n"));
}

async function runShell(run: Run, { line, text }: Block): Promise<void> {
  for (const command of shellCommands(text)) {
    const { output, status } = await carryOut(run, command);
    if (status === 0) continue;
    run.mistakes.push({
      line: line + 1 + command.line,
      text: `$ ${command.text}\nends with ${status}:\n${output.trim()}`,
    });
    return;
  }
}

/** Changes a file as a diff says: lines that stay, that go and that come, found where they stand first. */
function changeFile(file: string, patch: string): void {
  const lines = patch
    .trimEnd()
    .split("\n")
    .filter((each) => !/^(@@|---|\+\+\+)/.test(each));
  const part = (signs: string) => lines.filter((each) => signs.includes(each[0] ?? " ")).map((each) => each.slice(1));
  const before = `${part(" -").join("\n")}\n`;
  const text = readFileSync(file, "utf8");
  if (!text.includes(before)) throw new Error(`the file does not have what this changes:\n${before}`);
  writeFileSync(
    file,
    text.replace(before, () => `${part(" +").join("\n")}\n`),
  );
}

/** A page whose console blocks show what came out. */
function withOutputs({ text, blocks }: Page, shown: ReadonlyMap<number, string>): string {
  const lines = text.split("\n");
  for (const { line, indent, text: before } of [...blocks].reverse()) {
    const after = shown.get(line);
    if (after === undefined) continue;
    lines.splice(line, before.split("\n").length - 1, ...after.split("\n").map((each) => `${indent}${each}`.trimEnd()));
  }
  return lines.join("\n");
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  const isUpdate = args.includes("--update");
  const named = args.filter((each) => each !== "--update");
  let failed = 0;
  for (const page of named.length > 0 ? named : pages()) {
    const began = performance.now();
    const { mistakes, updated } = await runPage(page);
    for (const { line, text } of mistakes) console.log(`${page}:${line}: ${text}\n`);
    if (isUpdate) writeFileSync(resolve(ROOT, page), updated);
    failed += mistakes.length;
    console.log(
      `${mistakes.length === 0 ? "ok  " : "FAIL"} ${page} (${((performance.now() - began) / 1000).toFixed(1)} s)`,
    );
  }
  process.exitCode = failed > 0 && !isUpdate ? 1 : 0;
}
