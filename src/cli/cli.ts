import { Command } from "commander";
import { ConfigError } from "../config/yaml.ts";
import { serveCommand } from "./serve.ts";

/** The file that is used where no other is named. */
const DEFAULT_CONFIG = "gateway.config.yaml";

/** Runs the command line. Gives the exit status: 0, or 1 where something is wrong with what was given. */
export async function run(args: readonly string[]): Promise<number> {
  let status = 0;
  const program = new Command("postern")
    .description("A SCIM 2.0 gateway in front of directories, databases and APIs.")
    .exitOverride();
  program
    .command("serve", { isDefault: true })
    .description("Start the gateway.")
    .option("-c, --config <file>", "the configuration file; without it the embedded example starts")
    .action(async ({ config }) => {
      status = await serveCommand(config ?? DEFAULT_CONFIG, config === undefined);
    });
  try {
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof ConfigError) console.error(error.message);
    else if ((error as { exitCode?: number }).exitCode === undefined) console.error((error as Error).stack ?? error);
    return (error as { exitCode?: number }).exitCode ?? 1;
  }
}
