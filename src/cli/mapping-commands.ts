import type { Command } from "commander";
import { type CommandContext, configOption, withToken } from "./context.ts";
import { explainCommand } from "./explain.ts";
import { entryIn, jsonIn } from "./given.ts";
import { playCommand } from "./play.ts";
import { portIn } from "./port.ts";
import { recordCommand } from "./record.ts";
import { testCommand } from "./test.ts";
import { withExamples } from "./worked-examples.ts";

/** Adds the commands that try mappings. */
export function addMappingCommands(program: Command, { registry, env, exit }: CommandContext): void {
  const test = program
    .command("test")
    .description("Run the tests of mappings, *.test.yaml and *.exchanges.yaml.")
    .argument("[files...]", "the test files; without any, all below mappings/")
    .action(async (files) => exit(await testCommand(registry, files)));
  withExamples(test, [
    ["postern test", "Run all tests below mappings/"],
    ["postern test mappings/user.test.yaml", "Run one file"],
  ]);
  const explain = program
    .command("explain")
    .description("Print what a SCIM request would ask of the backend, without doing it.")
    .addOption(configOption())
    .option("--connect", "read entries from the backend, and report what its indexes don't answer; nothing is written")
    .option("--entry <json|file>", "the current entry, as JSON or a file's name, for changes that depend on it");
  addRequest(explain).action(async (method, path, body, { config: file, connect = false, entry }) => {
    const request = { method, url: path, ...(body !== undefined && { body: jsonIn(body, "the body") }) };
    const given = entry === undefined ? undefined : entryIn(entry);
    exit(await explainCommand({ registry, file, request, connect, entry: given, env: withToken(env) }));
  });
  withExamples(explain, [
    [`postern explain GET '/Users?filter=userName eq "ann"'`, "Show the query that a look-up by userName becomes"],
    [`postern explain POST /Users '{"userName": "ann"}'`, "Show what creating a user would write"],
    ["postern explain PATCH /Users/7 @patch.json --connect", "Show a change, for the entry as the backend has it"],
  ]);
  const play = program
    .command("play")
    .description("Open the playground on this machine: change mappings and inputs in a browser, and see what follows.")
    .argument("<mappings...>", "mapping files, or names of shipped ones, such as postern:openldap/user")
    .option("-c, --config <file>", "a configuration: requests are shown in its backends' words")
    .option("--connect", "with -c: load live entries and look up references; nothing is written")
    .option("--save", "let the page save the mapping files, and tests beside them")
    .option("-p, --port <number>", "the port to listen on; without it a free one", portIn)
    .action(async (mappings, { config, connect = false, save = false, port = 0 }) => {
      exit(await playCommand({ registry, env: withToken(env), mappings, config, connect, maySave: save, port }));
    });
  withExamples(play, [
    ["postern play mappings/user.yaml", "Try a mapping without a backend"],
    ["postern play mappings/user.yaml mappings/group.yaml --save", "Try two, and save what you change"],
    ["postern play mappings/user.yaml -c gateway.config.yaml --connect", "Also with live entries of the backend"],
  ]);
  const record = program
    .command("record")
    .description("Carry out a SCIM request on the real API, and keep the conversation as a test of the mapping.")
    .addOption(configOption())
    .requiredOption("-o, --out <file>", "the file, *.exchanges.yaml; the case is added to it")
    .option("--name <name>", "the name of the case")
    .option("--hide <properties...>", "properties whose values are not kept; passwords and the like never are", []);
  addRequest(record).action(async (method, url, body, { config: file, ...options }) => {
    const request = { method, url, ...(body !== undefined && { body: jsonIn(body, "the body") }) };
    exit(await recordCommand(registry, file, request, options, withToken(env)));
  });
  withExamples(record, [
    [
      `postern record GET '/Users?filter=userName eq "ann"' -o mappings/user.exchanges.yaml`,
      "Record what the API answers to a look-up",
    ],
  ]);
}

/** A SCIM request as arguments. */
const addRequest = (command: Command): Command =>
  command
    .argument("<method>", "GET, POST, PUT, PATCH or DELETE")
    .argument("<path>", "such as '/Users?filter=userName eq \"ann\"'")
    .argument("[body]", "the body, as JSON, or @FILE");
