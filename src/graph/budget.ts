/**
 * Entra's limits on uploads, enforced here so that they are not hit: 40 requests in 5 seconds, and 2,000 or 6,000 in 24 hours by licence,
 * per tenant. Several replicas, and several syncs into one tenant, share one `Budget`.
 * @module
 */

/** The permission to send one request. */
export type Permit = { readonly ok: true } | { readonly ok: false; readonly until: number };

/** Counts upload requests over all replicas and restarts. */
export interface Budget {
  /**
   * Takes one request from the budget, or says when to ask again, in milliseconds since 1970. Called before each request, with the tenant's
   * ID. A request that was taken counts, whatever its result. Must be atomic: two callers never get the same last one.
   */
  readonly take: (tenant: string, now: number) => Promise<Permit>;
}

/** A maximum number of requests in any period of a length, in milliseconds. */
export interface Limit {
  readonly requests: number;
  readonly ms: number;
}

/** Both of Entra's limits. Their periods are slightly longer than documented, because requests reach Entra less evenly than they are sent. */
export const limitsOf = ({ requestsPerDay }: { readonly requestsPerDay: number }): readonly Limit[] => [
  { requests: 40, ms: 6000 },
  { requests: requestsPerDay, ms: 24 * 3_600_000 + 60_000 },
];

/**
 * The times that still count: none older than the longest period, and future times count as now. A store does the same, so that a clock
 * that was set back delays nobody for longer than one period.
 */
export function counting(taken: readonly number[], limits: readonly Limit[], now: number): number[] {
  const longest = Math.max(...limits.map(({ ms }) => ms));
  return taken.map((time) => Math.min(time, now)).filter((time) => time > now - longest);
}

/** The earliest time, `now` or later, at which another request keeps within the limits. `taken` are the times that count, in ascending order. */
export function nextSlot(taken: readonly number[], limits: readonly Limit[], now: number): number {
  const free = limits.map(({ requests, ms }) => {
    const oldest = taken[taken.length - requests];
    return oldest === undefined ? now : oldest + ms;
  });
  return Math.max(now, ...free);
}

/** The budget of a store, where `take` counts requests by a name, atomically and over all processes that share it. */
export const sharedBudget = (
  take: (name: string, now: number, limits: readonly Limit[]) => Promise<Permit>,
  limits: readonly Limit[],
): Budget => ({ take: (tenant, now) => take(`entra ${tenant}`, now, limits) });

/** A budget in memory, for one process; a restart forgets it. */
export function memoryBudget(limits: readonly Limit[]): Budget {
  const taken = new Map<string, number[]>();
  return {
    take: async (tenant, now) => {
      const times = counting(taken.get(tenant) ?? [], limits, now);
      taken.set(tenant, times);
      const until = nextSlot(times, limits, now);
      if (until > now) return { ok: false, until };
      times.push(now);
      return { ok: true };
    },
  };
}
