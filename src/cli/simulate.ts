import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { CYCLES, type CycleKind } from "../entra/simulation.ts";
import type { CommandContext } from "./context.ts";
import { addEndpointOptions } from "./scim-endpoint.ts";
import type { SimulateOptions } from "./simulate-options.ts";
import {
  simulateCycle,
  simulateDiscovery,
  simulateExpression,
  simulateOnDemand,
  simulateWatch,
} from "./simulate-run.ts";
import { withExamples } from "./worked-examples.ts";

const EXAMPLE_URL = "https://scim.example.com/scim/v2";

/** Adds `simulate entra` and its commands to a program. */
export function addSimulateCommands(program: Command, { exit }: Pick<CommandContext, "exit">): void {
  const entra = program
    .command("simulate")
    .description("Behave as a client of a SCIM endpoint does, to know before go-live what it will do.")
    .command("entra")
    .description(
      "Microsoft Entra's provisioning service: cycles of a job before any SCIM endpoint, with its log and a report.",
    );

  const cycle = addCycleOptions(entra.command("cycle"))
    .description("Run a cycle: the first one looks at everything, later ones at what changed.")
    .addArgument(
      new Argument(
        "[kind]",
        "the cycle: restart looks at everything again; restart-in-full also forgets which account is whose",
      )
        .choices(CYCLES.map(dashed))
        .argOptional(),
    )
    .addOption(
      new Option("--allow-deletes", "send the deletions and disablings that the threshold holds").helpGroup(
        "The cycle:",
      ),
    )
    .action(async (kind: string | undefined, options: SimulateOptions) => {
      exit(
        await simulateCycle(
          options,
          CYCLES.find((each) => dashed(each) === kind),
        ),
      );
    });
  withExamples(cycle, [
    [
      `postern simulate entra cycle --endpoint ${EXAMPLE_URL} --people 200 --groups 10`,
      "Provision a tenant that is made up",
    ],
    [
      `postern simulate entra cycle --endpoint ${EXAMPLE_URL} --edits 0.05`,
      "Change a twentieth of it, and run the next cycle",
    ],
    [
      `postern simulate entra cycle --endpoint ${EXAMPLE_URL} --people staff.csv --dry-run`,
      "Show what would be written for people of your own",
    ],
  ]);
  const onDemand = addOptions(entra.command("on-demand"))
    .description("Provision one user or group now, as the portal's Provision on demand does.")
    .argument("<who>", "an objectId, a userPrincipalName or a group's displayName")
    .action(async (who: string, options: SimulateOptions) => {
      exit(await simulateOnDemand(options, who));
    });
  withExamples(onDemand, [
    [`postern simulate entra on-demand ann@contoso.example --endpoint ${EXAMPLE_URL}`, "Provision one person now"],
  ]);
  const discover = addOptions(entra.command("discover"))
    .description("List the endpoint's accounts page by page, and say whose each is, as account discovery does.")
    .action(async (options: SimulateOptions) => {
      exit(await simulateDiscovery(options));
    });
  withExamples(discover, [
    [`postern simulate entra discover --endpoint ${EXAMPLE_URL}`, "List the endpoint's accounts, and whose each is"],
  ]);
  const watch = addCycleOptions(entra.command("watch"))
    .description("Run cycles one after the other, 40 minutes apart or faster, until Ctrl+C.")
    .optionsGroup("The cycle:")
    .option("--speed <times>", "how much faster the time between two cycles goes by", between(0.01, 1e9), 1)
    .option("--cycles <number>", "stop after so many", wholeFrom(1))
    .action(async (options: SimulateOptions & { readonly speed: number; readonly cycles?: number }) => {
      exit(await simulateWatch(options));
    });
  withExamples(watch, [
    [
      `postern simulate entra watch --endpoint ${EXAMPLE_URL} --edits --speed 60 --cycles 10`,
      "Run ten cycles, one every 40 seconds",
    ],
  ]);
  const expression = entra
    .command("expression")
    .description("Evaluate an expression of an attribute mapping, as the portal's expression builder does.")
    .argument("<text>", "such as 'Join(\" \", [givenName], [surname])'")
    .option("-a, --attribute <name=value...>", "attributes of the source that it may read", [])
    .action((text: string, { attribute }: { readonly attribute: readonly string[] }) => {
      exit(simulateExpression(text, attribute));
    });
  withExamples(expression, [
    [
      `postern simulate entra expression 'ToUpper([surname], )' -a surname=Lee`,
      "Evaluate an expression for one person",
    ],
  ]);
}

/** Options of every command that asks an endpoint. */
const addOptions = (command: Command): Command => addEndpointOptions(addTenantOptions(command));

function addTenantOptions(command: Command): Command {
  return command
    .requiredOption(
      "--endpoint <url>",
      "the Tenant URL, as in the portal; with ?aadOptscim062020 PATCHes are in the compliant form",
    )
    .option("--state <folder>", "where the simulation is kept, with its log and reports", "entra-simulation")
    .option("--schema <file>", "the job's schema, as the portal exports it; by default that of a new application")
    .option("--sync-all", "provision everybody, not only who is assigned to the application")
    .option("--dry-run", "read, but print what would be written instead of writing it; nothing is kept")
    .option("--no-verify", "don't read back what was written")
    .option("--rate <number>", "maximum requests per second", between(0.001, 1e6))
    .optionsGroup("The tenant:")
    .option("--people <number|file>", "people: a number to draw, or a file in CSV, TSV, JSON or JSON lines")
    .option("--groups <number|file>", "groups, likewise")
    .option("--seed <number>", "the seed that people, groups and edits are drawn with", wholeFrom(0), 1)
    .option("--domain <name>", "the tenant's default domain", "contoso.example");
}

/** Options of the commands that run cycles. */
function addCycleOptions(command: Command): Command {
  addTenantOptions(command)
    .optionsGroup("The cycle:")
    .option(
      "--edits [share|file]",
      "edits before the cycle: drawn for a share of the tenant, by default 0.01, or a file of users",
    )
    .option("--group-edits <file>", "a file with edits of groups")
    .option(
      "--deletion-threshold <number>",
      "accidental deletions prevention: hold deletions if a cycle has more than this",
      wholeFrom(0),
    )
    .option("--skip-out-of-scope-deletions", "leave accounts that fall out of scope as they are")
    .option(
      "--members-per-request <number>",
      "members in one PATCH; by default 1, and 100 in the compliant form",
      wholeFrom(1),
    )
    .option(
      "--quarantine-from <number>",
      "minimum number of failures before the 40 % rule applies; Entra's is 5000",
      wholeFrom(1),
    )
    .option("--parallel <number>", "objects worked on at a time, up to 64", between(1, 64), 1);
  return addEndpointOptions(command);
}

const dashed = (kind: CycleKind): string => kind.replaceAll(" ", "-");

const between =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`It must be from ${least} to ${most}.`);
    return value;
  };

const MAX_WHOLE = 2 ** 31 - 1;

const wholeFrom =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > MAX_WHOLE)
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${MAX_WHOLE}.`);
    return value;
  };
