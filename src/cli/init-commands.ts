import type { Command } from "commander";
import type { Registry } from "../config/registry.ts";
import { nearest } from "../connector/kit/text.ts";
import { type CommandContext, configOption, withToken } from "./context.ts";
import { EXIT } from "./exit.ts";
import { UsageError } from "./given.ts";
import { initCommand } from "./init.ts";
import { initScimgatewayCommand } from "./init-scimgateway.ts";
import { initSyncCommand } from "./init-sync.ts";
import { withExamples } from "./worked-examples.ts";

/** Adds `init`, with a command for each connector, for scimgateway's configurations, and for syncs. */
export function addInitCommands(program: Command, { registry, env, exit }: CommandContext): void {
  const init = program
    .command("init")
    .description("Write a first configuration, from what a backend says about itself. Without a connector: list them.")
    .allowExcessArguments()
    .action(() => {
      const [word] = init.args;
      if (word !== undefined) {
        const names = init.commands.map((each) => each.name());
        throw new UsageError(`there is nothing to start from called "${word}"${nearest(word, names)}`);
      }
      console.log(overview(registry));
      exit(EXIT.fine);
    });
  withExamples(init, [["postern init", "List the backends, with an example for each"]]);
  for (const definition of registry.connectors.filter((each) => each.init)) {
    const { argument, options, example } = definition.init!;
    const command = init.command(definition.type).description(definition.summary);
    for (const { flags, description, required } of options)
      required ? command.requiredOption(flags, description) : command.option(flags, description);
    if (argument)
      command.argument(argument.optional ? `[${argument.name}]` : `<${argument.name}>`, argument.description);
    withExamples(command, [[example, `Write a first configuration for ${definition.type}`]]);
    command.option("-o, --out <folder>", "the folder to write to", ".").action(async (...given: unknown[]) => {
      const { out, ...rest } = command.opts<{ out: string }>();
      const named = argument ? { [argument.name]: given[0], ...rest } : rest;
      exit(await initCommand(definition, named, { registry, out, env }));
    });
  }
  const scimgateway = init
    .command("scimgateway")
    .description("Convert configurations of jelhub/scimgateway, and say what became of each setting.")
    .argument("<files...>", "such as config/plugin-ldap.json; several become one gateway with a route each")
    .option("-o, --out <folder>", "the folder to write to", ".")
    .action(async (files: string[], { out }: { out: string }) => {
      exit(await initScimgatewayCommand(files, { registry, out, env }));
    });
  withExamples(scimgateway, [[SCIMGATEWAY, "Convert plugin-ldap into a folder of its own"]]);
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

const SCIMGATEWAY = "postern init scimgateway config/plugin-ldap.json --out postern";

/** What there is to start from. */
function overview({ connectors }: Registry): string {
  const each = connectors.flatMap(({ type, summary, init }) =>
    init ? [`  ${type}\n    ${summary}\n    $ ${init.example}`] : [],
  );
  return [
    "postern init writes a first configuration, mappings and their tests. It overwrites nothing. Choose what is behind the gateway:",
    ...each,
    "\nOr start from what you have:",
    `  scimgateway\n    Configurations of jelhub/scimgateway: convert them, and say what became of each setting.\n    $ ${SCIMGATEWAY}`,
    "  sync\n    Two routes of a configuration: draft the rules by which people flow from one to the other.\n    $ postern init sync --from /hr --to /ad",
    "\nAll options of one: postern init ldap --help",
  ].join("\n");
}
