import { LRUCache } from "lru-cache";
import { abortable } from "../../connector/kit/deadline.ts";
import type { Attention } from "../../console/api/overview.ts";
import { guardedRoutes } from "../guarded-routes.ts";
import { callsOf, listingsOf } from "./calls.ts";
import type { Drifts } from "./drifts.ts";
import { createExpiries } from "./expiries.ts";
import type { ConsoleSources } from "./sources.ts";
import { foundDrifts, troubledSyncs } from "./sync-attention.ts";

/** How long before their end certificates and tokens are told, in milliseconds. */
const SOON_MS = 30 * 24 * 3_600_000;
/** Maximum number of them. */
const MAX_ENDING = 50;
/** How long lost entries of the journal are told, in milliseconds. */
const LOST_MS = 24 * 3_600_000;
/** How long is waited for the store, in milliseconds. */
const STORE_MS = 1500;
/** How long what the store said is kept, in milliseconds: many may look at the same time. */
const KEPT_MS = 2000;

/** Finds what an operator should look at, gravest first. Asks the store, and no backend. */
export function createAttention(sources: ConsoleSources, drifts: Drifts): () => Promise<readonly Attention[]> {
  const expiries = createExpiries();
  let storeAway: number | undefined;
  const look = async (): Promise<readonly Attention[]> => {
    const found = await inStore(sources).catch(() => undefined);
    storeAway = found ? undefined : (storeAway ?? Date.now());
    return found ?? [{ what: "store", since: storeAway! }];
  };
  const stored = new LRUCache<"all", readonly Attention[]>({ max: 1, ttl: KEPT_MS, fetchMethod: look });
  return async () => [
    ...running(sources),
    ...((await stored.fetch("all")) ?? []),
    ...foundDrifts(sources, drifts),
    ...(await ending(sources, expiries)),
    ...configured(sources),
  ];
}

/** What this process knows of itself. */
function running({ current, shared: { activity, reach, auditBroken } }: ConsoleSources): Attention[] {
  const items: Attention[] = [];
  const broken = auditBroken();
  if (broken) items.push({ what: "audit", ...broken });
  for (const connector of current().connectors.keys()) {
    const reached = reach.of(connector);
    const { failures } = callsOf(activity, connector);
    if (reached?.isAway) {
      const reason = reached.failure?.reason ?? "";
      items.push({ what: "away", connector, failures, since: reached.since, reason });
    }
    for (const isListings of [false, true]) {
      const [last] = activity.breaker(isListings ? listingsOf(connector) : connector);
      if (last && last.state !== "closed")
        items.push({ what: "breaker", connector, isListings, failures, since: last.at });
    }
  }
  const lost = activity.lost();
  if (lost && Date.now() - lost.at < LOST_MS) items.push({ what: "journal", ...lost });
  return items;
}

/** What the store knows. Rejects if it cannot be asked. */
function inStore(sources: ConsoleSources): Promise<Attention[]> {
  const { current, store } = sources;
  const ask = async (): Promise<Attention[]> => {
    if ((await store.isUp()) === false) throw new Error("the store is away");
    const guards = await Promise.all(guardedRoutes(current()).map((route) => stoppedAt(store, route)));
    return [...guards.flat(), ...(await troubledSyncs(sources))];
  };
  return abortable(AbortSignal.timeout(STORE_MS), ask());
}

async function stoppedAt(store: ConsoleSources["store"], route: string): Promise<Attention[]> {
  const stopping = (await store.ledger().counts(route)).filter(({ stopped }) => stopped > 0);
  const count = stopping.reduce((sum, { stopped }) => sum + stopped, 0);
  const since = Math.min(...stopping.map((each) => each.since ?? Date.now()));
  return count === 0 ? [] : [{ what: "guard", route, count, since }];
}

/** Certificates and tokens that end soon: those of the configuration, and those that backends showed. */
async function ending(
  { current, reloads }: ConsoleSources,
  expiries: ReturnType<typeof createExpiries>,
): Promise<Attention[]> {
  const { config, folder } = reloads.inForce();
  const own = (await expiries(config, folder)).map(({ what, setting, subject, until }) =>
    what === "token" ? { what, setting, until } : { what, setting, subject, until },
  );
  const peers = [...current().connectors].flatMap(([name, { connector }]) =>
    (connector.observe?.().peers ?? []).map(
      ({ address, subject, seen, until }) =>
        ({ what: "peer", connector: name, address, subject, seen, until }) as const,
    ),
  );
  return [...own, ...peers]
    .filter(({ until }) => until - Date.now() < SOON_MS)
    .toSorted((one, other) => one.until - other.until)
    .slice(0, MAX_ENDING);
}

/** What the last reload left. */
function configured({ reloads }: ConsoleSources): Attention[] {
  const { at, refused, needRestart } = reloads.state();
  return [
    ...(refused ? [{ what: "reload", ...refused } as const] : []),
    ...(needRestart.length > 0 ? [{ what: "restart", parts: needRestart, at } as const] : []),
  ];
}
