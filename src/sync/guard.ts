import type { SyncStore } from "../state/syncs.ts";
import type { Bound, SyncSettings } from "./definition.ts";
import type { Kind } from "./person.ts";

/** A kind of changes that the guard holds: how many there are, and how many may be. */
export interface Held {
  readonly kind: Kind;
  readonly count: number;
  readonly allowed: number;
}

/** How many changes of a kind a run may make, of so many accounts. */
export function allowedBy(bound: Bound, accounts: number): number {
  if (typeof bound === "number") return bound;
  const share = typeof bound === "string" ? Number.parseFloat(bound) / 100 : 0;
  // A share of few is one at least, or the first account of all could not be changed.
  if (typeof bound === "string") return share === 0 ? 0 : Math.max(1, Math.ceil(share * accounts));
  return Math.min(...bound.map((each) => allowedBy(each, accounts)));
}

/**
 * Holds the planned changes of each kind that has more than the guard allows, all of them, before the first is made. Those that somebody
 * released are not counted; those that the run has made already are. A kind without a bound is not held, but for rehires, which wait for somebody in any case.
 */
export async function hold(
  store: SyncStore,
  guard: Partial<SyncSettings["guard"]>,
  made: ReadonlyMap<string, number>,
  isAll: boolean,
): Promise<Held[]> {
  const { linked } = await store.count(0);
  const planned = new Map(
    (await store.planned()).filter(({ held }) => held === 0).map(({ kind, count }) => [kind, count]),
  );
  const held: Held[] = [];
  for (const [kind, count] of planned) {
    const bound = guard[kind as keyof typeof guard];
    const isUnbound = bound === undefined && kind !== "rehires";
    const allowed = kind === "rehires" || isAll ? 0 : isUnbound ? Number.POSITIVE_INFINITY : allowedBy(bound!, linked);
    if (count + (made.get(kind) ?? 0) <= allowed) continue;
    await store.hold(kind);
    held.push({ kind: kind as Kind, count, allowed });
  }
  return held;
}
