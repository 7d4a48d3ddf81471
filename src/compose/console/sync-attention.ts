import type { Attention, SyncTrouble } from "../../console/api/overview.ts";
import type { SyncRun } from "../../console/api/syncs.ts";
import { HELD } from "../../state/person.ts";
import type { SyncSettings } from "../../sync/definition.ts";
import { lastRuns } from "../../sync/report.ts";
import { nextRun } from "../syncs/schedule.ts";
import type { Drifts } from "./drifts.ts";
import type { ConsoleSources } from "./sources.ts";
import { runOf } from "./sync-views.ts";

/** How late a scheduled run may be before it counts as overdue, in milliseconds. */
const LATE_MS = 10 * 60_000;
/** How many runs are looked at to say since when a sync is in trouble. */
const RUNS = 20;

const TROUBLES: readonly string[] = ["held", "failed", "incomplete", "interrupted"] satisfies SyncTrouble[];

/** What operators should look at of syncs, as the store tells: nothing is asked of backends. */
export async function troubledSyncs({ current, syncs, shared: { activity } }: ConsoleSources): Promise<Attention[]> {
  const { config } = current().loaded;
  const items = await Promise.all(
    syncs.admin.names().map(async (sync): Promise<Attention[]> => {
      const settings = config.syncs[sync]!;
      const looked = await syncs.looked(sync);
      const [records, planned] = await Promise.all([lastRuns(looked, RUNS), looked.store.planned()]);
      const held = planned.filter((each) => each.held === HELD.held).reduce((sum, { count }) => sum + Number(count), 0);
      const runs = records.map(runOf);
      return [...troubleOf(sync, runs, held), ...overdueOf(sync, runs, settings, activity.started)];
    }),
  );
  return items.flat();
}

/** What operators found when they last looked for drift. It is in memory: neither the store nor a backend is asked. */
export function foundDrifts({ current }: Pick<ConsoleSources, "current">, drifts: Drifts): Attention[] {
  return Object.entries(current().loaded.config.syncs).flatMap(([sync, { to }]): Attention[] => {
    const drift = "route" in to ? drifts(current().loaded).peek(to.route) : undefined;
    return drift?.is === "done" && drift.count > 0
      ? [{ what: "drift", sync, count: drift.count, at: drift.ended }]
      : [];
  });
}

/** What the last run left. It is told since the first of the runs in succession that ended so. */
function troubleOf(sync: string, runs: readonly SyncRun[], held: number): Attention[] {
  const ended = runs.filter(({ outcome }) => !["released", "planned", "running"].includes(outcome));
  const [last] = ended;
  if (!last || !TROUBLES.includes(last.outcome)) return [];
  const state = last.outcome as SyncTrouble;
  // All of it may have been released since.
  if (state === "held" && held === 0 && runs[0]!.outcome === "released") return [];
  const until = ended.findIndex(({ outcome }) => outcome !== state);
  const same = until < 0 ? ended : ended.slice(0, until);
  const first = same.at(-1)!;
  const stopped = held || last.held.reduce((sum, { count }) => sum + count, 0);
  const undone = last.counts.reduce((sum, { failed }) => sum + failed, 0);
  const count = state === "held" ? stopped : state === "incomplete" ? undone : same.length;
  return [{ what: "sync", sync, state, count, since: first.ended ?? first.started }];
}

/** A scheduled run that did not come. */
function overdueOf(sync: string, runs: readonly SyncRun[], settings: SyncSettings, started: number): Attention[] {
  const last = runs.find(({ outcome }) => outcome !== "released" && outcome !== "planned");
  const isTold = last !== undefined && TROUBLES.includes(last.outcome);
  if (settings.schedule === undefined || isTold || last?.outcome === "running") return [];
  const due = nextRun(settings.schedule, settings, Math.max(last?.started ?? 0, started));
  const isLate = due !== undefined && due + LATE_MS < Date.now();
  return isLate ? [{ what: "sync", sync, state: "overdue", count: 0, since: due }] : [];
}
