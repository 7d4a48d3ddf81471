import { Cron } from "croner";
import type { Loaded } from "./config/load.ts";
import { filesIn } from "./connector/kit/files.ts";
import type { Route } from "./gateway/route.ts";
import { limitsOf, sharedBudget } from "./graph/budget.ts";
import { type EntraClient, type EntraServices, openEntra } from "./graph/client.ts";
import type { Log } from "./observe/log.ts";
import { StartError } from "./routes.ts";
import type { State } from "./state/state.ts";
import type { SyncSettings } from "./sync/definition.ts";
import { passwordsTo } from "./sync/deliver.ts";
import { liveEngine } from "./sync/engines/live.ts";
import { type Uploads, uploadEngine } from "./sync/engines/upload.ts";
import { BusyError, withLease } from "./sync/lease.ts";
import { type RunReport, runSync, type Sync } from "./sync/run.ts";
import type { RunOptions } from "./sync/steps.ts";
import { type Asking, routeTarget } from "./sync/targets/route.ts";
import { fingerprint } from "./sync/values.ts";
import { keepTarget, type Moved, storeOf } from "./sync-target.ts";

/** What syncs are made with. */
export interface SyncParts {
  readonly loaded: Loaded;
  /** The routes by their paths, with all that stands before their writes. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly state: State;
  /** The client of a sync into Entra, opened when it is needed first. */
  readonly entra: (sync: string) => Uploads;
}

/** Opens the clients of syncs into Entra, one each, and none before it is needed. */
export function lazyEntra(
  { config, folder }: Pick<Loaded, "config" | "folder">,
  state: State,
  clock?: EntraServices["clock"],
): { readonly of: SyncParts["entra"]; readonly close: () => Promise<void> } {
  const opened = new Map<string, EntraClient>();
  return {
    of: (name) => {
      const { to } = config.syncs[name]!;
      if (!("entra" in to)) throw new StartError(`syncs.${name} does not write to Entra`);
      // One budget for each tenant, over all replicas.
      const budget = sharedBudget(state.syncs.take, limitsOf(to.entra));
      const client =
        opened.get(name) ?? openEntra(to.entra, { files: filesIn(folder), budget, ...(clock && { clock }) });
      opened.set(name, client);
      return client;
    },
    close: async () => {
      await Promise.all([...opened.values()].map((client) => client.close()));
    },
  };
}

/** Makes a sync of the configuration ready to run, on the store of its first target. Throws a `StartError` where there is none of the name. */
export function syncNamed(name: string, parts: SyncParts, signal: AbortSignal): Sync {
  const { loaded, routes, state } = parts;
  const settings = loaded.config.syncs[name];
  const rules = loaded.syncs.get(name);
  if (!settings || !rules)
    throw new StartError(
      `there is no sync "${name}": ${Object.keys(loaded.config.syncs).join(", ") || "none is configured"}`,
    );
  const asking = { caller: `sync:${name}`, operationMs: Math.round(loaded.config.limits.seconds * 1000), signal };
  return {
    name,
    settings,
    rules,
    version: fingerprint(JSON.stringify(rulesIn(settings))),
    source: routes.get(settings.from.route)!,
    store: state.syncs.of(name),
    asking,
    engineFor: engineOf(name, settings, parts, asking),
  };
}

/** What of the settings is a rule: where they change, everybody is looked at again. */
const rulesIn = ({ from, to, asOf, scope, match, attributes, leavers, groups, rehires }: SyncSettings) => [
  from.key,
  "route" in to ? to : to.entra.job,
  asOf,
  scope,
  match,
  attributes,
  leavers,
  groups,
  rehires,
];

function engineOf(name: string, settings: SyncSettings, parts: SyncParts, asking: Asking): Sync["engineFor"] {
  const { to } = settings;
  if ("route" in to) {
    const target = routeTarget(parts.routes.get(to.route)!, to.type, asking);
    const deliver = settings.passwords && passwordsTo(name, settings.passwords);
    return (work, options) => liveEngine({ ...work, target, deliver }, options);
  }
  return (work, options) => uploadEngine(work, parts.entra(name), options);
}

/** What a run is to do, beside what every run has. */
export interface RunWish extends Pick<RunOptions, "isPlan" | "isReconciling" | "isFirst" | "acceptsShrink" | "cause"> {
  /** Somebody says that the target is the one from before, though its address is another. */
  readonly isSameTarget?: boolean;
}

/** What became of a run, and of which target. */
export interface NamedReport extends RunReport {
  /** The name under which people are kept as this run has left them. */
  readonly store: string;
  /** Where the first run into another target than before is held: both of them. */
  readonly moved: Moved | undefined;
  /** Where somebody says that the target is the one from before: which one that is. */
  readonly same: Moved | undefined;
}

/** Runs a sync once, alone of all processes that share the store. Rejects with a `BusyError` where another does. */
export function runNamed(
  name: string,
  parts: SyncParts,
  wish: RunWish,
  { signal, now = Date.now }: { signal: AbortSignal; now?: () => number },
): Promise<NamedReport> {
  return withLease(parts.state.leases, name, signal, async (held) => {
    const sync = syncNamed(name, parts, held);
    const { isSameTarget: isSame, isPlan } = wish;
    const { store, moved, same } = await keepTarget(parts, name, { now: now(), isSame, isPlan });
    const report = await runSync({ ...sync, store: parts.state.syncs.of(store) }, { ...wish, now, signal: held });
    return { ...report, store, moved: report.isUnreleased ? moved : undefined, same };
  });
}

