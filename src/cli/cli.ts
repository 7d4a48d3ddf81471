import { Command, CommanderError, Option } from "commander";
import { makeSecret } from "../auth/secret.ts";
import { StartError } from "../compose.ts";
import { ConfigError } from "../config/diagnostic.ts";
import type { Registry } from "../config/registry.ts";
import { auditForgetCommand, auditVerifyCommand } from "./audit.ts";
import { CHECK_FORMATS, checkCommand } from "./check.ts";
import { DRIFT_FORMATS, driftCommand } from "./drift.ts";
import { EXIT } from "./exit.ts";
import { explainCommand } from "./explain.ts";
import { entryIn, jsonIn, UsageError } from "./given.ts";
import { guardReleaseCommand, guardStatusCommand } from "./guard.ts";
import { healthCommand } from "./health.ts";
import { initCommand } from "./init.ts";
import { initSyncCommand } from "./init-sync.ts";
import { checkCommandName, usageText } from "./mistyped.ts";
import { problemsText } from "./problems.ts";
import { recordCommand } from "./record.ts";
import { serveCommand } from "./serve.ts";
import { addSimulateCommands } from "./simulate.ts";
import { addSyncCommands } from "./sync-commands.ts";
import { testCommand } from "./test.ts";
import { addValidateCommand } from "./validate.ts";

/** The file that is used where no other is named. */
const DEFAULT_CONFIG = "gateway.config.yaml";

