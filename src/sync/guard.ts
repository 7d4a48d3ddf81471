import type { SyncStore } from "../state/syncs.ts";
import type { Bound, SyncSettings } from "./definition.ts";
import type { Kind } from "./shown.ts";

/** A kind of changes that the guard holds: their number, and how many it allows. */
export interface Held {
  readonly kind: Kind;
  readonly count: number;
  readonly allowed: number;
  /** The number of accounts, and the limit as it is configured; undefined if another reason holds everything. */
  readonly accounts: number;
  readonly limit: Bound | undefined;
  /** How many the run had made before. */
  readonly made: number;
}

/** The maximum number of changes, given the number of accounts. */
export function allowedBy(bound: Bound, accounts: number): number {
  if (typeof bound === "number") return bound;
  const share = typeof bound === "string" ? Number.parseFloat(bound) / 100 : 0;
  // A percentage permits at least one, or the first account could not be changed.
  if (typeof bound === "string") return share === 0 ? 0 : Math.max(1, Math.ceil(share * accounts));
  return Math.min(...bound.map((each) => allowedBy(each, accounts)));
}

/**
 * Holds all planned changes of each kind that exceeds its limit, before the first is made. Released changes do not count; changes that the
 * run has already made do. Kinds without a limit are never held, except rehires, which always wait for an operator.
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
    const before = made.get(kind) ?? 0;
    if (count + before <= allowed) continue;
    await store.hold(kind);
    const limit = isAll ? undefined : bound;
    held.push({ kind: kind as Kind, count, allowed, accounts: linked, limit, made: before });
  }
  return held;
}
