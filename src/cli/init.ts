import { join, relative } from "node:path";
import type { Registry } from "../config/registry.ts";
import { shippedFolder } from "../config/shipped.ts";
import type { ConnectorDefinition, Initial } from "../connector/connector.ts";
import { readFailure } from "../connector/error.ts";
import { filesIn } from "../connector/kit/files.ts";
import { visible } from "../observe/text-lines.ts";
import { EXIT } from "./exit.ts";
import { variablesIn, writeDraft } from "./init-write.ts";
import { withProgress } from "./progress.ts";

/** Asking a backend about itself may take this long, in milliseconds. */
const INIT_MS = 60_000;

/** Where a draft goes, and what it is made with. */
export interface InitTarget {
  readonly registry: Registry;
  readonly out: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Writes a first configuration for a backend, made of what it says about itself. Files that are there stay as they are. */
export async function initCommand(
  { type, init }: ConnectorDefinition,
  options: Readonly<Record<string, unknown>>,
  target: InitTarget,
): Promise<number> {
  const request = { options, env: target.env, mappings: shippedFolder, files: filesIn(process.cwd()) };
  let initial: Initial;
  try {
    initial = await withProgress(`asking the backend (${type}) about itself`, () =>
      init!.run({ ...request, signal: AbortSignal.timeout(INIT_MS) }),
    );
  } catch (error) {
    console.error(linesOf(readFailure(error)));
    return EXIT.findings;
  }
  return tellDraft(initial, target);
}

/**
 * Writes a draft, and says what was written, what there is to know, and what to do next. `fresh` are the environment variables whose
 * secret may be made up now.
 */
export async function tellDraft(
  initial: Initial,
  { registry, out, env }: InitTarget,
  fresh: readonly string[] = ["SCIM_TOKEN"],
): Promise<number> {
  const result = await writeDraft(initial, out, registry);
  if ("present" in result) {
    console.error(
      `Nothing was written: ${result.present.join(", ")} would be overwritten in ${out === "." ? "this folder" : out}. Name another folder by --out.`,
    );
    return EXIT.findings;
  }
  const shown = (path: string) => relative(process.cwd(), join(out, path)) || path;
  for (const path of result.written) console.log(`wrote ${shown(path)}`);
  for (const note of initial.notes) console.log(linesOf(note));
  console.log(
    `\nAlso written, for tests, secrets and editors:\n${result.beside.map((path) => `  ${shown(path)}`).join("\n")}`,
  );
  console.log(nextSteps(initial, out, { env, fresh }).join("\n"));
  return EXIT.fine;
}

/** What names of a backend, a document or a file stand in is shown without what a terminal would obey. */
export const linesOf = (text: string): string => text.split("\n").map(visible).join("\n");

/** A word for a shell. */
const quoted = (word: string): string => (/^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** The commands that come next, ready to paste. */
function nextSteps(
  initial: Initial,
  out: string,
  { env, fresh }: { env: InitTarget["env"]; fresh: readonly string[] },
): string[] {
  const folder = relative(process.cwd(), out);
  const unset = variablesIn(initial.files).filter((name) => !env[name]);
  return [
    "\nNext, read the files, and then:",
    ...(folder === "" ? [] : [`  cd ${quoted(folder)}`]),
    ...unset.map((name) => `  export ${name}=${fresh.includes(name) ? "$(openssl rand -hex 32)" : "..."}`),
    "  postern check",
    "  postern test",
    "  postern check --connect",
    "  postern serve",
  ];
}