/** Runs the command line. Gives the exit status: see `EXIT`. */
export async function run(args: readonly string[], registry: Registry): Promise<number> {
  let status = 0;
  const program = new Command("postern")
    .description("A SCIM 2.0 gateway in front of directories, databases and APIs.")
    .configureOutput({ outputError: (text, write) => write(usageText(text, args, program)) })
    .exitOverride();
  program
    .command("serve", { isDefault: true })
    .description("Start the gateway.")
    .option("-c, --config <file>", "the configuration file; without it the embedded example starts")
    .option("--allow <what>", "safety: a configuration that is read again may take safety settings away")
    .action(async ({ config, allow }) => {
      if (allow !== undefined && allow !== "safety") program.error(`error: --allow is for "safety", not "${allow}"`);
      status = await serveCommand(registry, config ?? DEFAULT_CONFIG, config === undefined, allow === "safety");
    });
  const config = ["-c, --config <file>", "the configuration file", DEFAULT_CONFIG] as const;
  program
    .command("check")
    .description("Check a configuration and its mappings, and show what is pushed down.")
    .option(...config)
    .option("--connect", "ask each connector whether it serves, and has what the mappings need")
    .option("--deny-warnings", "exit with 1 for warnings, too")
    .addOption(new Option("-f, --format <format>", "how it is told").choices(CHECK_FORMATS).default("text"))
    .action(async ({ config: file, connect = false, denyWarnings = false, format }) => {
      const env = withToken(process.env);
      status = await checkCommand({ registry, file, env, connect, denyWarnings, format });
    });
  program
    .command("health")
    .description(
      "Say whether the gateway of a configuration lives on this machine, as a container's health check asks.",
    )
    .option(...config)
    .action(async (options) => {
      status = await healthCommand(options.config);
    });
  program
    .command("test")
    .description("Run the mappings' tests, *.test.yaml and *.exchanges.yaml.")
    .argument("[files...]", "the test files; all below mappings/ without any")
    .action(async (files) => {
      status = await testCommand(registry, files);
    });
  program
    .command("explain")
    .description("Print what a SCIM request would ask of the backend, without doing it.")
    .option(...config)
    .option("--connect", "read entries from the backend, and ask what its indexes do not answer; nothing is written")
    .option("--entry <json>", "the entry as it is, as JSON or the name of a file, for changes that depend on it")
    .argument("<method>", "GET, POST, PUT, PATCH or DELETE")
    .argument("<path>", "such as '/Users?filter=userName eq \"ann\"'")
    .argument("[body]", "the body, as JSON, or @FILE")
    .action(async (method, path, body, { config: file, connect = false, entry }) => {
      const request = { method, url: path, ...(body !== undefined && { body: jsonIn(body, "the body") }) };
      const given = entry === undefined ? undefined : entryIn(entry);
      status = await explainCommand({ registry, file, request, connect, entry: given, env: withToken(process.env) });
    });
  program
    .command("record")
    .description("Carry out a SCIM request on the real API, and keep the conversation as a test of the mapping.")
    .option(...config)
    .requiredOption("-o, --out <file>", "the file, *.exchanges.yaml; the case is added to it")
    .option("--name <name>", "what the case is called")
    .option("--hide <properties...>", "properties whose values are not kept, beside passwords and the like", [])
    .argument("<method>", "GET, POST, PUT, PATCH or DELETE")
    .argument("<path>", "such as '/Users?filter=userName eq \"ann\"'")
    .argument("[body]", "the body, as JSON")
    .action(async (method, url, body, { config: file, ...options }) => {
      const request = { method, url, ...(body !== undefined && { body: jsonIn(body, "the body") }) };
      status = await recordCommand(registry, file, request, options, withToken(process.env));
    });
  program
    .command("token")
    .description("Make a secret for a caller, and the hash that the configuration may hold in its place.")
    .action(() => {
      const { secret, hash } = makeSecret();
      console.log(`secret: ${secret}\nhash:   ${hash}`);
    });
  const audit = program.command("audit").description("Look at the audit log.");
  audit
    .command("verify")
    .description("Say whether records were altered or taken out, and which writes have no outcome.")
    .argument("<files...>", "the file, or several, the older ones first")
    .option("--head <file>", "the file that says where the log ends; FILE.head by default")
    .option("--key-file <file>", "a file with the log's key, audit.key in the configuration")
    .option("--first <hash>", "the hash of the record before the first one, where older files are elsewhere")
    .option("--last <hash>", "the hash of a record that must be there: the last one when you looked before")
    .option("--excerpt", "a part of a log, of which nothing says where it begins and ends")
    .option(
      "-c, --config <file>",
      "the configuration of gateways that share a store: the files are their logs, and none may be missing",
    )
    .action(async (files, options) => {
      status = await auditVerifyCommand(files, options, { registry, env: withToken(process.env) });
    });
  audit
    .command("forget")
    .description("Forget the log of a gateway that is gone, once it is kept elsewhere: verify misses it no more.")
    .argument("<chain>", "its name, as audit verify tells")
    .option(...config)
    .action(async (chain, options) => {
      status = await auditForgetCommand(chain, options.config, { registry, env: withToken(process.env) });
    });
  const guard = program.command("guard").description("The change guard of a gateway that runs.");
  const url = ["--url <url>", "the gateway's administrators' address", "http://127.0.0.1:9464"] as const;
  const token = [
    "--token <token>",
    "one of operations.tokens; by default the environment's POSTERN_ADMIN_TOKEN",
  ] as const;
  const addressOf = (options: { url: string; token?: string }) => ({
    url: options.url,
    token: options.token ?? process.env.POSTERN_ADMIN_TOKEN,
  });
  guard
    .command("status")
    .description("Show what was let pass within the hour, and what is stopped, entry by entry.")
    .option(...url)
    .option(...token)
    .action(async (options) => {
      status = await guardStatusCommand(addressOf(options));
    });
  guard
    .command("release")
    .description("Let changes pass that were stopped, once each, when the client asks for them again.")
    .argument("<route>", "such as /scim/v2")
    .requiredOption("--reason <text>", "why, for the audit log")
    .option("--by <name>", "who releases them; by default your user name here")
    .option("--type <type>", "those of one resource type alone, such as User")
    .option("--key <keys...>", "those of these entries alone, by their ids")
    .option(...url)
    .option(...token)
    .action(async (route, { reason, by, type, key, ...options }) => {
      status = await guardReleaseCommand(addressOf(options), { route, reason, by, type, keys: key });
    });
  addSyncCommands(program, {
    registry,
    env: withToken(process.env),
    config,
    exit: (given) => {
      status = given;
    },
  });
  addSimulateCommands(program, (given) => {
    status = given;
  });
  program
    .command("drift")
    .description("Say what of a route is not as syncs wrote it last. Nothing is written.")
    .argument("<route>", "the route that syncs write, such as /ad")
    .option(...config)
    .addOption(new Option("-f, --format <format>", "how it is shown").choices(DRIFT_FORMATS).default("table"))
    .action(async (route, { config: file, format }) => {
      status = await driftCommand({ registry, file, env: withToken(process.env), route, format });
    });
  addValidateCommand(program, (given) => {
    status = given;
  });
  const init = program.command("init").description("Ask a backend about itself, and write a first configuration.");
  for (const definition of registry.connectors.filter((each) => each.init)) {
    const command = init.command(definition.type).description(definition.summary);
    for (const { flags, description, required } of definition.init?.options ?? [])
      required ? command.requiredOption(flags, description) : command.option(flags, description);
    const { argument } = definition.init ?? {};
    if (argument) command.argument(`<${argument.name}>`, argument.description);
    command.option("-o, --out <folder>", "where to write", ".").action(async (...given: unknown[]) => {
      const { out, ...options } = command.opts<{ out: string }>();
      const named = argument ? { [argument.name]: given[0], ...options } : options;
      status = await initCommand(definition, named, out, process.env);
    });
  }
  init
    .command("sync")
    .description("Draft a sync: ask a source and a target of the configuration, and print the rules between them.")
    .option(...config)
    .requiredOption("--from <route>", "the route that people come from, such as /hr")
    .requiredOption("--to <route>", "the route that accounts are made in, such as /ad")
    .action(async ({ config: file, from, to }) => {
      status = await initSyncCommand({ registry, file, env: withToken(process.env), from, to });
    });
  try {
    checkCommandName(args, program);
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    if (error instanceof UsageError) {
      console.error(`error: ${error.message}`);
      return EXIT.usage;
    }
    if (error instanceof ConfigError) console.error(problemsText(error.diagnostics, process.stderr));
    else if (error instanceof StartError) console.error(error.message);
    else console.error((error as Error).stack ?? error);
    return EXIT.findings;
  }
}

/** Looking at the embedded example needs no token. */
const withToken = (env: NodeJS.ProcessEnv) => ({ SCIM_TOKEN: "not-used-by-this-command", ...env });
