import type { SyncHeld, SyncMoved, SyncPerson, SyncRun, SyncSummary } from "../../console/api/syncs.ts";
import { HELD, type Person } from "../../state/person.ts";
import type { RunRecord } from "../../state/syncs.ts";
import type { SyncSettings } from "../../sync/definition.ts";
import { displayOf, resourceOf } from "../../sync/person.ts";
import { type Looked, lastRuns, planLine } from "../../sync/report.ts";
import type { MaybeMoved } from "../syncs/running.ts";
import { nextRun } from "../syncs/schedule.ts";

/** How many problems of a run are shown. */
const MAX_PROBLEMS = 100;

/** A sync in a line. */
export async function summaryOf(
  looked: Looked,
  settings: SyncSettings,
  moved: MaybeMoved | undefined,
): Promise<SyncSummary> {
  const { store, sync } = looked;
  const [runs, record, planned, people] = await Promise.all([
    lastRuns(looked, 20),
    store.record(),
    store.planned(),
    store.byStatus(),
  ]);
  const views = runs.map(runOf);
  const { from, to, schedule, reconcile } = settings;
  const same = moved && (await movedOf(moved));
  const running = [...views, ...(same?.runs ?? [])].find(({ outcome }) => outcome === "running");
  const last = views.find(({ outcome }) => !["running", "released"].includes(outcome));
  const isHeld = ({ held }: { held: number }) => held === HELD.held;
  const next = schedule === undefined ? undefined : nextRun(schedule, settings);
  const nextReconcile = reconcile === undefined ? undefined : nextRun(reconcile, settings);
  const counts = (rows: typeof planned) => rows.map(({ kind, count }) => ({ kind, count: Number(count) }));
  return {
    name: sync,
    from: from.route,
    ...("route" in to && { to: to.route }),
    ...(schedule !== undefined && { schedule }),
    ...(reconcile !== undefined && { reconcile }),
    ...(next !== undefined && { next }),
    ...(nextReconcile !== undefined && { nextReconcile }),
    ...(running && { running }),
    ...(last && { last }),
    held: counts(planned.filter(isHeld)),
    limits: planned.filter(isHeld).flatMap(({ kind, count: waiting }) => {
      const released = planned.find((each) => each.kind === kind && each.held === HELD.released)?.count ?? 0;
      return lastLimit(views, kind).map((each) => ({ ...each, released: Number(released), waiting: Number(waiting) }));
    }),
    planned: counts(planned.filter((each) => !isHeld(each))),
    people,
    isUnreleased: record.begun === null,
    ...(same && { moved: same.moved }),
    seen: runs[0]?.run ?? 0,
    ...(Number(record.not_before) > Date.now() && { notBefore: Number(record.not_before) }),
  };
}

/** Two targets that may be the same, and the plan of that. The plan's store has the history from before, too. */
async function movedOf({ moved, plan }: MaybeMoved): Promise<{ moved: SyncMoved; runs: readonly SyncRun[] }> {
  if (!plan) return { moved, runs: [] };
  const runs = (await lastRuns(plan, 1)).map(runOf).filter(({ started }) => started >= plan.since);
  const run = runs.find(({ outcome }) => outcome === "planned");
  const planned = run ? await plan.store.planned() : [];
  const counts = Map.groupBy(planned, ({ kind }) => kind);
  const changes = [...counts].map(([kind, of]) => ({ kind, count: of.reduce((sum, { count }) => sum + count, 0) }));
  return { moved: { ...moved, ...(run && { plan: { run, changes } }) }, runs };
}

/** The limit that a kind of change was held by last, if one was. */
function lastLimit(runs: readonly SyncRun[], kind: string): readonly SyncHeld[] {
  const last = runs.flatMap(({ held }) => held).find((each) => each.kind === kind);
  return last?.limit === undefined ? [] : [last];
}

/** What a run held. Versions before did not keep all of it. */
interface KeptHeld extends Pick<SyncHeld, "kind" | "count"> {
  readonly accounts?: number;
  readonly limit?: SyncHeld["limit"];
  readonly made?: number;
}

/** What the history keeps of a run, or of a release. */
interface Kept {
  readonly phase?: string;
  readonly counts?: Readonly<
    Record<string, { readonly planned: number; readonly done: number; readonly failed: number }>
  >;
  readonly held?: readonly KeptHeld[];
  readonly unusable?: readonly { readonly row: string; readonly reason: string }[];
  readonly people?: Partial<Record<"read" | "unusable" | "twice" | "looked", number>>;
  readonly groups?: {
    readonly added: number;
    readonly removed: number;
    readonly failures: readonly { readonly group: string; readonly reason: string }[];
  };
  readonly count?: number;
}

/** An entry of the history. */
export function runOf({ run, started, ended, cause, outcome, error, counts: kept }: RunRecord): SyncRun {
  const { phase, counts = {}, held = [], unusable = [], people = {}, groups, count } = JSON.parse(kept) as Kept;
  const problems = [
    ...(groups?.failures ?? []).map(({ group, reason }) => ({ about: group, reason })),
    ...unusable.map(({ row, reason }) => ({ about: row, reason })),
  ];
  return {
    run,
    started: Number(started),
    ...(ended !== null && { ended: Number(ended) }),
    cause,
    outcome,
    ...(error !== null && { error }),
    ...(outcome === "running" && phase !== undefined && { phase }),
    read: people.read ?? 0,
    unusable: people.unusable ?? 0,
    twice: people.twice ?? 0,
    ...(people.looked !== undefined && { looked: people.looked }),
    counts: Object.entries(counts).map(([kind, { planned, done, failed }]) => ({ kind, count: planned, done, failed })),
    held: held.map(({ kind, count: of, accounts = 0, limit, made = 0 }) => ({
      kind,
      count: of,
      accounts,
      made,
      ...(limit !== undefined && { limit }),
    })),
    groups: { added: groups?.added ?? 0, removed: groups?.removed ?? 0 },
    problems: problems.slice(0, MAX_PROBLEMS),
    ...(outcome === "released" && { released: count ?? 0 }),
  };
}

/** A person's line. */
export function lineOf(person: Person): SyncPerson {
  const line = planLine(person);
  const { key, status, kind } = person;
  return {
    key,
    display: displayOf(resourceOf(person)),
    status,
    ...(kind !== null && { kind }),
    held: person.held === HELD.held,
    reason: line?.reason ?? "",
    changes: line?.changes ?? [],
    notes: line?.notes ?? [],
  };
}
