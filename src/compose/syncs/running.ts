import type { SyncAdmin } from "../../edge/syncs.ts";
import { BusyError } from "../../sync/lease.ts";
import { STATUSES } from "../../sync/person.ts";
import { type Looked, statusOf } from "../../sync/report.ts";
import type { RunReport } from "../../sync/run.ts";
import { KINDS } from "../../sync/shown.ts";
import { isSigned } from "../../sync/signature.ts";
import type { Generation, Shared } from "../generation.ts";
import { UnrecordedError } from "../recorded-acts.ts";
import { StartError } from "../routes.ts";
import type { Store } from "../store.ts";
import { createUses } from "../uses.ts";
import { ActError, carryOutAct } from "./acts.ts";
import { type AskedRun, runRecorded } from "./runs.ts";
import { createScheduler, lazyEntra, type SyncParts } from "./syncs.ts";
import { type Moved, movedTarget, OtherTargetError, storeOf } from "./target.ts";

/** The parts of a generation that syncs use. */
type Parts = Pick<Generation, "loaded" | "routes" | "connectors">;

/** Two targets that may be the same, and the plan of that, begun at a time. */
export interface MaybeMoved {
  readonly moved: Moved;
  readonly plan?: Looked & { readonly since: number };
}

/** The syncs of a running gateway. */
export interface RunningSyncs {
  /** Takes over the syncs of a new generation. Running ones finish with the previous one. */
  readonly update: (generation: Parts) => void;
  /** Resolves when no run uses a connector any more. */
  readonly left: (connector: object) => Promise<void>;
  readonly admin: SyncAdmin;
  /** Starts a run as an operator's act, and resolves once it has begun. Rejects like `runRecorded`. */
  readonly start: (asked: AskedRun) => Promise<void>;
  /** The state of a sync, for looking at it. */
  readonly looked: (sync: string) => Promise<Looked>;
  /** The previous target and the plan of taking both for the same, while that is for an operator to say. */
  readonly moved: (sync: string) => Promise<MaybeMoved | undefined>;
  /** Reads what a sync reads and writes. Nothing of it is closed meanwhile; the signal aborts when the gateway stops. */
  readonly using: <T>(sync: string, work: (parts: SyncParts, signal: AbortSignal) => Promise<T>) => Promise<T>;
  readonly stop: () => Promise<void>;
}

