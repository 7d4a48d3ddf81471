import type { Argument, Command, Option } from "commander";
import { connectors } from "../connectors/index.ts";
import { sinks } from "../sinks/index.ts";
import { EXIT, EXIT_MEANINGS } from "../src/cli/exit.ts";
import { buildProgram } from "../src/cli/program.ts";
import { examplesOf } from "../src/cli/worked-examples.ts";

/** Environment variables that the commands read by themselves; others are named by a configuration. */
const VARIABLES = [
  [
    "`SCIM_TOKEN`",
    "The bearer token of the embedded example. If it isn't set, `postern serve` makes one up and prints it.",
  ],
  ["`POSTERN_TOKEN`", "The bearer token for `postern validate` and `postern simulate`, instead of `--token-file`."],
  ["`POSTERN_ADMIN_TOKEN`", "The token for `postern guard`, instead of `--token`."],
  ["`POSTERN_HOST`", "The default of `server.host`; `0.0.0.0` in the container image."],
  ["`NO_COLOR`", "Turns colours off."],
] as const;

/** docs/reference/cli.md: every command with its options, its defaults and its examples. */
export function cliPage(): string {
  const program = buildProgram({ registry: { connectors, sinks }, env: {}, exit: () => {} });
  const commands = below(program, []);
  return `# The command line

\`postern\` without a command serves \`gateway.config.yaml\` of the current folder, or the embedded example if there is none. Every command explains
itself with \`--help\`.

${contents(commands)}

## Exit codes

| code | means |
| --- | --- |
${(Object.keys(EXIT) as (keyof typeof EXIT)[]).map((name) => `| ${EXIT[name]} | ${EXIT_MEANINGS[name]} |`).join("\n")}
| 130 | A simulation was interrupted with Ctrl+C. |

## Environment variables

Configurations take values from the environment with \`\${env:NAME}\`. These are read without being named there:

| variable | holds |
| --- | --- |
${VARIABLES.map((row) => `| ${row.join(" | ")} |`).join("\n")}

## Output

What a command found goes to standard output, and messages go to standard error. Commands that take longer than a second show their progress on
standard error if it is a terminal, and remove it when they end. The log of \`postern serve\` is the only thing that it writes to standard output: text
on a terminal, JSON anywhere else, unless \`log.format\` says otherwise.

${commands.map(section).join("\n")}`;
}

/** A command with the words that lead to it. */
interface Placed {
  readonly path: readonly string[];
  readonly command: Command;
}

/** The commands below one that do something of their own: a group is one of them where it has examples. */
function below(command: Command, path: readonly string[]): Placed[] {
  return command.commands.flatMap((each) => {
    const placed = { path: [...path, each.name()], command: each };
    const isOwn = each.commands.length === 0 || examplesOf(each).length > 0;
    return [...(isOwn ? [placed] : []), ...below(each, placed.path)];
  });
}

const titleOf = ({ path }: Placed): string => `postern ${path.join(" ")}`;
const anchorOf = (each: Placed): string => titleOf(each).replaceAll(" ", "-");

function contents(commands: readonly Placed[]): string {
  const rows = commands.map(
    (each) => `| [\`${titleOf(each)}\`](#${anchorOf(each)}) | ${cell(each.command.description())} |`,
  );
  return `| command | does |\n| --- | --- |\n${rows.join("\n")}`;
}

function section(placed: Placed): string {
  const { command } = placed;
  const help = command.createHelp();
  const options = help.visibleOptions(command).filter(({ long }) => long !== "--help");
  const parts = [
    `## \`${titleOf(placed)}\``,
    cell(command.description()),
    `Usage: \`${[titleOf(placed), command.usage()].join(" ")}\``,
    table(
      "argument",
      command.registeredArguments.map((each) => [argumentName(each), valueText(each)]),
    ),
    table(
      "option",
      options.map((each) => [`\`${each.flags}\``, valueText(each)]),
    ),
    examples(command),
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

function table(what: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  return `| ${what} | description |\n| --- | --- |\n${rows.map(([name, text]) => `| ${cell(name!)} | ${cell(text!)} |`).join("\n")}`;
}

const argumentName = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `\`<${name}>\`` : `\`[${name}]\``;
};

/** What is said of an option, or an argument: with its choices and its default. */
function valueText({ description, argChoices, defaultValue, ...each }: Option | Argument): string {
  const isMandatory = "mandatory" in each && each.mandatory;
  const hasDefault = defaultValue !== undefined && typeof defaultValue !== "boolean" && String(defaultValue) !== "";
  return [
    sentence(description, argChoices),
    ...(argChoices ? [`One of ${argChoices.map((choice) => `\`${choice}\``).join(", ")}.`] : []),
    ...(hasDefault ? [`Default: \`${defaultValue}\`.`] : []),
    ...(isMandatory ? ["Required."] : []),
  ].join(" ");
}

/** A sentence: with a capital letter, unless it begins with a value that is typed as it is written, and with its full stop. */
const sentence = (text: string, values: readonly string[] = []): string => {
  const isValue = values.some((value) => text.startsWith(value));
  return `${isValue ? text : text.charAt(0).toUpperCase() + text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
};

function examples(command: Command): string {
  const known = examplesOf(command);
  return known.length === 0 ? "" : `Examples:\n\n${known.map(({ line, does }) => `- ${does}: \`${line}\``).join("\n")}`;
}

/** A text as a table takes it. What is not code has no Markdown of its own. */
const cell = (text: string): string =>
  text.replace(/`[^`]*`|[*_]/g, (each) => (each.startsWith("`") ? each : `\\${each}`)).replaceAll("|", "\\|");
