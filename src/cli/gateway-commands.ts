import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { makeSecret } from "../auth/secret.ts";
import { CHECK_FORMATS, checkCommand } from "./check.ts";
import { type CommandContext, configOption, DEFAULT_CONFIG, tokenOfExample } from "./context.ts";
import { EXAMPLE } from "./example.ts";
import { healthCommand } from "./health.ts";
import { portIn } from "./port.ts";
import { serveCommand } from "./serve.ts";
import { withExamples } from "./worked-examples.ts";

/** Adds the commands that run and check a gateway. */
export function addGatewayCommands(program: Command, { registry, env, exit }: CommandContext): void {
  const serve = program
    .command("serve", { isDefault: true })
    .description("Start the gateway. This is the default command.")
    .option(
      "-c, --config <file>",
      `the configuration file; without it ${DEFAULT_CONFIG}, or the embedded example where there is none`,
    )
    .option("-p, --port <number>", "the port to listen on, in place of server.port", portIn)
    .option("--host <address>", "the address to listen on, in place of server.host")
    .addOption(
      new Option("--allow <what>", "let a reloaded configuration take away or weaken safety settings").choices([
        "safety",
      ]),
    )
    .action(async ({ config, port, host, allow }) => {
      const listen = { ...(port !== undefined && { port }), ...(host !== undefined && { host }) };
      const options = { file: config ?? foundConfig(), listen, mayLoosen: allow === "safety" };
      exit(await serveCommand(registry, env, options));
    });
  withExamples(serve, [
    ["postern", `Serve ${DEFAULT_CONFIG} of this folder, or the embedded example`],
    ["postern serve -c my.config.yaml", "Serve a configuration"],
    ["postern serve --port 9000", "Listen on another port than the configuration says"],
  ]);
  const check = program
    .command("check")
    .description("Check a configuration and its mappings, and show which filters the backends answer.")
    .addOption(configOption())
    .option("--connect", "also ask each backend whether it answers and has what the mappings need")
    .option("--deny-warnings", "exit with 1 for warnings, too")
    .addOption(new Option("-f, --format <format>", "how findings are printed").choices(CHECK_FORMATS).default("text"))
    .action(async ({ config: file, connect = false, denyWarnings = false, format }) => {
      exit(await checkCommand({ registry, file, env: tokenOfExample(env, file), connect, denyWarnings, format }));
    });
  withExamples(check, [
    ["postern check", `Check ${DEFAULT_CONFIG} of this folder`],
    ["postern check -c my.config.yaml --connect", "Also ask the backends"],
    ["postern check --deny-warnings --format json", "In CI: fail on warnings, and print JSON"],
  ]);
  const health = program
    .command("health")
    .description("Report whether a gateway on this machine is up, as a container's health check does.")
    .option(
      "-c, --config <file>",
      `the gateway's configuration; without it ${DEFAULT_CONFIG}, or the embedded example where there is none`,
    )
    .option("-p, --port <number>", "the port that the gateway was started with, in place of server.port", portIn)
    .action(async ({ config, port }) => {
      exit(await healthCommand(config ?? foundConfig(), env, port));
    });
  withExamples(health, [
    ["postern health -c /etc/postern/gateway.config.yaml", "Exit with 0 if the gateway of this configuration is up"],
  ]);
  const token = program
    .command("token")
    .description("Make a secret for a caller, and the hash that the configuration can hold in its place.")
    .action(() => {
      const { secret, hash } = makeSecret();
      console.log(`secret: ${secret}\nhash:   ${hash}`);
    });
  withExamples(token, [["postern token", "Print a new secret and its hash"]]);
}

/** The configuration of this folder, or the embedded example. */
const foundConfig = (): string => (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : EXAMPLE);
