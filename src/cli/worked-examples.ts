import type { Command } from "commander";

/** A command line that is worth showing, and what it does. */
export interface WorkedExample {
  readonly line: string;
  readonly does: string;
}

const known = new WeakMap<Command, readonly WorkedExample[]>();

/** Shows examples at the end of a command's help, and in the reference. Each is a line with what it does. */
export function withExamples(command: Command, examples: readonly (readonly [line: string, does: string])[]): Command {
  const given = examples.map(([line, does]) => ({ line, does }));
  known.set(command, given);
  return command.addHelpText(
    "after",
    `\nExamples:\n${given.map(({ line, does }) => `  # ${does}\n  $ ${line}`).join("\n\n")}`,
  );
}

/** The examples of a command. */
export const examplesOf = (command: Command): readonly WorkedExample[] => known.get(command) ?? [];
