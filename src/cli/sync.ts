import { userInfo } from "node:os";
import { StartError } from "../compose/routes.ts";
import { runRecorded } from "../compose/syncs/runs.ts";
import { type NamedReport, type RunWish, runNamed, type Scheduler } from "../compose/syncs/syncs.ts";
import { storeOf } from "../compose/syncs/target.ts";
import { loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import { HELD, type Person } from "../state/person.ts";
import type { SyncStore } from "../state/syncs.ts";
import { BusyError } from "../sync/lease.ts";
import { findPerson, personPage } from "../sync/page.ts";
import { type Format, type Looked, lastRuns, planLine, printable, statusOf, writerOf } from "../sync/report.ts";
import { counted, people as inWords, isOrAre } from "../sync/words.ts";
import { openRoutes, openStore } from "./opened.ts";
import { write } from "./output.ts";
import { withProgress } from "./progress.ts";

/** What every command on a sync is given. */
export interface SyncCommand {
  readonly registry: Registry;
  /** The configuration file. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The sync's name; the only one that there is without it. */
  readonly name: string | undefined;
}

/** The sync that is meant. Throws a `StartError` where there is none of the name, or several and none is named. */
export function named({ name }: Pick<SyncCommand, "name">, syncs: Readonly<Record<string, unknown>>): string {
  const all = Object.keys(syncs);
  const only = all.length === 1 ? all[0] : undefined;
  const found = name ?? only;
  if (found === undefined || !all.includes(found))
    throw new StartError(
      all.length === 0
        ? "no syncs are configured"
        : `name a sync, one of: ${all.join(", ")}${name ? `; there is no ${name}` : ""}`,
    );
  return found;
}

/** Runs a sync, or only says what would happen, person by person. Gives 1 where it failed as a whole. */
export async function syncRunCommand(
  command: SyncCommand,
  wish: Omit<RunWish, "cause">,
  { format = "table", isQuiet = false }: { readonly format?: Format; readonly isQuiet?: boolean } = {},
): Promise<number> {
  const loaded = loadConfig(command.file, command.registry, command.env);
  const name = named(command, loaded.config.syncs);
  const parts = await openRoutes(loaded, { writes: wish.isPlan !== true });
  const ending = new AbortController();
  const end = () => ending.abort();
  process.once("SIGINT", end).once("SIGTERM", end);
  try {
    const by = userInfo().username;
    const run: Scheduler["run"] = (sync, asked, begun) =>
      runNamed(sync, parts, asked, { signal: ending.signal, begun });
    const asked = { sync: name, by, wish: { ...wish, cause: `${by}, by the command line` } };
    const report = await withProgress(wish.isPlan ? `planning ${name}` : `running ${name}`, () =>
      runRecorded({ run }, parts.audit, asked),
    );
    if (wish.isPlan && !isQuiet) {
      await printPeople(parts.state.syncs.of(report.store), format, `What ${name} would do`);
    }
    const summary = format === "table" || !wish.isPlan ? console.log : console.error;
    summary(summaryOf(name, report));
    return ["failed", "incomplete"].includes(report.outcome) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof BusyError)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
    await parts.close();
  }
}

async function printPeople(store: SyncStore, format: Format, title: string, filter: PeopleFilter = {}): Promise<void> {
  const writer = writerOf(format, title);
  await write(writer.head);
  for await (const person of everybody(store, filter)) {
    const line = planLine(person);
    if (line && !(await write(writer.line(line)))) return;
  }
  await write(writer.tail());
}

/** How many people are read at a time. */
const PIECE = 500;

type PeopleFilter = Parameters<SyncStore["listed"]>[0];

async function* everybody(store: SyncStore, filter: PeopleFilter): AsyncGenerator<Person> {
  for (let after = ""; ; ) {
    const people = await store.listed(filter, after, PIECE);
    if (people.length === 0) return;
    after = people.at(-1)!.key;
    yield* people;
  }
}

/** A kind of change as one of them is called: `create` of `creates`. */
const singular = (kind: string): string => kind.replace(/s$/, "");

