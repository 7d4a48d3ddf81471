import type { Command } from "commander";
import type { AdminAddress } from "./admin.ts";
import type { CommandContext } from "./context.ts";

/** Adds the options that name a running gateway's operators' address. */
export const withAdminAddress = (command: Command): Command =>
  command
    .option("--url <url>", "the address of the gateway's operations", "http://127.0.0.1:9464")
    .option("--token <token>", "one of operations.tokens; by default the environment's POSTERN_ADMIN_TOKEN");

/** The address that those options give; the token may come from the environment. */
export const adminAddressFrom =
  (env: CommandContext["env"]) =>
  ({ url, token = env.POSTERN_ADMIN_TOKEN }: AdminAddress): AdminAddress => ({ url, token });
