import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { signatureOf } from "../src/entra/expression/definition.ts";
import { functions } from "../src/entra/expression/functions/index.ts";

interface Example {
  readonly function: string;
  readonly expression: string;
  readonly given?: Readonly<Record<string, unknown>>;
  readonly gives?: unknown;
  readonly matches?: string;
}

const root = join(import.meta.dirname, "..");
const START = "<!-- functions: written by npm run generate -->\n";
const END = "<!-- end of functions -->";

/** docs/reference/entra-expressions.md with its table of functions: each with its first example in examples.yaml. */
export function expressionsPage(): string {
  const page = readFileSync(join(root, "docs/reference/entra-expressions.md"), "utf8");
  const examples: readonly Example[] = parse(readFileSync(join(root, "src/entra/expression/examples.yaml"), "utf8"));
  const rows = functions
    .filter(({ refusal }) => refusal === undefined)
    .map((definition) => {
      const example = examples.find((each) => each.function === definition.name);
      return `| \`${signatureOf(definition)}\` | ${cell(definition.summary)} | ${example ? shown(example) : ""} |`;
    });
  const table = `| function | gives | example |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
  const [before] = page.split(START);
  const [, after] = page.split(END);
  return `${before}${START}${table}${END}${after}`;
}

const cell = (text: string): string => text.replaceAll("|", "\\|");
const code = (value: unknown): string =>
  `\`${cell(typeof value === "string" ? `"${value}"` : JSON.stringify(value))}\``;

function shown({ expression, given, gives, matches }: Example): string {
  const values = Object.entries(given ?? {}).map(([name, value]) => `${name} ${code(value)}`);
  const result = matches === undefined ? `gives ${code(gives)}` : "a random text";
  return [`\`${cell(expression)}\``, ...values, result].join("; ");
}
