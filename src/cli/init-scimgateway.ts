import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { shippedFolder } from "../config/shipped.ts";
import { visible } from "../observe/text-lines.ts";
import { convertScimgateway } from "../scimgateway/convert.ts";
import type { Item, Outcome } from "../scimgateway/report.ts";
import { EXIT } from "./exit.ts";
import { UsageError } from "./given.ts";
import { type InitTarget, tellDraft } from "./init.ts";

const HEADINGS: Readonly<Record<Outcome, string>> = {
  carried: "Carried over",
  changed: "Changed: read each",
  left: "Not carried over: decide what to do",
};

/** Converts configurations of scimgateway's, and says of each setting what became of it. */
export async function initScimgatewayCommand(paths: readonly string[], target: InitTarget): Promise<number> {
  const mapping = (path: string) => readFileSync(join(shippedFolder, path), "utf8");
  let conversion: ReturnType<typeof convertScimgateway>;
  try {
    conversion = convertScimgateway(
      paths.map((path) => ({ path: resolve(path), text: textOf(path) })),
      mapping,
    );
  } catch (error) {
    if (error instanceof UsageError) throw error;
    console.error(visible((error as Error).message));
    return EXIT.findings;
  }
  const { files, items } = conversion;
  const notes = (Object.keys(HEADINGS) as Outcome[]).flatMap((outcome) => section(outcome, items));
  if (files.size === 0) {
    console.log(notes.join("\n"));
    console.error("Nothing was written: none of these plugins has a counterpart in Postern.");
    return EXIT.findings;
  }
  return tellDraft({ files, notes }, target, newSecrets(items));
}

/** The secrets that may be made up now: the signing key, and the token if no caller was converted. */
const newSecrets = (items: readonly Item[]): string[] => [
  "OAUTH_SIGNING_KEY",
  ...(items.some(({ text }) => text.includes("SCIM_TOKEN")) ? [] : ["SCIM_TOKEN"]),
];

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UsageError(isAbsent ? `there is no file ${path}` : `${path} cannot be read: ${(error as Error).message}`);
  }
}

function section(outcome: Outcome, items: readonly Item[]): string[] {
  const found = items.filter((each) => each.outcome === outcome);
  if (found.length === 0) return [];
  return [`\n${HEADINGS[outcome]}`, ...found.map(({ place, text }) => `  ${visible(place)}\n      ${visible(text)}`)];
}
