import type { Command } from "commander";
import { nearest } from "../connector/kit/text.ts";
import { UsageError } from "./given.ts";

/**
 * Refuses a word in the place of a command that is none: the program would take it for an argument of the command that runs
 * without being named. Throws a `UsageError`.
 */
export function checkCommandName([word]: readonly string[], { commands }: Command): void {
  const names = [...commands.map((each) => each.name()), "help"];
  if (word === undefined || word.startsWith("-") || names.includes(word)) return;
  if (isYaml(word)) throw new UsageError(`a file is no command: write serve -c ${word}, or check -c ${word}`);
  throw new UsageError(`unknown command "${word}"${nearest(word, names)}`);
}

/** What is said of a command line that is wrong: where a configuration was given without its option, how to give it. */
export function usageText(text: string, args: readonly string[], program: Command): string {
  const file = args.find(isYaml);
  if (!text.startsWith("error: too many arguments") || file === undefined) return text;
  let command = program;
  for (const word of args) command = command.commands.find((each) => each.name() === word) ?? command;
  const takesFile = command.options.some(({ long }) => long === "--config");
  const isGiven = args.some((each) => /^(-c|--config)/.test(each));
  return takesFile && !isGiven ? `error: ${command.name()} takes a configuration by -c: write -c ${file}\n` : text;
}

const isYaml = (word: string): boolean => !word.startsWith("-") && /\.ya?ml$/i.test(word);
