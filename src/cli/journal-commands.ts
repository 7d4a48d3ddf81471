import { type Command, Option } from "commander";
import { adminAddressFrom, withAdminAddress } from "./admin-options.ts";
import type { CommandContext } from "./context.ts";
import { UsageError } from "./given.ts";
import { journalListCommand, journalShowCommand } from "./journal.ts";
import { withExamples } from "./worked-examples.ts";

const MAX_ENTRIES = 1000;

/** Adds the commands on the journal of a running gateway. */
export function addJournalCommands(program: Command, { env, exit }: CommandContext): void {
  const journal = program
    .command("journal")
    .description("Show what a running gateway was asked, what it did, and why it failed.");
  const addressOf = adminAddressFrom(env);
  const format = () =>
    new Option("-f, --format <format>", "the output format").choices(["text", "json"]).default("text");
  const list = withAdminAddress(journal.command("list"))
    .description("List entries of the journal, the newest last.")
    .option(
      "--search <text>",
      "only entries of resources with this text in their name, or of this resource or request id",
    )
    .option("--failures", "only what failed")
    .option("--since <span>", "only what is newer: 30m, 2h, 7d")
    .option("--route <route>", "only one route, such as /scim/v2")
    .option("--caller <name>", "only one caller")
    .option("-n, --limit <count>", "the number of entries, at most 1000", "50")
    .addOption(format())
    .action(async ({ search, failures = false, since, route, caller, limit, format: given, ...address }) => {
      const count = Number(limit);
      if (!Number.isInteger(count) || count < 1 || count > MAX_ENTRIES)
        throw new UsageError(`--limit takes a number from 1 to ${MAX_ENTRIES}, not "${limit}"`);
      const asked = { search, failures, since, route, caller, limit: count, isJson: given === "json" };
      exit(await journalListCommand(addressOf(address), asked));
    });
  withExamples(list, [
    ["postern journal list --failures --since 2h", "Show what failed in the last two hours"],
    ["postern journal list --search ann@example.com", "Show what happened to a person"],
  ]);
  const show = withAdminAddress(journal.command("show"))
    .description("Show one entry with its steps: what was sent, what was asked of the backend, what was answered.")
    .argument("<id>", "the entry's id, as the list shows it")
    .addOption(format())
    .action(async (id, { format: given, ...address }) => {
      exit(await journalShowCommand(addressOf(address), id, given === "json"));
    });
  withExamples(show, [["postern journal show 0mwxssrah000009f8a9473", "Show an entry"]]);
}
