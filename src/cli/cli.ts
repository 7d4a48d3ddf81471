import { Command } from "commander";
import { connectors as known } from "../../connectors/index.ts";
import { makeSecret } from "../auth/secret.ts";
import { StartError } from "../compose.ts";
import { ConfigError } from "../config/yaml.ts";
import { auditVerifyCommand } from "./audit.ts";
import { checkCommand } from "./check.ts";
import { explainCommand } from "./explain.ts";
import { guardCommand } from "./guard.ts";
import { initCommand } from "./init.ts";
import { recordCommand } from "./record.ts";
import { serveCommand } from "./serve.ts";
import { testCommand } from "./test.ts";

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
  const config = ["-c, --config <file>", "the configuration file", DEFAULT_CONFIG] as const;
  program
    .command("check")
    .description("Check a configuration and its mappings, and show what is pushed down.")
    .option(...config)
    .option("--connect", "ask each connector whether it serves")
    .action(async (options) => {
      status = await checkCommand(options.config, options.connect === true, withToken(process.env));
    });
  program
    .command("test")
    .description("Run the mappings' tests, *.test.yaml and *.exchanges.yaml.")
    .argument("[files...]", "the test files; all below mappings/ without any")
    .action(async (files) => {
      status = await testCommand(files);
    });
  program
    .command("explain")
    .description("Print what a SCIM request would ask of the backend, without doing it.")
    .option(...config)
    .option("--connect", "ask the backend what its indexes do not answer")
    .argument("<method>", "GET, POST, PUT, PATCH or DELETE")
    .argument("<path>", "such as '/Users?filter=userName eq \"ann\"'")
    .argument("[body]", "the body, as JSON")
    .action(async (method, path, body, options) => {
      const request = { method, url: path, ...(body !== undefined && { body: JSON.parse(body) }) };
      status = await explainCommand(options.config, request, options.connect === true, withToken(process.env));
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
      const request = { method, url, ...(body !== undefined && { body: JSON.parse(body) }) };
      status = await recordCommand(file, request, options, withToken(process.env));
    });
  program
    .command("token")
    .description("Make a secret for a caller, and the hash that the configuration may hold in its place.")
    .action(() => {
      const { secret, hash } = makeSecret();
      console.log(`secret: ${secret}\nhash:   ${hash}`);
    });
  program
    .command("audit")
    .description("Look at the audit log.")
    .command("verify")
    .description("Say whether records were altered or taken out.")
    .argument("<files...>", "the files, the older ones first")
    .option("--last <hash>", "the hash of a record that must be there: the last one when you looked before")
    .action((files, { last }) => {
      status = auditVerifyCommand(files, last);
    });
  const guard = program.command("guard").description("The change guard of a gateway that runs.");
  const url = ["--url <url>", "the gateway's operators' address", "http://127.0.0.1:9464"] as const;
  guard
    .command("status")
    .description("What was let pass within the hour, and what is stopped.")
    .option(...url)
    .action(async (options) => {
      status = await guardCommand(options.url, undefined);
    });
  guard
    .command("release")
    .description("Start counting anew.")
    .argument("<route>", "such as /scim/v2")
    .option(...url)
    .action(async (route, options) => {
      status = await guardCommand(options.url, route);
    });
  const init = program.command("init").description("Ask a backend about itself, and write a first configuration.");
  for (const definition of known.filter((each) => each.init)) {
    const command = init.command(definition.type).description(definition.summary);
    for (const { flags, description, required } of definition.init?.options ?? [])
      required ? command.requiredOption(flags, description) : command.option(flags, description);
    command.option("-o, --out <folder>", "where to write", ".").action(async ({ out, ...options }) => {
      status = await initCommand(definition, options, out, process.env);
    });
  }
  try {
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof ConfigError || error instanceof StartError) console.error(error.message);
    else if ((error as { exitCode?: number }).exitCode === undefined) console.error((error as Error).stack ?? error);
    return (error as { exitCode?: number }).exitCode ?? 1;
  }
}

/** Looking at the embedded example needs no token. */
const withToken = (env: NodeJS.ProcessEnv) => ({ SCIM_TOKEN: "not-used-by-this-command", ...env });
