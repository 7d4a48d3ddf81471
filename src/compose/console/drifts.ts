import { LRUCache } from "lru-cache";
import type { SyncDrift } from "../../console/api/syncs.ts";

/** Maximum number of routes whose differences are kept. */
const MAX_ROUTES = 100;

/** What operators found when they last looked for drift, by the route that syncs write to. It is kept in memory. */
export type Drifts = LRUCache<string, SyncDrift>;

/** Begins with none. */
export const createDrifts = (): Drifts => new LRUCache({ max: MAX_ROUTES });
