import { createHash, randomBytes } from "node:crypto";
import { chmodSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isSeq, parseDocument } from "yaml";
import { shownName } from "../config/shipped.ts";
import type { MappingCase } from "./case.ts";
import { Refusal } from "./refusal.ts";

/** The hash of a text. */
export const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A file's text; undefined if there is no such file. Throws a `Refusal` if it cannot be read. */
export function textIn(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Refusal("away", `${shownName(file)} cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
}

/** Throws a `Refusal` unless a file has the text of a hash; undefined if there is to be no such file. */
export function assertUnchanged(file: string, hash: string | undefined): void {
  const text = textIn(file);
  if ((text === undefined ? undefined : hashOf(text)) !== hash)
    throw new Refusal("changed", "The file was changed meanwhile: load it again, and repeat the change.");
}

/** Replaces a file's text in one step, if the file still has the text of that hash. Throws a `Refusal`. */
export function replaceText(file: string, text: string, hash: string | undefined): void {
  assertUnchanged(file, hash);
  // What a link leads to is replaced, not the link.
  const target = hash === undefined ? file : realpathSync(file);
  const draft = join(dirname(target), `.${randomBytes(8).toString("hex")}.tmp`);
  try {
    writeFileSync(draft, text, { flag: "wx" });
    if (hash !== undefined) chmodSync(draft, statSync(target).mode);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Refusal("refused", `${shownName(target)} cannot be written: ${(error as NodeJS.ErrnoException).code}.`);
  }
}

/** A mapping's test file. */
export const testFileOf = (mapping: string): string => mapping.replace(/\.ya?ml$/, ".test.yaml");

/** The text of a test file with one more case; comments stay. Throws if it is not the YAML of a test file. */
export function withCase(text: string | undefined, added: MappingCase): string {
  const document = parseDocument(text ?? "cases: []\n");
  const [mistake] = document.errors;
  if (mistake) throw new Refusal("refused", `The test file is not valid YAML: ${mistake.message}`);
  const cases = document.get("cases");
  if (!isSeq(cases)) throw new Refusal("refused", 'The test file has no list of "cases".');
  cases.flow = false;
  cases.add(document.createNode(added));
  return document.toString({ lineWidth: 140 });
}
