import { type CompletedCommand, skippedNames } from "./model.ts";

/** A text in single quotes, as sh, bash and zsh read it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** How a shell writes the cases of `walkCases`. */
interface Written {
  /** What says that a command was reached. */
  readonly to: (path: string) => string;
  /** What says that the next word is the value of an option. */
  readonly skip: string;
  readonly indent: string;
  readonly end: string;
}

/** The cases, one a line, by which a shell walks from word to word: `AT:WORD`, where `AT` is the command that was reached. */
export function walkCases(commands: readonly CompletedCommand[], { to, skip, indent, end }: Written): string {
  const steps = commands.flatMap(({ path, commands: below, options }) => [
    ...below.map(({ name }) => `${indent}${quoted(`${path}:${name}`)}) ${to(`${path} ${name}`.trim())}${end}`),
    ...skippedNames(path, options).map((names) => `${indent}${names.map(quoted).join(" | ")}) ${skip}${end}`),
  ]);
  return steps.join("\n");
}
