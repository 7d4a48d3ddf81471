import type { Command } from "commander";
import { consoleCommand } from "./console.ts";
import { type CommandContext, configOption, withToken } from "./context.ts";
import { withExamples } from "./worked-examples.ts";

/** Adds the command that signs operators in to the console. */
export function addConsoleCommand(program: Command, { registry, env, exit }: CommandContext): void {
  const command = program
    .command("console")
    .description("Print a link that signs you in to the console, once and within ten minutes.")
    .addOption(configOption())
    .action(async ({ config }) => exit(await consoleCommand(config, { registry, env: withToken(env) })));
  withExamples(command, [
    ["postern console", "Print a link to the console of the gateway on this machine"],
    ["postern console -c /etc/postern/gateway.config.yaml", "Name the gateway's configuration"],
  ]);
}
