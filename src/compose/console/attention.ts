import { Cron } from "croner";
import { abortable } from "../../connector/kit/deadline.ts";
import type { Attention, SyncTrouble } from "../../console/api/overview.ts";
import { guardedRoutes } from "../guarded-routes.ts";
import { createExpiries } from "./expiries.ts";
import type { ConsoleSources } from "./sources.ts";

/** How long before their end certificates and tokens are told, in milliseconds. */
const SOON_MS = 30 * 24 * 3_600_000;
/** How late a scheduled run may be before it counts as overdue, in milliseconds. */
const LATE_MS = 10 * 60_000;
/** How long lost entries of the journal are told, in milliseconds. */
const LOST_MS = 24 * 3_600_000;
/** How long is waited for the store, in milliseconds. */
const STORE_MS = 1500;
/** How long what was found is kept, in milliseconds: many may look at the same time. */
const KEPT_MS = 2000;

/** Finds what an operator should look at, gravest first. */
export function createAttention(sources: ConsoleSources): () => Promise<readonly Attention[]> {
  const expiries = createExpiries();
  let found: { readonly at: number; readonly items: Promise<readonly Attention[]> } | undefined;
  const look = async (): Promise<readonly Attention[]> => {
    const stored = inStore(sources).catch((): Attention[] => [{ what: "store" }]);
    return [...running(sources), ...(await stored), ...(await ending(sources, expiries)), ...configured(sources)];
  };
  return () => {
    if (!found || Date.now() - found.at > KEPT_MS) found = { at: Date.now(), items: look() };
    return found.items;
  };
}

/** What this process knows of itself. */
function running({ current, shared: { activity, reach, auditBroken } }: ConsoleSources): Attention[] {
  const items: Attention[] = [];
  const broken = auditBroken();
  if (broken) items.push({ what: "audit", ...broken });
  for (const connector of current().connectors.keys()) {
    const reached = reach.of(connector);
    if (reached?.isAway)
      items.push({ what: "away", connector, since: reached.since, reason: reached.failure?.reason ?? "" });
    for (const isListings of [false, true]) {
      const [last] = activity.breaker(isListings ? listingsOf(connector) : connector);
      if (last && last.state !== "closed") items.push({ what: "breaker", connector, isListings, since: last.at });
    }
  }
  const lost = activity.lost();
  if (lost && Date.now() - lost.at < LOST_MS) items.push({ what: "journal", ...lost });
  return items;
}

/** The name of the breaker of a connector's listings. */
export const listingsOf = (connector: string): string => `${connector}, listings`;

/** What the store knows. Rejects if it cannot be asked. */
function inStore(sources: ConsoleSources): Promise<Attention[]> {
  const { current, store } = sources;
  const routes = guardedRoutes(current());
  const ask = async (): Promise<Attention[]> => {
    if ((await store.isUp()) === false) throw new Error("the store is away");
    const stopping = await Promise.all(
      routes.map(async (route) => ((await store.ledger().isStopping(route)) ? [route] : [])),
    );
    const guards = stopping.flat().map((route): Attention => ({ what: "guard", route }));
    return [...guards, ...(await troubledSyncs(sources))];
  };
  return abortable(AbortSignal.timeout(STORE_MS), ask());
}

async function troubledSyncs({ current, syncs, shared: { activity } }: ConsoleSources): Promise<Attention[]> {
  const items = await Promise.all(
    syncs.admin.names().map(async (sync): Promise<Attention[]> => {
      const { runs } = (await syncs.admin.status(sync)) as { readonly runs: readonly Run[] };
      const run = runs.find(({ outcome }) => outcome !== "released" && outcome !== "planned");
      const { schedule, asOf } = current().loaded.config.syncs[sync]!;
      if (run && TROUBLES.includes(run.outcome))
        return [{ what: "sync", sync, state: run.outcome as SyncTrouble, at: run.ended ?? run.started }];
      if (schedule === undefined || run?.outcome === "running") return [];
      const due = dueAfter(
        Math.max(run?.started ?? 0, activity.started),
        schedule,
        typeof asOf.zone === "string" ? asOf.zone : "UTC",
      );
      return due !== undefined && due + LATE_MS < Date.now() ? [{ what: "sync", sync, state: "overdue", at: due }] : [];
    }),
  );
  return items.flat();
}

interface Run {
  readonly started: number;
  readonly ended: number | null;
  readonly outcome: string;
}

const TROUBLES: readonly string[] = ["held", "failed", "incomplete", "interrupted"] satisfies SyncTrouble[];

function dueAfter(time: number, schedule: string, timezone: string): number | undefined {
  const cron = new Cron(schedule, { timezone, paused: true });
  const next = cron.nextRun(new Date(time))?.getTime();
  cron.stop();
  return next;
}

/** Certificates and tokens that end soon. */
async function ending({ reloads }: ConsoleSources, expiries: ReturnType<typeof createExpiries>): Promise<Attention[]> {
  const { config, folder } = reloads.inForce();
  const all = await expiries(config, folder);
  return all
    .filter(({ until }) => until - Date.now() < SOON_MS)
    .toSorted((one, other) => one.until - other.until)
    .slice(0, 50)
    .map(({ what, setting, subject, until }) =>
      what === "token" ? { what, setting, until } : { what, setting, subject, until },
    );
}

/** What the last reload left. */
function configured({ reloads }: ConsoleSources): Attention[] {
  const { refused, needRestart } = reloads.state();
  return [
    ...(refused ? [{ what: "reload", ...refused } as const] : []),
    ...(needRestart.length > 0 ? [{ what: "restart", parts: needRestart } as const] : []),
  ];
}
