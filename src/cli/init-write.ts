import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { stringify } from "yaml";
import { loadMapping } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import { packageFolder } from "../config/shipped.ts";
import type { Initial } from "../connector/connector.ts";
import { firstTests } from "../mapping/first-tests.ts";

/** The configuration that every draft has. */
const CONFIG = "gateway.config.yaml";
/** What is said to be written of the schemas, of which there are several. */
const SCHEMAS = "schemas/*.schema.json";
/** The names of secrets, without their values. */
const SECRETS = ".env.example";

/** What was written. */
export interface Written {
  /** The files of the draft. */
  readonly written: readonly string[];
  /** What goes along with them. */
  readonly beside: readonly string[];
}

/**
 * Writes a draft with what goes along with it: the schemas that its files name, so that editors complete, the names of its secrets, and
 * first tests of its mappings. Nothing is written if a file would be overwritten. Gives what was written, or the files in the way.
 */
export async function writeDraft(
  { files }: Initial,
  out: string,
  registry: Registry,
): Promise<Written | { readonly present: readonly string[] }> {
  const secrets = new Map(secretsOf(files));
  const all = new Map([...files, ...schemasOf(files), ...secrets]);
  const mappings = [...files.keys()].filter((path) => isMapping(path, files.get(path)!));
  // Of a mapping that is there already, as it is drafted, a test that is there belongs to it.
  const isThere = (mapping: string) =>
    existsSync(join(out, testOf(mapping))) &&
    existsSync(join(out, mapping)) &&
    inTheWay(out, mapping, all.get(mapping)) === undefined;
  const tests = mappings
    .filter((mapping) => !isThere(mapping))
    .map(testOf)
    .filter((path) => !all.has(path));
  const present = [...new Set([...all.keys(), ...tests].flatMap((path) => inTheWay(out, path, all.get(path)) ?? []))];
  if (present.length > 0) return { present };
  for (const [path, text] of all) write(join(out, path), text);
  const beside = [...secrets.keys(), SCHEMAS];
  for (const mapping of mappings) {
    const test = testOf(mapping);
    const text = tests.includes(test) ? await firstTestsText(join(out, mapping), registry) : undefined;
    if (text === undefined) continue;
    write(join(out, test), text.replace("SCHEMAS", relative(dirname(test), "schemas")));
    beside.unshift(test);
  }
  return { written: [...files.keys()], beside };
}

/** What keeps a file from being written: one with another content, a folder or a link of its name, or a file where its folder would be. */
function inTheWay(out: string, path: string, text: string | undefined): string | undefined {
  const place = join(out, path);
  let above = dirname(place);
  while (!existsSync(above) && above !== dirname(above)) above = dirname(above);
  if (!statSync(above).isDirectory()) return relative(out, above) || above;
  if (above !== dirname(place) || !lstatSync(place, { throwIfNoEntry: false })) return undefined;
  return statSync(place, { throwIfNoEntry: false })?.isFile() && contentOf(place) === text ? undefined : path;
}

const isMapping = (path: string, text: string) => path.endsWith(".yaml") && /^resource:/m.test(text);
const testOf = (path: string) => path.replace(/\.yaml$/, ".test.yaml");
const contentOf = (path: string) => readFileSync(path, "utf8");

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The schemas that files name in their first lines, and that of mapping tests. */
function schemasOf(files: Initial["files"]): [string, string][] {
  const named = [...files.values()].flatMap((text) =>
    [...text.matchAll(/^# yaml-language-server: \$schema=[./]*schemas\/([\w-]+\.schema\.json)$/gm)].map(
      ([, name]) => name!,
    ),
  );
  return [...new Set([...named, "mapping-test.schema.json"])].map((name) => [
    join("schemas", name),
    contentOf(join(packageFolder, "schemas", name)),
  ]);
}

/** The environment variables that a configuration names. */
export const variablesIn = (files: Initial["files"]): string[] => [
  ...new Set([...(files.get(CONFIG) ?? "").matchAll(/\$\{env:(\w+)\}/g)].map(([, name]) => name!)),
];

function secretsOf(files: Initial["files"]): [string, string][] {
  const names = variablesIn(files);
  if (names.length === 0) return [];
  return [
    [
      SECRETS,
      `# The secrets that ${CONFIG} takes from the environment. Copy this file to .env, fill it in, and keep .env out of
# version control: add it to .gitignore. Load it with: set -a; . ./.env; set +a
${names.map((name) => `${name}=\n`).join("")}`,
    ],
  ];
}

async function firstTestsText(mapping: string, registry: Registry): Promise<string | undefined> {
  const attributeTypes = registry.connectors.flatMap(({ types }) => types ?? []);
  const tests = await firstTests(loadMapping(mapping, { attributeTypes }).mapping).catch(() => undefined);
  if (!tests) return undefined;
  const cases = stringify({ cases: tests.cases }, { lineWidth: 0, aliasDuplicateObjects: false });
  return `# yaml-language-server: $schema=SCHEMAS/mapping-test.schema.json
# What this mapping did when it was drafted. Change a case when you mean to change the mapping; add your own cases.
${cases}`;
}