function summaryOf(name: string, report: NamedReport): string {
  const { outcome, error, counts, held, people, unusable, groups, isUnreleased, statuses, moved, same } = report;
  const lines = [`${name}: ${outcome}${error ? `. ${error}` : ""}`, `  read: ${counted(people.read, "record")}`];
  if (people.twice > 0)
    lines.push(
      `  ${counted(people.twice, "key")} ${people.twice === 1 ? "comes" : "come"} more than once: none of the records with ${people.twice === 1 ? "it" : "them"} is used`,
    );
  for (const [kind, { planned, done, failed }] of Object.entries(counts))
    lines.push(`  ${kind}: ${planned} planned, ${done} done${failed > 0 ? `, ${failed} failed` : ""}`);
  const { stopped = 0, failed: waiting = 0 } = statuses;
  if (waiting > 0 && outcome !== "incomplete")
    lines.push(
      `  failed before: ${waiting}, tried again later. Who and why: postern sync status ${name} --people failed`,
    );
  if (stopped > 0) lines.push(`  stopped: ${stopped}. Who and why: postern sync status ${name} --people stopped`);
  if (same) lines.push(`  Its target is taken for the one from before: ${same.to} for ${same.from}`);
  if (moved)
    lines.push(
      `  It writes another target now, of which nothing is known yet: ${moved.to}, and before ${moved.from}. If it is the same one under another address: postern sync run ${name} --same-target`,
    );
  if (isUnreleased && held.length > 0)
    lines.push(
      `  The first run is held: everything waits but what was released. See what it would do: postern sync plan ${name}; then let it happen: postern sync run ${name} --first`,
    );
  else
    for (const { kind, count, allowed } of held)
      lines.push(
        kind === "rehires"
          ? `  HELD: ${inWords(count)} who may have been here before. See them: postern sync status ${name} --held; then, one by one: postern sync release --sync ${name} KEY --as OLDKEY, or --new, --reason ...`
          : `  HELD: ${counted(count, singular(kind))}, and ${allowed} ${isOrAre(allowed)} allowed. See them: postern sync status ${name} --held; then: postern sync release --sync ${name} --kind ${kind} --reason ...`,
      );
  if (groups.added + groups.removed > 0) lines.push(`  memberships: ${groups.added} added, ${groups.removed} removed`);
  if (outcome === "incomplete")
    lines.push(`  Some could not be done. Who and why: postern sync status ${name} --people failed`);
  for (const { group, reason } of groups.failures) lines.push(printable(`  group ${group}: ${reason}`));
  for (const { row, reason } of unusable.slice(0, 20)) lines.push(printable(`  not used, ${row}: ${reason}`));
  if (people.unusable > 20) lines.push(`  ... and ${counted(people.unusable - 20, "more record")} that cannot be used`);
  return lines.join("\n");
}

/** Looks into the store. */
async function onStore(command: SyncCommand, work: (looked: Looked) => Promise<number>) {
  const loaded = loadConfig(command.file, command.registry, command.env);
  const name = named(command, loaded.config.syncs);
  const state = await openStore(loaded);
  try {
    const store = state.syncs.of(await storeOf({ loaded, state }, name));
    return await work({ sync: name, leases: state.leases, store });
  } finally {
    await state.close();
  }
}

/** Shows the last runs, and how many people are in which state; with `held` who waits for somebody. */
export const syncStatusCommand = (
  command: SyncCommand,
  {
    held,
    status,
    format = "table",
  }: { readonly held: boolean; readonly status?: string | undefined; readonly format?: Format },
): Promise<number> =>
  onStore(command, async (looked) => {
    const { sync: name, store } = looked;
    if (held || status !== undefined) {
      const title = held ? `What ${name} holds` : `${name}: ${status}`;
      await printPeople(store, format, title, held ? { held: HELD.held } : { status: status! });
      return 0;
    }
    if (format === "json") {
      console.log(JSON.stringify(await statusOf(looked, 10), undefined, 2));
      return 0;
    }
    const [runs, people, planned] = await Promise.all([lastRuns(looked, 10), store.byStatus(), store.planned()]);
    console.log(
      `${name}\n  people: ${people.map(({ status: of, count }) => `${count} ${of}`).join(", ") || "none yet"}`,
    );
    for (const { kind, held: isHeld, count } of planned)
      if (isHeld === HELD.held) console.log(`  HELD: ${counted(count, singular(kind))}`);
    for (const { run, started, cause, outcome, error } of runs)
      console.log(`  run ${run}, ${new Date(started).toISOString()}, ${cause}: ${outcome}${error ? `. ${error}` : ""}`);
    return 0;
  });

/** Shows the page of truth of one person. */
export const syncPersonCommand = (command: SyncCommand, key: string): Promise<number> =>
  onStore(command, async ({ sync: name, store }) => {
    const person = await findPerson(store, key);
    if (!person) {
      console.error(`${name} knows nobody with the key, or the account, ${key}.`);
      return 1;
    }
    console.log(JSON.stringify(await personPage(store, person), undefined, 2));
    return 0;
  });
