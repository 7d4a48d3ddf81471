import type { Command } from "commander";
import { auditForgetCommand, auditVerifyCommand } from "./audit.ts";
import { type CommandContext, configOption, withToken } from "./context.ts";
import { withExamples } from "./worked-examples.ts";

/** Adds the commands on audit logs. */
export function addAuditCommands(program: Command, { registry, env, exit }: CommandContext): void {
  const audit = program.command("audit").description("Verify audit logs.");
  const verify = audit
    .command("verify")
    .description("Report records that were altered or taken out, and writes without an outcome.")
    .argument("<files...>", "the log, or several files of it, oldest first")
    .option("--head <file>", "the file that says where the log ends; by default FILE.head")
    .option("--key-file <file>", "a file with the log's key, audit.key in the configuration")
    .option("--first <hash>", "the hash of the record before the first one, if older files are kept elsewhere")
    .option("--last <hash>", "the hash of a record that must be present: the last one when you looked before")
    .option("--excerpt", "the files are part of a log, so nothing says where it begins and ends")
    .option(
      "-c, --config <file>",
      "the configuration of gateways that share a store: the files are their logs, and none may be missing",
    )
    .action(async (files, options) => {
      exit(await auditVerifyCommand(files, options, { registry, env: withToken(env) }));
    });
  withExamples(verify, [
    ["postern audit verify audit.jsonl", "Verify a log, with the files that were rotated out of it"],
    ["postern audit verify audit.jsonl --key-file audit.key", "Verify a log that is sealed with a key"],
  ]);
  const forget = audit
    .command("forget")
    .description(
      "Forget the log of a gateway that was removed, after archiving it. `audit verify` no longer reports it as missing.",
    )
    .argument("<chain>", "the log's name, as audit verify prints it")
    .addOption(configOption())
    .action(async (chain, options) => {
      exit(await auditForgetCommand(chain, options.config, { registry, env: withToken(env) }));
    });
  withExamples(forget, [["postern audit forget gateway-2", "Forget the log of gateway-2"]]);
}
