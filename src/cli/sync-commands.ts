import { type Command, Option } from "commander";
import type { Registry } from "../config/registry.ts";
import { STATUSES } from "../sync/person.ts";
import { FORMATS } from "../sync/report.ts";
import { type SyncCommand, syncPersonCommand, syncRunCommand, syncStatusCommand } from "./sync.ts";
import { syncCancelCommand, syncForgetCommand, syncReleaseCommand, syncRetryCommand } from "./sync-acts.ts";

/** What the commands on syncs are made with. */
export interface SyncProgram {
  readonly registry: Registry;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The configuration's option, as every command has it. */
  readonly config: readonly [flags: string, description: string, fallback: string];
  readonly exit: (status: number) => void;
}

/** Adds the commands on syncs to a program. */
export function addSyncCommands(program: Command, { registry, env, config, exit }: SyncProgram): void {
  const sync = program.command("sync").description("People who flow from one route to another.");
  const on = (file: string, name: string | undefined): SyncCommand => ({ registry, env, file, name });
  const named = ["[name]", "the sync; the only one that is configured without it"] as const;
  const format = () => new Option("-f, --format <format>", "how it is shown").choices(FORMATS).default("table");
  sync
    .command("plan")
    .description("Say what a run would do, person by person. Nothing is written to the target.")
    .argument(...named)
    .option("-s, --sync <name>", "the same, as other commands take it")
    .option(...config)
    .addOption(format())
    .option("--reconcile", "compare every account, not only those of people who changed")
    .option("--accept-shrink", "believe that the source has become so much smaller")
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
  sync
    .command("run")
    .description("Run a sync once.")
    .argument(...named)
    .option("-s, --sync <name>", "the same, as other commands take it")
    .option(...config)
    .option("--first", "let the first run happen, whose plan you have seen: before that everything is held")
    .option("--reconcile", "compare every account, not only those of people who changed")
    .option("--accept-shrink", "believe that the source has become so much smaller")
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
  sync
    .command("status")
    .description("Show the last runs, and how many people are in which state.")
    .argument(...named)
    .option("-s, --sync <name>", "the same, as other commands take it")
    .option(...config)
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
  sync
    .command("person")
    .description("Show all that is known of one person, and why nothing is done where nothing is.")
    .argument("<key>", "the person's key in the source, or the account's id")
    .option("-s, --sync <name>", named[1])
    .option(...config)
    .action(async (key, options) => {
      exit(await syncPersonCommand(on(options.config, options.sync), key));
    });
  sync
    .command("release")
    .description("Let changes happen that the guard holds, with the next run.")
    .argument("[people...]", "the keys of the people")
    .option("-s, --sync <name>", named[1])
    .option(...config)
    .requiredOption("--reason <text>", "why, for the history of runs and the audit log")
    .option("--by <name>", "who releases them; by default your user name here")
    .option("--kind <kind>", "all changes of a kind: creates, disables, deletes ...")
    .option("--all", "everything that is held")
    .option("--as <key>", "a rehire: the person takes over the account of this one")
    .option("--new", "a rehire that is none: the person is somebody new")
    .action(async (people, { config: file, sync: name, kind, as, by, reason, ...options }) => {
      const release = { people, kind, as, by, reason, all: options.all === true, isNew: options.new === true };
      exit(await syncReleaseCommand(on(file, name), release));
    });
  sync
    .command("cancel")
    .description("End the run that is under way; the next one goes on.")
    .argument(...named)
    .option("-s, --sync <name>", "the same, as other commands take it")
    .option(...config)
    .action(async (name, options) => exit(await syncCancelCommand(on(options.config, name ?? options.sync))));
  sync
    .command("retry")
    .description("Try people again with the next run, who failed or were stopped.")
    .argument("[people...]", "their keys; all of them without any")
    .option("-s, --sync <name>", named[1])
    .option(...config)
    .action(async (people, options) => exit(await syncRetryCommand(on(options.config, options.sync), people)));
  sync
    .command("forget")
    .description("Forget what is known of people. Their accounts stay as they are.")
    .argument("<people...>", "their keys")
    .option("-s, --sync <name>", named[1])
    .option(...config)
    .action(async (people, options) => exit(await syncForgetCommand(on(options.config, options.sync), people)));
}
