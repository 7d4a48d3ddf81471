import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { configOption, withToken } from "./context.ts";
import { initCommand } from "./init.ts";
import { initSyncCommand } from "./init-sync.ts";
import { withExamples } from "./worked-examples.ts";

/** Adds `init`, with a command for each connector that can draft a configuration. */
export function addInitCommands(program: Command, { registry, env, exit }: CommandContext): void {
  const init = program.command("init").description("Ask a backend about itself, and write a first configuration.");
  for (const definition of registry.connectors.filter((each) => each.init)) {
    const command = init.command(definition.type).description(definition.summary);
    for (const { flags, description, required } of definition.init?.options ?? [])
      required ? command.requiredOption(flags, description) : command.option(flags, description);
    const { argument } = definition.init ?? {};
    if (argument) command.argument(`<${argument.name}>`, argument.description);
    command.option("-o, --out <folder>", "the folder to write to", ".").action(async (...given: unknown[]) => {
      const { out, ...options } = command.opts<{ out: string }>();
      const named = argument ? { [argument.name]: given[0], ...options } : options;
      exit(await initCommand(definition, named, out, env));
    });
  }
  const sync = init
    .command("sync")
    .description("Draft a sync: ask a source and a target of the configuration, and print the rules between them.")
    .addOption(configOption())
    .requiredOption("--from <route>", "the route that people come from, such as /hr")
    .requiredOption("--to <route>", "the route that accounts are made in, such as /ad")
    .action(async ({ config: file, from, to }) => {
      exit(await initSyncCommand({ registry, file, env: withToken(env), from, to }));
    });
  withExamples(sync, [["postern init sync --from /hr --to /ad", "Draft the rules from an HR system to a directory"]]);
}
