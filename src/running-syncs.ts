import type { SyncAdmin } from "./edge/syncs.ts";
import type { Generation, Shared } from "./generation.ts";
import { StartError } from "./routes.ts";
import type { Store } from "./store.ts";
import { BusyError } from "./sync/lease.ts";
import { KINDS, STATUSES } from "./sync/person.ts";
import { statusOf } from "./sync/report.ts";
import type { RunReport } from "./sync/run.ts";
import { isSigned } from "./sync/signature.ts";
import { ActError, carryOutAct } from "./sync-acts.ts";
import { createScheduler, lazyEntra } from "./syncs.ts";

/** The syncs of a gateway that runs. */
export interface RunningSyncs {
  /** Goes on with the syncs of a generation. */
  readonly update: (generation: Pick<Generation, "loaded" | "routes">) => void;
  readonly admin: SyncAdmin;
  readonly stop: () => Promise<void>;
}

/** Runs the syncs of a gateway by their schedules and signals. The store is opened where there are any. */
export function runningSyncs(
  { log, metrics, services }: Pick<Shared, "log" | "metrics" | "services">,
  store: Store,
): RunningSyncs {
  const scheduler = createScheduler(log, (name, report, seconds) => counted(metrics, name, report, seconds));
  const closing: (() => Promise<void>)[] = [];
  let current: Pick<Generation, "loaded" | "routes"> | undefined;
  const settingsOf = (name: string) => current?.loaded.config.syncs[name];
  return {
    update: ({ loaded, routes }) => {
      current = { loaded, routes };
      const hasSyncs = Object.keys(loaded.config.syncs).length > 0;
      if (!hasSyncs && closing.length === 0) return;
      const state = store.state();
      const entra = lazyEntra(loaded, state);
      closing.push(entra.close);
      scheduler.update({ loaded, routes, state, entra: entra.of });
    },
    admin: {
      names: () => Object.keys(current?.loaded.config.syncs ?? {}),
      status: (name) => statusOf(store.state(), name, 20),
      run: async (name, wish) => {
        try {
          return { report: await scheduler.run(name, wish) };
        } catch (error) {
          if (error instanceof BusyError || error instanceof StartError) return { busy: error.message };
          throw error;
        }
      },
      act: async (name, { by, reason, ...act }) => {
        try {
          const acted = await carryOutAct({ state: store.state(), audit: services.audit }, name, act, { by, reason });
          log.warn({ sync: name, act: act.do, by, reason, people: acted.count }, "an operator worked on a sync");
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
    stop: async () => {
      await scheduler.stop();
      for (const close of closing) await close();
    },
  };
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
  // What is not held any more is 0, and what is in a state that nobody is in.
  for (const kind of [...KINDS, "rehires"]) syncHeld.set({ sync, kind }, 0);
  for (const status of STATUSES) syncPeople.set({ sync, status }, 0);
  for (const [kind, { done, failed }] of Object.entries(counts)) {
    syncChanges.inc({ sync, kind, result: "done" }, done);
    syncChanges.inc({ sync, kind, result: "failed" }, failed);
  }
  for (const [status, count] of Object.entries(report.statuses)) syncPeople.set({ sync, status }, count);
  for (const { kind, count } of held) syncHeld.set({ sync, kind }, count);
}
