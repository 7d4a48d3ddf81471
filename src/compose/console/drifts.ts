import { LRUCache } from "lru-cache";
import type { Loaded } from "../../config/load.ts";
import type { SyncDrift } from "../../console/api/syncs.ts";

/** Maximum number of routes whose differences are kept. */
const MAX_ROUTES = 100;

/**
 * What operators found when they last looked for drift, by the route that syncs write to. It is kept in memory, for a configuration: what one
 * has found says nothing about another.
 */
export type Drifts = (loaded: Loaded) => LRUCache<string, SyncDrift>;

/** Keeps nothing at first. */
export function createDrifts(): Drifts {
  const all = new WeakMap<Loaded, LRUCache<string, SyncDrift>>();
  return (loaded) => {
    const drifts = all.get(loaded) ?? new LRUCache<string, SyncDrift>({ max: MAX_ROUTES });
    all.set(loaded, drifts);
    return drifts;
  };
}
