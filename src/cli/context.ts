import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import type { Registry } from "../config/registry.ts";
import { isExample } from "./example.ts";
import { UsageError } from "./given.ts";

/** What the commands of a program are made with. */
export interface CommandContext {
  readonly registry: Registry;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called with the exit status of the command that ran. */
  readonly exit: (status: number) => void;
}

/** The configuration that is used where no other is named. */
export const DEFAULT_CONFIG = "gateway.config.yaml";

/** The configuration's option, as every command has it. */
export const configOption = (description = "the configuration file"): Option =>
  new Option("-c, --config <file>", description).default(DEFAULT_CONFIG);

/** Throws a `UsageError` where a command would read the default configuration, and there is none. */
export function requireConfig(command: Command): void {
  if (command.getOptionValueSource("config") !== "default" || existsSync(DEFAULT_CONFIG)) return;
  throw new UsageError(
    `there is no ${DEFAULT_CONFIG} in this folder. Name a configuration with -c FILE, or write a first one with postern init`,
  );
}

/**
 * The environment for commands that serve nobody: they need no caller's token. `check` is told the truth but of the embedded example, whose
 * token is made up when it is served.
 */
export const withToken = (env: CommandContext["env"]): CommandContext["env"] => ({
  SCIM_TOKEN: "not-used-by-this-command",
  ...env,
});

/** The environment of a configuration that would be served: only the embedded example may do without its token. */
export const tokenOfExample = (env: CommandContext["env"], file: string): CommandContext["env"] =>
  isExample(file) ? withToken(env) : env;
