import { Command } from "commander";
import { addAuditCommands } from "./audit-commands.ts";
import { addCompletionCommand } from "./completion-command.ts";
import { addConsoleCommand } from "./console-commands.ts";
import type { CommandContext } from "./context.ts";
import { addGatewayCommands } from "./gateway-commands.ts";
import { addGuardCommands } from "./guard-commands.ts";
import { addInitCommands } from "./init-commands.ts";
import { versionText } from "./installed.ts";
import { addJournalCommands } from "./journal-commands.ts";
import { addMappingCommands } from "./mapping-commands.ts";
import { usageText } from "./mistyped.ts";
import { addSimulateCommands } from "./simulate.ts";
import { addSyncCommands } from "./sync-commands.ts";
import { addValidateCommand } from "./validate.ts";
import { withExamples } from "./worked-examples.ts";

/** Builds the command line. Nothing runs until the program parses its arguments, which are given here for messages alone. */
export function buildProgram(context: CommandContext, args: readonly string[] = []): Command {
  const program: Command = new Command("postern")
    .description("A SCIM 2.0 gateway in front of directories, databases and APIs.")
    .version(versionText(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    // Beside the longest command 80 columns leave less than the 40 that descriptions would need by default to be wrapped.
    .configureHelp({ minWidthToWrap: 24 })
    .configureOutput({ outputError: (text, write) => write(usageText(text, args, program)) })
    .exitOverride();
  program.commandsGroup("Run a gateway:");
  addGatewayCommands(program, context);
  program.commandsGroup("Set up and try:");
  addInitCommands(program, context);
  addMappingCommands(program, context);
  program.commandsGroup("Operate:");
  addConsoleCommand(program, context);
  addGuardCommands(program, context);
  addJournalCommands(program, context);
  addSyncCommands(program, context);
  addAuditCommands(program, context);
  program.commandsGroup("Test SCIM endpoints:");
  addValidateCommand(program, context);
  addSimulateCommands(program, context);
  program.commandsGroup("Get help:");
  addCompletionCommand(program);
  program.helpCommand("help [command]", "Show the help of a command.");
  return withExamples(program, [
    ["postern", "Serve gateway.config.yaml of this folder, or the embedded example"],
    ["postern init", "List the backends that a first configuration can be written for"],
    ["postern check --connect", "Check a configuration, and ask its backends"],
    ["postern help check", "Show the options and examples of a command"],
  ]);
}
