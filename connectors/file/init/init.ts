import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { Initial, InitRequest } from "../../../src/connector/connector.ts";
import { abortable } from "../../../src/connector/kit/deadline.ts";
import { Refusal } from "../refusal.ts";
import { type Drafted, mappingText, orderOf, settingsLines, typesText } from "./draft.ts";
import { guessColumns, guessKey } from "./guess.ts";
import { type Survey, surveyFile } from "./survey.ts";

/** What `postern init file` is given. */
export const argument = { name: "file", description: "a file as it is exported" } as const;

/** The options of `postern init file`. */
export const options = [
  { flags: "--key <column>", description: "the column with the key; a guess without it" },
  { flags: "--sheet <name>", description: "the workbook's sheet; the first that is shown without it" },
  { flags: "--encoding <name>", description: "the file's encoding; a guess without it" },
] as const;

interface Options {
  readonly file: string;
  readonly key?: string;
  readonly sheet?: string;
  readonly encoding?: string;
}

/**
 * Reads a file's header, and what its columns hold, and writes a configuration, a mapping and the types of what SCIM has no attributes for.
 * Rejects with an `Error` that says what is missing.
 */
export async function init({ options: given, files, signal }: InitRequest): Promise<Initial> {
  const asked = given as unknown as Options;
  const path = files.path(asked.file);
  if (!existsSync(path)) throw new Error(`There is no file ${asked.file}.`);
  const name = basename(path);
  const told = { ...(asked.sheet && { sheet: asked.sheet }), ...(asked.encoding && { encoding: asked.encoding }) };
  const survey = await abortable(signal, surveyFile(path, name, told as object)).catch((error) => {
    throw error instanceof Refusal ? new Error(`${name}: ${error.message}`) : error;
  });
  const guessed = guessColumns(survey.columns);
  const key = keyOf(survey, guessed, asked.key, name);
  const drafted: Drafted = { survey, guessed, key: key.column, hasSeveralRows: !key.column.isUnique };
  return {
    files: new Map([
      ["gateway.config.yaml", configuration(settingsLines(drafted, path), name)],
      [join("mappings", "person.yaml"), mappingText(drafted, name)],
      [join("mappings", "hr.types.yaml"), typesText(drafted)],
    ]),
    notes: [
      `${name}: ${survey.rows} rows, ${survey.columns.length} columns; ${survey.notes.join(", ")}.`,
      `Key: ${key.column.name}${key.isByName ? "" : ", a guess: its values are all there, each once"}.`,
      ...(drafted.hasSeveralRows
        ? [
            `Several rows have the same ${key.column.name}: a person is given with all rows, and the mapping takes the last${orderOf(guessed) === undefined ? "" : ` by ${orderOf(guessed)}`}.`,
          ]
        : []),
      ...(key.column.filled < survey.rows
        ? [`${survey.rows - key.column.filled} rows have no ${key.column.name}: they are passed over.`]
        : []),
    ],
  };
}

function keyOf(survey: Survey, guessed: ReturnType<typeof guessColumns>, name: string | undefined, file: string) {
  const names = survey.columns.map((column) => column.name).join(", ");
  if (name !== undefined) {
    const column = survey.columns.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (!column) throw new Error(`${file} has no column "${name}". It has ${names}.`);
    return { column, isByName: true };
  }
  const found = guessKey(survey, guessed);
  if (!found) throw new Error(`No column of ${file} looks like a key: name it by --key. There are ${names}.`);
  return found;
}

const configuration = (
  lines: readonly string[],
  file: string,
): string => `# yaml-language-server: $schema=./schemas/gateway.schema.json
# Written by \`postern init file\`, as ${file} looked. What is marked by # ? was guessed, or is missing.
server: { port: 8880 }                # reached from this machine only, until TLS is set: docs/guides/tls.md
auth:
  - type: bearer
    tokens: [{ name: entra, token: "\${env:SCIM_TOKEN}" }]
connectors:
  hr:
${lines.map((line) => `    ${line}`).join("\n")}
routes:
  /hr:
    User: { connector: hr, mapping: mappings/person.yaml }
`;
