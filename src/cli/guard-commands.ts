import type { Command } from "commander";
import { adminAddressFrom, withAdminAddress } from "./admin-options.ts";
import type { CommandContext } from "./context.ts";
import { guardReleaseCommand, guardStatusCommand } from "./guard.ts";
import { withExamples } from "./worked-examples.ts";

/** Adds the commands on the change guard of a running gateway. */
export function addGuardCommands(program: Command, { env, exit }: CommandContext): void {
  const guard = program
    .command("guard")
    .description("Show and release what the change guard of a running gateway stopped.");
  const addressOf = adminAddressFrom(env);
  const status = withAdminAddress(guard.command("status"))
    .description("Show what passed within the hour, and what is stopped, entry by entry.")
    .action(async (options) => exit(await guardStatusCommand(addressOf(options))));
  withExamples(status, [["postern guard status", "Ask the gateway on this machine"]]);
  const release = withAdminAddress(guard.command("release"))
    .description("Let stopped changes pass, once each, when the client sends them again.")
    .argument("<route>", "such as /scim/v2")
    .requiredOption("--reason <text>", "the reason, for the audit log")
    .option("--by <name>", "who releases them; by default your user name on this machine")
    .option("--type <type>", "only those of one resource type, such as User")
    .option("--key <keys...>", "only those of these entries, by their ids")
    .action(async (route, { reason, by, type, key, ...options }) => {
      exit(await guardReleaseCommand(addressOf(options), { route, reason, by, type, keys: key }));
    });
  withExamples(release, [
    [`postern guard release /scim/v2 --reason "leavers of June"`, "Release everything that is stopped on a route"],
    [`postern guard release /scim/v2 --type User --key 17 23 --reason "checked"`, "Release two users"],
  ]);
}
