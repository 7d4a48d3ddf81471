import { type Command, Option } from "commander";
import { STATUSES } from "../sync/person.ts";
import { FORMATS } from "../sync/report.ts";
import { type CommandContext, configOption, withToken } from "./context.ts";
import { DRIFT_FORMATS, driftCommand } from "./drift.ts";
import { type SyncCommand, syncPersonCommand, syncRunCommand, syncStatusCommand } from "./sync.ts";
import { syncCancelCommand, syncForgetCommand, syncReleaseCommand, syncRetryCommand } from "./sync-acts.ts";
import { withExamples } from "./worked-examples.ts";

/** Adds the commands on syncs. */
export function addSyncCommands(program: Command, { registry, env: given, exit }: CommandContext): void {
  const env = withToken(given);
  const sync = program.command("sync").description("Plan, run and look into syncs between routes.");
  const on = (file: string, name: string | undefined): SyncCommand => ({ registry, env, file, name });
  const named = ["[name]", "the sync; the only one that is configured without it"] as const;
  const format = () => new Option("-f, --format <format>", "how it is shown").choices(FORMATS).default("table");
  const plan = sync
    .command("plan")
    .description("Say what a run would do, person by person. Nothing is written to the target.")
    .argument(...named)
    .option("-s, --sync <name>", "the same, as other commands take it")
    .addOption(configOption())
    .addOption(format())
    .option("--reconcile", "compare every account, not only those of people who changed")
    .option("--accept-shrink", "accept that the source has shrunk beyond the limit")
    .option("--same-target", "the target is the one from before, under another address")
    .action(async (name, options) => {
      const wish = {
        isPlan: true,
        isReconciling: options.reconcile === true,
        acceptsShrink: options.acceptShrink === true,
        isSameTarget: options.sameTarget === true,
      };
      exit(await syncRunCommand(on(options.config, name ?? options.sync), wish, { format: options.format }));
    });
  withExamples(plan, [
    ["postern sync plan", "Show what the next run would do"],
    ["postern sync plan hr --format csv > plan.csv", "Write the plan of one sync into a file"],
  ]);
  const run = sync
    .command("run")
    .description("Run a sync once.")
    .argument(...named)
    .option("-s, --sync <name>", "the same, as other commands take it")
    .addOption(configOption())
    .option("--first", "let the first run happen, whose plan you have seen: before that everything is held")
    .option("--reconcile", "compare every account, not only those of people who changed")
    .option("--accept-shrink", "accept that the source has shrunk beyond the limit")
    .option("--same-target", "the target is the one from before, under another address")
    .action(async (name, options) => {
      const wish = {
        isFirst: options.first === true,
        isReconciling: options.reconcile === true,
        acceptsShrink: options.acceptShrink === true,
        isSameTarget: options.sameTarget === true,
      };
      exit(await syncRunCommand(on(options.config, name ?? options.sync), wish));
    });
  withExamples(run, [
    ["postern sync run hr", "Run a sync once"],
    ["postern sync run hr --first", "Let the first run write, once its plan has been read"],
  ]);
  const status = sync
    .command("status")
    .description("Show the last runs, and how many people are in which state.")
    .argument(...named)
    .option("-s, --sync <name>", "the same, as other commands take it")
    .addOption(configOption())
    .addOption(format())
    .option("--held", "list the changes that wait to be released")
    .addOption(new Option("--people <status>", "list the people of a state").choices(STATUSES))
    .action(async (name, { config: file, ...options }) => {
      const held = options.held === true;
      exit(
        await syncStatusCommand(on(file, name ?? options.sync), {
          held,
          status: options.people,
          format: options.format,
        }),
      );
    });
  withExamples(status, [
    ["postern sync status", "Show the last runs"],
    ["postern sync status hr --held", "List the changes that wait for a release"],
    ["postern sync status hr --people failed", "List the people whose change failed"],
  ]);
  const person = sync
    .command("person")
    .description("Show everything that is known about one person, and why a change is not made.")
    .argument("<key>", "the person's key in the source, or the account's id")
    .option("-s, --sync <name>", named[1])
    .addOption(configOption())
    .action(async (key, options) => {
      exit(await syncPersonCommand(on(options.config, options.sync), key));
    });
  withExamples(person, [["postern sync person 10017", "Show everything that is known about one person"]]);
  const release = sync
    .command("release")
    .description("Release changes that the guard holds. The next run makes them.")
    .argument("[people...]", "the keys of the people")
    .option("-s, --sync <name>", named[1])
    .addOption(configOption())
    .requiredOption("--reason <text>", "why, for the history of runs and the audit log")
    .option("--by <name>", "who releases them; by default your user name here")
    .option("--kind <kind>", "all changes of a kind: creates, disables, deletes ...")
    .option("--all", "everything that is held")
    .option("--as <key>", "a rehire: the person takes over the account of this one")
    .option("--new", "not a rehire: the person is somebody new")
    .action(async (people, { config: file, sync: name, kind, as, by, reason, ...options }) => {
      const release = { people, kind, as, by, reason, all: options.all === true, isNew: options.new === true };
      exit(await syncReleaseCommand(on(file, name), release));
    });
  withExamples(release, [
    [`postern sync release 10017 --reason "checked with HR"`, "Release the changes of one person"],
    [`postern sync release --kind disables --reason "end of season"`, "Release all held disables"],
  ]);
  const cancel = sync
    .command("cancel")
    .description("End the run that is under way; the next one goes on.")
    .argument(...named)
    .option("-s, --sync <name>", "the same, as other commands take it")
    .addOption(configOption())
    .action(async (name, options) => exit(await syncCancelCommand(on(options.config, name ?? options.sync))));
  withExamples(cancel, [["postern sync cancel hr", "End the current run"]]);
  const retry = sync
    .command("retry")
    .description("Retry people who failed or were stopped, in the next run.")
    .argument("[people...]", "their keys; all of them without any")
    .option("-s, --sync <name>", named[1])
    .addOption(configOption())
    .action(async (people, options) => exit(await syncRetryCommand(on(options.config, options.sync), people)));
  withExamples(retry, [
    ["postern sync retry", "Retry everybody who failed or was stopped"],
    ["postern sync retry 10017 10023", "Try two people again"],
  ]);
  const forget = sync
    .command("forget")
    .description("Forget what is known of people. Their accounts stay as they are.")
    .argument("<people...>", "their keys")
    .option("-s, --sync <name>", named[1])
    .addOption(configOption())
    .action(async (people, options) => exit(await syncForgetCommand(on(options.config, options.sync), people)));
  withExamples(forget, [["postern sync forget 10017", "Forget one person; the account stays"]]);
  const drift = program
    .command("drift")
    .description("Report accounts of a route that differ from what syncs wrote last. Nothing is written.")
    .argument("<route>", "the route that syncs write to, such as /ad")
    .addOption(configOption())
    .addOption(new Option("-f, --format <format>", "how it is printed").choices(DRIFT_FORMATS).default("table"))
    .action(async (route, { config: file, format }) =>
      exit(await driftCommand({ registry, file, env, route, format })),
    );
  withExamples(drift, [["postern drift /ad --format csv > drift.csv", "Write the differences into a file"]]);
}
