import { CommanderError } from "commander";
import { StartError } from "../compose.ts";
import { ConfigError } from "../config/diagnostic.ts";
import type { Registry } from "../config/registry.ts";
import { requireConfig } from "./context.ts";
import { EXIT } from "./exit.ts";
import { UsageError } from "./given.ts";
import { checkCommandName } from "./mistyped.ts";
import { problemsText } from "./problems.ts";
import { buildProgram } from "./program.ts";

/** Runs the command line. Gives the exit status: see `EXIT`. */
export async function run(args: readonly string[], registry: Registry): Promise<number> {
  let status: number = EXIT.fine;
  const exit = (given: number) => {
    status = given;
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
