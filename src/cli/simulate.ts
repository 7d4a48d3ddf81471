import { Argument, type Command, InvalidArgumentError } from "commander";
import { CYCLES, type CycleKind } from "../entra/simulation.ts";
import { addEndpointOptions } from "./scim-endpoint.ts";
import type { SimulateOptions } from "./simulate-options.ts";
import {
  simulateCycle,
  simulateDiscovery,
  simulateExpression,
  simulateOnDemand,
  simulateWatch,
} from "./simulate-run.ts";

/** Adds `simulate entra` and its commands to a program. */
export function addSimulateCommands(program: Command, exit: (status: number) => void): void {
  const entra = program
    .command("simulate")
    .description("Behave as a client of a SCIM endpoint does, to know before go-live what it will do.")
    .command("entra")
    .description(
      "Microsoft Entra's provisioning service: cycles of a job before any SCIM endpoint, with its log and a report.",
    );

  addCycleOptions(entra.command("cycle"))
    .description("Run a cycle: the first one looks at everything, later ones at what changed.")
    .addArgument(
      new Argument("[kind]", "restart looks at everything again; restart-in-full also forgets which account is whose")
        .choices(CYCLES.map(dashed))
        .argOptional(),
    )
    .option("--allow-deletes", "send the deletions and disablings that the threshold holds")
    .action(async (kind: string | undefined, options: SimulateOptions) => {
      exit(
        await simulateCycle(
          options,
          CYCLES.find((each) => dashed(each) === kind),
        ),
      );
    });
  addOptions(entra.command("on-demand"))
    .description("Provision one user or group now, as the portal's Provision on demand does.")
    .argument("<who>", "an objectId, a userPrincipalName or a group's displayName")
    .action(async (who: string, options: SimulateOptions) => {
      exit(await simulateOnDemand(options, who));
    });
  addOptions(entra.command("discover"))
    .description("List the endpoint's accounts page by page, and say whose each is, as account discovery does.")
    .action(async (options: SimulateOptions) => {
      exit(await simulateDiscovery(options));
    });
  addCycleOptions(entra.command("watch"))
    .description("Run cycles one after the other, 40 minutes apart or faster, until Ctrl+C.")
    .option("--speed <times>", "how much faster the time between two cycles goes by", between(0.01, 1e9), 1)
    .option("--cycles <number>", "stop after so many", wholeFrom(1))
    .action(async (options: SimulateOptions & { readonly speed: number; readonly cycles?: number }) => {
      exit(await simulateWatch(options));
    });
  entra
    .command("expression")
    .description("Evaluate an expression of an attribute mapping, as the portal's expression builder does.")
    .argument("<text>", "such as 'Join(\" \", [givenName], [surname])'")
    .option("-a, --attribute <name=value...>", "attributes of the source that it may read", [])
    .action((text: string, { attribute }: { readonly attribute: readonly string[] }) => {
      exit(simulateExpression(text, attribute));
    });
}

/** Options of every command that asks an endpoint. */
function addOptions(command: Command): Command {
  return addEndpointOptions(command)
    .requiredOption(
      "--endpoint <url>",
      "the Tenant URL, as in the portal; with ?aadOptscim062020 PATCHes are in the compliant form",
    )
    .option("--state <folder>", "where the simulation is kept, with its log and reports", "entra-simulation")
    .option("--schema <file>", "the job's schema, as the portal exports it; by default that of a new application")
    .option("--people <number|file>", "people: so many that are drawn, or a file in CSV, TSV, JSON or JSON lines")
    .option("--groups <number|file>", "groups, likewise")
    .option("--seed <number>", "decides what is drawn", wholeFrom(0), 1)
    .option("--domain <name>", "the tenant's default domain", "contoso.example")
    .option("--sync-all", "provision everybody, not only who is assigned to the application")
    .option("--rate <number>", "maximum requests a second", between(0.001, 1e6))
    .option("--dry-run", "read, but tell what would be written in place of writing it; nothing is kept")
    .option("--no-verify", "do not read back what was written");
}

/** Options of the commands that run cycles. */
function addCycleOptions(command: Command): Command {
  return addOptions(command)
    .option(
      "--edits [share|file]",
      "edits before the cycle: drawn for a share of the tenant, by default 0.01, or a file of users",
    )
    .option("--group-edits <file>", "a file with edits of groups")
    .option(
      "--deletion-threshold <number>",
      "accidental deletions prevention: more than so many in a cycle are held",
      wholeFrom(0),
    )
    .option("--skip-out-of-scope-deletions", "leave accounts as they are that fall out of scope")
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
    .option("--parallel <number>", "objects that are worked on at a time, up to 64", between(1, 64), 1);
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