/** Runs the gateway's syncs by schedule and signal. Opens the store if there are any. */
export function runningSyncs(
  { log, metrics, services }: Pick<Shared, "log" | "metrics" | "services">,
  store: Store,
): RunningSyncs {
  const scheduler = createScheduler(log, (name, report, seconds) => counted(metrics, name, report, seconds));
  const uses = createUses();
  const closing = new Set<Promise<void>>();
  const stopping = new AbortController();
  let current: Parts | undefined;
  let entra: ReturnType<typeof lazyEntra> | undefined;
  const settingsOf = (name: string) => current?.loaded.config.syncs[name];
  const kept = async (sync: string) => {
    const state = store.state();
    return {
      sync,
      leases: state.leases,
      store: state.syncs.of(await storeOf({ loaded: current!.loaded, state }, sync)),
    };
  };
  /** Closes Entra clients once the last run that uses them has finished. */
  const retire = (clients: ReturnType<typeof lazyEntra>) => {
    const closed = uses
      .ended(clients)
      .then(clients.close)
      .catch((error: Error) => log.warn({ reason: error.message }, "connections to Entra could not be closed"))
      .finally(() => closing.delete(closed));
    closing.add(closed);
  };
  return {
    update: (generation) => {
      current = generation;
      const { loaded, routes } = generation;
      if (entra) retire(entra);
      else if (Object.keys(loaded.config.syncs).length === 0) return;
      const state = store.state();
      const clients = lazyEntra(loaded, state);
      entra = clients;
      const began = (sync: string) => uses.begin([clients, ...connectorsOf(generation, sync)]);
      scheduler.update({ loaded, routes, state, entra: clients.of, began });
    },
    left: uses.ended,
    admin: {
      names: () => Object.keys(current?.loaded.config.syncs ?? {}),
      status: async (name) => statusOf(await kept(name), 20),
      run: async (name, { by, ...wish }) => {
        try {
          return { report: await runRecorded(scheduler, services.audit, { sync: name, by, wish }) };
        } catch (error) {
          if (error instanceof BusyError || error instanceof StartError) return { busy: error.message };
          throw error;
        }
      },
      act: async (name, { by, reason, ...act }) => {
        try {
          const acted = await carryOutAct({ ...(await kept(name)), audit: services.audit }, name, act, { by, reason });
          log.warn({ sync: name, act: act.do, by, reason, people: acted.count }, "operator action on a sync");
          return acted;
        } catch (error) {
          if (error instanceof BusyError) return { busy: error.message };
          if (error instanceof ActError) return { wrong: error.message };
          throw error;
        }
      },
      signal: (name, request) => {
        const secret = settingsOf(name)?.signal;
        if (secret === undefined || !isSigned(request, secret)) return false;
        scheduler.signal(name, "signal");
        return true;
      },
    },
    start: (asked) =>
      new Promise((resolve, reject) => {
        runRecorded(scheduler, services.audit, asked, resolve).catch((error: Error) => {
          const isForeseen = [BusyError, UnrecordedError, OtherTargetError].some((each) => error instanceof each);
          if (!isForeseen) log.error({ sync: asked.sync, error: error.stack }, "sync run failed");
          reject(error);
        });
      }),
    looked: kept,
    moved: async (sync) => {
      const state = store.state();
      const found = await movedTarget({ loaded: current!.loaded, state }, sync);
      if (!found?.plan) return found && { moved: found.moved };
      const { store: name, since } = found.plan;
      return { moved: found.moved, plan: { sync, leases: state.leases, store: state.syncs.of(name), since } };
    },
    using: async (sync, work) => {
      const { loaded, routes } = current!;
      const end = uses.begin([entra!, ...connectorsOf(current!, sync)]);
      try {
        return await work({ loaded, routes, state: store.state(), entra: entra!.of }, stopping.signal);
      } finally {
        end();
      }
    },
    stop: async () => {
      stopping.abort();
      await scheduler.stop();
      if (entra) retire(entra);
      await Promise.all(closing);
    },
  };
}

/** The connectors that a sync reads and writes; none if the sync does not exist. */
function connectorsOf({ loaded, connectors }: Parts, sync: string): object[] {
  const settings = loaded.config.syncs[sync];
  if (!settings) return [];
  const { from, to } = settings;
  const routes = [from.route, ...("route" in to ? [to.route] : [])];
  const endpoints = routes.flatMap((route) => [...(loaded.routes.get(route)?.values() ?? [])]);
  return endpoints.flatMap(({ connector }) => connectors.get(connector)?.connector ?? []);
}

function counted(
  { syncRuns, syncChanges, syncHeld, syncEnded, syncPeople, syncSeconds }: Shared["metrics"],
  sync: string,
  report: RunReport,
  seconds: number,
): void {
  const { outcome, counts, held } = report;
  syncRuns.inc({ sync, outcome });
  syncSeconds.set({ sync }, seconds);
  if (outcome === "done") syncEnded.set({ sync }, Date.now() / 1000);
  // Reset gauges for states without people.
  for (const kind of [...KINDS, "rehires"]) syncHeld.set({ sync, kind }, 0);
  for (const status of STATUSES) syncPeople.set({ sync, status }, 0);
  for (const [kind, { done, failed }] of Object.entries(counts)) {
    syncChanges.inc({ sync, kind, result: "done" }, done);
    syncChanges.inc({ sync, kind, result: "failed" }, failed);
  }
  for (const [status, count] of Object.entries(report.statuses)) syncPeople.set({ sync, status }, count);
  for (const { kind, count } of held) syncHeld.set({ sync, kind }, count);
}