/** What the syncs of a gateway that runs are made with, until its configuration is read again. */
export interface ScheduledParts extends SyncParts {
  /** Called when a run of a sync begins with these parts; what it gives is called when the run has ended, however it did. */
  readonly began: (sync: string) => () => void;
}

/** The syncs of a gateway that runs, by their schedules. */
export interface Scheduler {
  /** Takes the schedules of another configuration. Runs that are under way go on with the parts that they began with. */
  readonly update: (parts: ScheduledParts) => void;
  /** Begins a run, as a signal asks for one; one that comes while one is under way makes one more behind it. */
  readonly signal: (name: string, cause: string) => void;
  readonly run: (name: string, wish: RunWish) => Promise<NamedReport>;
  readonly stop: () => Promise<void>;
}

/** Called with what became of each run. */
export type Ended = (name: string, report: RunReport, seconds: number) => void;

/** Signals that come together make one run, so long after the first, in milliseconds. */
const DEBOUNCE_MS = 1000;

/** Runs by the schedule that begin within so many milliseconds are the same one. */
const SAME_MS = 10_000;

/** Runs syncs by their schedules, one run of a sync at a time, until it is stopped. */
export function createScheduler(log: Pick<Log, "warn" | "error" | "info">, ended: Ended): Scheduler {
  let current: ScheduledParts | undefined;
  let jobs: Cron[] = [];
  const controller = new AbortController();
  const underWay = new Map<string, Promise<unknown>>();
  const wanted = new Map<string, RunWish>();
  const signalled = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();

  async function run(name: string, wish: RunWish): Promise<NamedReport> {
    if (underWay.has(name)) throw new BusyError(`The sync ${name} is under way already.`);
    const start = performance.now();
    const parts = current!;
    const end = parts.began(name);
    const running = runNamed(name, parts, wish, { signal: controller.signal }).finally(end);
    underWay.set(
      name,
      running.catch(() => {}),
    );
    try {
      const report = await running;
      ended(name, report, (performance.now() - start) / 1000);
      const { outcome, error, counts, people, held, moved, same } = report;
      const about = { sync: name, run: report.run, outcome, counts, people, held };
      const fields = { ...about, ...(error && { error }), ...(moved && { moved }), ...(same && { same }) };
      if (outcome === "done" || outcome === "planned") log.info(fields, "sync run");
      else log.warn(fields, "sync run");
      return report;
    } finally {
      underWay.delete(name);
      const next = wanted.get(name);
      wanted.delete(name);
      if (next) begin(name, next);
    }
  }
  /** Begins a run, or one behind the one that is under way. Of several that wait one is made, which compares everything if any is to. */
  function begin(name: string, wish: RunWish): void {
    if (controller.signal.aborted) return;
    if (underWay.has(name)) {
      wanted.set(name, {
        ...wish,
        isReconciling: wish.isReconciling === true || wanted.get(name)?.isReconciling === true,
      });
      return;
    }
    run(name, wish).catch((error: Error) => {
      if (error instanceof BusyError) log.info({ sync: name }, "sync under way elsewhere");
      else log.error({ sync: name, error: error.stack }, "sync run failed");
    });
  }
  async function byClock(name: string, isReconciling: boolean): Promise<void> {
    const parts = current!;
    const { not_before: notBefore, ran } = await parts.state.syncs.of(await storeOf(parts, name)).record();
    // Another gateway may have run it a moment ago, by the same schedule. A reconciliation is made once in any case.
    if (Date.now() < notBefore || (!isReconciling && Date.now() - (ran ?? 0) < SAME_MS)) return;
    if (!isReconciling && underWay.has(name)) return;
    begin(name, { cause: "schedule", isReconciling });
  }
  const schedule = (name: string, pattern: string | undefined, isReconciling: boolean): Cron[] => {
    if (pattern === undefined) return [];
    const { zone } = current!.loaded.config.syncs[name]!.asOf;
    const timezone = typeof zone === "string" ? zone : "UTC";
    const failed = (error: unknown) => log.error({ sync: name, reason: (error as Error).message }, "sync not begun");
    return [new Cron(pattern, { timezone, unref: true, catch: failed }, () => byClock(name, isReconciling))];
  };
  return {
    update: (parts) => {
      current = parts;
      for (const job of jobs) job.stop();
      jobs = Object.entries(parts.loaded.config.syncs).flatMap(([name, settings]) => [
        ...schedule(name, settings.schedule, false),
        ...schedule(name, settings.reconcile, true),
      ]);
    },
    signal: (name, cause) => {
      if (signalled.has(name)) return;
      signalled.add(name);
      const timer = setTimeout(() => {
        timers.delete(timer);
        signalled.delete(name);
        begin(name, { cause });
      }, DEBOUNCE_MS);
      timers.add(timer);
    },
    run,
    stop: async () => {
      for (const job of jobs) job.stop();
      for (const timer of timers) clearTimeout(timer);
      controller.abort(new Error("the gateway ends"));
      await Promise.all(underWay.values());
    },
  };
}
