import { CommanderError } from "commander";
import { StartError } from "../compose/compose.ts";
import { ConfigError } from "../config/diagnostic.ts";
import type { Registry } from "../config/registry.ts";
import { requireConfig } from "./context.ts";
import { EXIT } from "./exit.ts";
import { UsageError } from "./given.ts";
import { checkCommandName } from "./mistyped.ts";
import { problemsText } from "./problems.ts";
import { buildProgram } from "./program.ts";

/** Runs the command line. Gives the exit status: see `EXIT`. */
export async function run(given: readonly string[], registry: Registry): Promise<number> {
  const args = helpAsOption(given);
  let status: number = EXIT.fine;
  const exit = (code: number) => {
    status = code;
  };
  const program = buildProgram({ registry, env: process.env, exit }, args);
  program.hook("preAction", (_, command) => requireConfig(command));
  try {
    checkCommandName(args, program);
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    return failed(error);
  }
}

/** `help sync plan` as `sync plan --help`: the program's own help knows the first word alone, and says nothing of one that is no command. */
function helpAsOption(args: readonly string[]): readonly string[] {
  const [first, second, ...more] = args;
  return first === "help" && second !== undefined && second !== "help" ? [second, ...more, "--help"] : args;
}

/** Tells why a command failed. Gives the exit status. */
function failed(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  if (error instanceof UsageError) {
    console.error(`error: ${error.message}`);
    return EXIT.usage;
  }
  if (error instanceof ConfigError) console.error(problemsText(error.diagnostics, process.stderr));
  else if (error instanceof StartError) console.error(error.message);
  else console.error((error as Error).stack ?? error);
  return EXIT.findings;
}
