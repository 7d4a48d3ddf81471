import type { Argument, Command, Option } from "commander";

/** What an option, or an argument, is completed with: words, names of files or of folders; `any` is the user's to write. */
export type Values = readonly string[] | "files" | "folders" | "any";

/** An option of a command. */
export interface CompletedOption {
  /** Such as `-c` and `--config`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined where it takes no value. */
  readonly values: Values | undefined;
  /** Whether it may stand without its value. */
  readonly isValueOptional: boolean;
  /** Whether it may be given several times. */
  readonly isRepeated: boolean;
}

/** A command with what may follow it. */
export interface CompletedCommand {
  /** The words that lead to it: `sync plan`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** What its arguments are completed with; undefined where it has none. */
  readonly values: Values | undefined;
}

/** The options whose value is the next word, as `PATH:NAME`, in one list; none where a command has none. */
export function skippedNames(path: string, options: readonly CompletedOption[]): readonly (readonly string[])[] {
  const names = options
    .filter(({ values, isValueOptional }) => values !== undefined && !isValueOptional)
    .flatMap((each) => each.names.map((name) => `${path}:${name}`));
  return names.length === 0 ? [] : [names];
}

/** All commands of a program. The program itself takes the options of its default command, too. */
export function commandsOf(program: Command, standard: string): readonly CompletedCommand[] {
  const [root, ...others] = commandsBelow(program, "");
  const defaults = others.find(({ path }) => path === standard)?.options ?? [];
  const known = root!.options.flatMap(({ names }) => names);
  const added = defaults.filter(({ names }) => !names.some((name) => known.includes(name)));
  return [{ ...root!, options: [...root!.options, ...added] }, ...others];
}

function commandsBelow(command: Command, path: string): CompletedCommand[] {
  const help = command.createHelp();
  const isHelp = (each: Command) => each.name() === "help";
  // At the top alone: each group has one of its own, which nobody needs.
  const below = help.visibleCommands(command).filter((each) => path === "" || !isHelp(each));
  const own = {
    path,
    commands: below.map((each) => ({ name: each.name(), description: firstSentence(each.description()) })),
    options: help.visibleOptions(command).map(completedOption),
    values: argumentValues(command.registeredArguments),
  };
  return [
    own,
    ...below.filter((each) => !isHelp(each)).flatMap((each) => commandsBelow(each, `${path} ${each.name()}`.trim())),
  ];
}

function completedOption({ short, long, flags, description, argChoices, ...option }: Option): CompletedOption {
  const takesValue = option.required || option.optional;
  return {
    names: [short, long].filter((name) => name !== undefined),
    description,
    values: takesValue ? (argChoices ?? valuesNamed(flags)) : undefined,
    isValueOptional: option.optional,
    isRepeated: option.variadic,
  };
}

/** Of several arguments the words of one that has choices, or files where one is a file. */
function argumentValues(all: readonly Argument[]): Values | undefined {
  if (all.length === 0) return undefined;
  const values = all.map((each) => each.argChoices ?? valuesNamed(each.name()));
  return values.find((each) => each !== "any") ?? "any";
}

/** What a value is, by the name that stands for it: `<file>`, `<folder>`. */
function valuesNamed(name: string): Values {
  if (/\bfiles?\b/.test(name.replace(/^.*?[<[]/, ""))) return "files";
  return /\bfolder\b/.test(name) ? "folders" : "any";
}

/** What shells show beside a name is one line. */
const firstSentence = (text: string): string => text.split(/(?<=\.)\s/)[0]!.replace(/\.$/, "");
