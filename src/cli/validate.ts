import { readFileSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { StartError } from "../compose/routes.ts";
import type { Profile } from "../validate/check.ts";
import { checks, notAsked, profileNames, withRequired } from "../validate/checks/index.ts";
import { NoAnswer } from "../validate/outcome.ts";
import { pathsInExport } from "../validate/plan.ts";
import { jsonReport } from "../validate/report/json.ts";
import { htmlReport, junitReport } from "../validate/report/markup.ts";
import { coloured, endText, plain, resultText } from "../validate/report/text.ts";
import { isSuccess, validate } from "../validate/run.ts";
import { openSession, type Session } from "../validate/session.ts";
import type { CommandContext } from "./context.ts";
import { addEndpointOptions, type EndpointOptions, openEndpoint, type ScimEndpoint } from "./scim-endpoint.ts";
import { withExamples } from "./worked-examples.ts";

/** What is checked, and where the results go. */
interface ValidateOptions extends EndpointOptions {
  readonly profile: readonly Profile[];
  readonly only?: readonly string[];
  readonly format: (typeof FORMATS)[number];
  readonly junit?: string;
  readonly html?: string;
  readonly entraSchema?: string;
  readonly userJoining: string;
  readonly groupJoining: string;
}

const FORMATS = ["text", "json"] as const;
/** The exit status: all passed, something was found, wrong usage, the endpoint could not be asked. */
const EXIT = { success: 0, findings: 1, usage: 2, unasked: 3 } as const;

/** Adds `postern validate URL`. */
export function addValidateCommand(program: Command, { exit }: Pick<CommandContext, "exit">): void {
  const command = program
    .command("validate")
    .description("Check any SCIM endpoint against what Entra, the interoperability profile and IPSIE expect of it.")
    .argument("<url>", "the endpoint's base URL, such as https://scim.example.com/scim/v2");
  command
    .optionsGroup("What is checked:")
    .option(
      "--profile <profiles>",
      `what is expected: ${profileNames.join(", ")}, or several with commas`,
      profilesIn,
      ["entra"],
    )
    .option("--only <ids...>", "run these checks only, such as entra-9")
    .option(
      "--entra-schema <file>",
      "write the attributes of a provisioning job, as exported from Entra, not those of /Schemas",
    )
    .option("--user-joining <path>", "the attribute that users are matched by", "userName")
    .option("--group-joining <path>", "the attribute that groups are matched by", "displayName")
    .optionsGroup("Reports:")
    .addOption(new Option("-f, --format <format>", "how results are printed").choices(FORMATS).default("text"))
    .option("--junit <file>", "also write the results as JUnit XML")
    .option("--html <file>", "also write the results as one HTML file");
  addEndpointOptions(command)
    .exitOverride((error) => {
      throw Object.assign(error, { exitCode: error.exitCode === 0 ? 0 : EXIT.usage });
    })
    .action(async (url: string) => exit(await validateCommand({ ...command.opts(), url } as ValidateOptions)));
  withExamples(command, [
    ["postern validate https://scim.example.com/scim/v2 --token-file token.txt", "Check what Entra expects"],
    [
      "postern validate https://scim.example.com/scim/v2 --profile entra,ipsie-al1 --junit scim.xml",
      "Check two profiles, and write a report for CI",
    ],
    ["postern validate http://127.0.0.1:8880/scim/v2 --only entra-9", "Run one check again"],
  ]);
}

function profilesIn(text: string): readonly Profile[] {
  const given = text.split(",").map((each) => each.trim());
  const unknown = given.filter((each) => !profileNames.includes(each as Profile));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`There is no profile ${unknown.join(", ")}; there are ${profileNames.join(", ")}.`);
  return given as Profile[];
}

/** Checks an endpoint and reports on it. Gives the exit status. */
async function validateCommand(options: ValidateOptions): Promise<number> {
  try {
    const plan = planOf(options);
    const endpoint = openEndpoint(options);
    try {
      return await run(endpoint, options, plan);
    } finally {
      await endpoint.close();
    }
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    return EXIT.usage;
  }
}

/** What runs, of the options. Throws a `StartError`. */
function planOf({ profile, only, entraSchema }: ValidateOptions) {
  const profiles = withRequired(profile);
  const unknown = (only ?? []).filter((id) => !checks.some((each) => each.id === id));
  if (unknown.length > 0)
    throw new StartError(`--only: there is no check ${unknown.join(", ")}; docs/reference/validate.md lists them.`);
  const isWanted = ({ id, profile: of }: { readonly id: string; readonly profile: Profile }) =>
    only ? only.includes(id) : profiles.includes(of);
  return {
    checks: checks.filter(isWanted),
    notAsked: notAsked.filter(isWanted),
    paths: entraSchema === undefined ? undefined : exportIn(entraSchema),
  };
}

function exportIn(file: string) {
  try {
    return pathsInExport(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new StartError(`--entra-schema: ${file} cannot be used: ${(error as Error).message}`);
  }
}

async function run(endpoint: ScimEndpoint, options: ValidateOptions, plan: ReturnType<typeof planOf>): Promise<number> {
  const ending = new AbortController();
  // The first Ctrl-C ends the run and cleans up, a second one ends the process.
  const end = () => {
    console.error("Cancelled: deleting what was created ... (Ctrl-C again to leave it)");
    ending.abort();
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  try {
    const session = await opened(endpoint, options, { paths: plan.paths, signal: ending.signal });
    if (!session) return EXIT.unasked;
    const paint = process.stdout.isTTY && !process.env.NO_COLOR ? coloured : plain;
    const isText = options.format === "text";
    const validation = await validate(plan.checks, session, {
      notAsked: plan.notAsked,
      signal: ending.signal,
      onResult: (result) => isText && process.stdout.write(resultText(result, paint)),
    });
    process.stdout.write(isText ? endText(validation) : jsonReport(validation));
    if (options.junit !== undefined) write("--junit", options.junit, junitReport(validation));
    if (options.html !== undefined) write("--html", options.html, htmlReport(validation));
    if (validation.stopped !== undefined && !ending.signal.aborted) return EXIT.unasked;
    return isSuccess(validation) ? EXIT.success : EXIT.findings;
  } finally {
    process.off("SIGINT", end);
    process.off("SIGTERM", end);
  }
}

/** A session with the endpoint; undefined, and the reason printed, if it does not answer, is no SCIM, or takes no credentials of ours. */
async function opened(
  endpoint: ScimEndpoint,
  { userJoining, groupJoining }: ValidateOptions,
  more: Pick<Parameters<typeof openSession>[0], "paths" | "signal">,
): Promise<Session | undefined> {
  try {
    const session = await openSession({
      transport: endpoint,
      joining: { User: userJoining, Group: groupJoining },
      ...more,
    });
    const { status } = await session.ask("GET", `${session.users.endpoint}?startIndex=1&count=1`);
    const { config, schemas } = session.discovery;
    if ([status, config.status, schemas.status].every((each) => each === 404)) {
      console.error(
        `${endpoint.url} does not look like a SCIM base URL: /ServiceProviderConfig, /Schemas and ${session.users.endpoint} are all 404. It often ends with /scim/v2.`,
      );
      return undefined;
    }
    if (status !== 401 && status !== 403) return session;
    console.error(
      `${endpoint.url} refuses the credentials, with ${status}. Give a token with --token-file or POSTERN_TOKEN.`,
    );
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    console.error(`${endpoint.url} could not be asked. ${error.message}`);
  }
  return undefined;
}

function write(option: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new StartError(`${option}: ${file} cannot be written: ${(error as Error).message}`);
  }
}
