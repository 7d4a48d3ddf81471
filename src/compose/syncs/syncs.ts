import { Cron } from "croner";
import type { Loaded } from "../../config/load.ts";
import { filesIn } from "../../connector/kit/files.ts";
import type { Route } from "../../gateway/route.ts";
import { limitsOf, sharedBudget } from "../../graph/budget.ts";
import { type EntraClient, type EntraServices, openEntra } from "../../graph/client.ts";
import type { Log } from "../../observe/log.ts";
import type { State } from "../../state/state.ts";
import type { SyncSettings } from "../../sync/definition.ts";
import { passwordsTo } from "../../sync/deliver.ts";
import { liveEngine } from "../../sync/engines/live.ts";
import { type Uploads, uploadEngine } from "../../sync/engines/upload.ts";
import { BusyError, withLease } from "../../sync/lease.ts";
import { type RunReport, runSync, type Sync } from "../../sync/run.ts";
import type { RunOptions } from "../../sync/steps.ts";
import { type Asking, routeTarget } from "../../sync/targets/route.ts";
import { fingerprint } from "../../sync/values.ts";
import { StartError } from "../routes.ts";
import { assertMoved, keepTarget, type Moved, storeOf } from "./target.ts";

/** What syncs are built from. */
export interface SyncParts {
  readonly loaded: Loaded;
  /** The routes by path, with their write middleware. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly state: State;
  /** The client of a sync into Entra, opened on first use. */
  readonly entra: (sync: string) => Uploads;
}

/** Opens one client for each sync into Entra, on first use. */
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
      // One budget per tenant, shared by all replicas.
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

/** Prepares a sync to run on its target's state. Throws a `StartError` if there is no sync of that name. */
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

/** The settings that count as rules. When they change, everyone is evaluated again. */
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

/** Options of one run. */
export interface RunWish extends Pick<RunOptions, "isPlan" | "isReconciling" | "isFirst" | "acceptsShrink" | "cause"> {
  /** Whether an operator declares the target to be the previous one at a new address. */
  readonly isSameTarget?: boolean;
  /** Which targets these are, if the operator saw them: a run that finds others is refused. */
  readonly same?: Moved | undefined;
}

/** The result of a run and its target. */
export interface NamedReport extends RunReport {
  /** The name under which the run left its state. */
  readonly store: string;
  /** Both targets, if the first run into a new target was held. */
  readonly moved: Moved | undefined;
  /** The earlier target, if an operator declared it to be the same. */
  readonly same: Moved | undefined;
}

/** When a run ends, and what comes before it. */
interface Running {
  readonly signal: AbortSignal;
  readonly now?: () => number;
  /** Called when the run has the sync to itself, before it does anything. If it rejects, there is no run. */
  readonly begun?: (() => Promise<void>) | undefined;
}

/**
 * Runs a sync once. Rejects with a `BusyError` if any process that shares the store is running it, and with an `OtherTargetError` if others
 * than its targets were said to be the same.
 */
export function runNamed(
  name: string,
  parts: SyncParts,
  wish: RunWish,
  { signal, now = Date.now, begun }: Running,
): Promise<NamedReport> {
  return withLease(parts.state.leases, name, signal, async (held) => {
    const { isSameTarget: isSame, same: said, isPlan } = wish;
    if (said) await assertMoved(parts, name, said);
    await begun?.();
    const sync = syncNamed(name, parts, held);
    const { store, moved, same } = await keepTarget(parts, name, { now: now(), same: said, isSame, isPlan });
    const report = await runSync({ ...sync, store: parts.state.syncs.of(store) }, { ...wish, now, signal: held });
    return { ...report, store, moved: report.isUnreleased ? moved : undefined, same };
  });
}

/** What the syncs of a running gateway are built from, until the next reload. */
export interface ScheduledParts extends SyncParts {
  /** Called when a run starts with these parts. The returned function is called when the run ends, whatever the result. */
  readonly began: (sync: string) => () => void;
}

/** The scheduled syncs of a running gateway. */
export interface Scheduler {
  /** Applies the schedules of a new configuration. Running syncs finish with their own parts. */
  readonly update: (parts: ScheduledParts) => void;
  /** Starts a run, as requested by a signal. During a run, one more is queued. */
  readonly signal: (name: string, cause: string) => void;
  readonly run: (name: string, wish: RunWish, begun?: Running["begun"]) => Promise<NamedReport>;
  readonly stop: () => Promise<void>;
}

/** Called with the result of each run. */
export type Ended = (name: string, report: RunReport, seconds: number) => void;

/** Delay that combines signals into one run, in milliseconds after the first. */
const DEBOUNCE_MS = 1000;

/** Scheduled runs that start within this many milliseconds are the same run. */
const SAME_MS = 10_000;

/** Runs syncs by schedule, one run of a sync at a time, until it is stopped. */
export function createScheduler(log: Pick<Log, "warn" | "error" | "info">, ended: Ended): Scheduler {
  let current: ScheduledParts | undefined;
  let jobs: Cron[] = [];
  const controller = new AbortController();
  const underWay = new Map<string, Promise<unknown>>();
  const wanted = new Map<string, RunWish>();
  const signalled = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();

  async function run(name: string, wish: RunWish, begun?: Running["begun"]): Promise<NamedReport> {
    if (underWay.has(name)) throw new BusyError(`The sync ${name} is already running.`);
    const start = performance.now();
    const parts = current!;
    const end = parts.began(name);
    const running = runNamed(name, parts, wish, { signal: controller.signal, begun }).finally(end);
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
  /** Starts a run, or queues one after the current run. Queued requests are combined; if any reconciles, the combined run does. */
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
      if (error instanceof BusyError) log.info({ sync: name }, "sync is running in another process");
      else log.error({ sync: name, error: error.stack }, "sync run failed");
    });
  }
  async function byClock(name: string, isReconciling: boolean): Promise<void> {
    const parts = current!;
    const { not_before: notBefore, ran } = await parts.state.syncs.of(await storeOf(parts, name)).record();
    // Another gateway may just have run it by the same schedule. A requested reconciliation always runs.
    if (Date.now() < notBefore || (!isReconciling && Date.now() - (ran ?? 0) < SAME_MS)) return;
    if (!isReconciling && underWay.has(name)) return;
    begin(name, { cause: "schedule", isReconciling });
  }
  const schedule = (name: string, pattern: string | undefined, isReconciling: boolean): Cron[] => {
    if (pattern === undefined) return [];
    const { zone } = current!.loaded.config.syncs[name]!.asOf;
    const timezone = typeof zone === "string" ? zone : "UTC";
    const failed = (error: unknown) => log.error({ sync: name, reason: (error as Error).message }, "sync not started");
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
      controller.abort(new Error("the gateway is shutting down"));
      await Promise.all(underWay.values());
    },
  };
}
