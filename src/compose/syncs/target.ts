import type { Loaded } from "../../config/load.ts";
import type { State } from "../../state/state.ts";
import type { KnownTarget } from "../../state/targets.ts";
import { fingerprint } from "../../sync/values.ts";
import { targetOf } from "./identity.ts";

/** The previous target of a sync and its current one. */
export interface Moved {
  readonly from: string;
  readonly to: string;
}

/** Where the state of a sync's target is kept, whether the target has changed, and which earlier target it is identified with. */
export interface Kept {
  readonly store: string;
  readonly moved: Moved | undefined;
  /** The earlier target, if an operator declared it to be the same. */
  readonly same: Moved | undefined;
}

/** Two targets were said to be the same, and the sync's are others by now. */
export class OtherTargetError extends Error {
  override name = "OtherTargetError";

  constructor() {
    super("Nothing was done: the targets are others by now.");
  }
}

/** What a run asks: the time, whether the target is declared the same, and whether this is only a plan. */
export interface TargetWish {
  readonly now: number;
  /** The targets that were said to be the same, if they were shown: no others are taken for it. */
  readonly same?: Moved | undefined;
  readonly isSame?: boolean | undefined;
  readonly isPlan?: boolean | undefined;
}

type Parts = { readonly loaded: Pick<Loaded, "config" | "routes">; readonly state: Pick<State, "syncs"> };

/**
 * Finds the state of a sync's current target. Links are valid for one target only: with a new target the state starts empty and the first
 * run is held. With `isSame` the new address means the previous target. A plan changes nothing and works on a copy of the previous state.
 * Rejects with an `OtherTargetError`, having changed nothing, if other targets were said to be the same.
 */
export async function keepTarget(
  { loaded, state: { syncs } }: Parts,
  sync: string,
  { now, same, isSame = same !== undefined, isPlan }: TargetWish,
): Promise<Kept> {
  const targets = syncs.targets(sync);
  const known = await targets.all();
  const target = targetOf(loaded, sync);
  const copy = planIn(sync);
  const before = await lastWritten(
    syncs,
    known.filter((each) => each.target !== target),
  );
  const from = before && { from: before.target, to: target };
  if (same && !isPair(same, from)) throw new OtherTargetError();
  await syncs.drop(copy);
  if (isSame && before && isPlan) {
    await syncs.copy(before.store, copy);
    // So that nobody takes it for the plan of another target.
    await syncs.targets(copy).keep({ target, store: copy, used: now });
    return { store: copy, moved: undefined, same: from };
  }
  const store = isSame && before ? before.store : storeIn(known, sync, target);
  if (!isPlan) await targets.keep({ target, store, used: now });
  if (isSame && before) return { store, moved: undefined, same: from };
  return { store, moved: before?.store === store ? undefined : from, same: undefined };
}

/** Rejects with an `OtherTargetError` unless these are the targets that are for somebody to say the same of. Writes nothing. */
export async function assertMoved(parts: Parts, sync: string, same: Moved): Promise<void> {
  const found = await movedTarget(parts, sync);
  if (!isPair(same, found?.moved)) throw new OtherTargetError();
}

const isPair = (one: Moved, other: Moved | undefined): boolean => one.from === other?.from && one.to === other.to;

/**
 * The previous target, while the sync may not yet write the current one: whether both are the same is for somebody to say. `plan` is the
 * store of the plan of that, and when it was begun, if one was. Writes nothing.
 */
export async function movedTarget(
  { loaded, state: { syncs } }: Parts,
  sync: string,
): Promise<{ readonly moved: Moved; readonly plan?: { readonly store: string; readonly since: number } } | undefined> {
  const known = await syncs.targets(sync).all();
  const target = targetOf(loaded, sync);
  const store = storeIn(known, sync, target);
  if ((await syncs.of(store).record()).begun !== null) return undefined;
  const before = await lastWritten(
    syncs,
    known.filter((each) => each.target !== target),
  );
  if (!before || before.store === store) return undefined;
  const moved = { from: before.target, to: target };
  const [last] = await syncs.targets(planIn(sync)).all();
  return last?.target === target ? { moved, plan: { store: last.store, since: Number(last.used) } } : { moved };
}

/** The copy that a plan works on, if it takes the target for the previous one. */
const planIn = (sync: string): string => `${sync}@plan`;

/** The most recently used target that the sync has accounts in or was allowed to write. A mistyped address is neither: its run was held. */
async function lastWritten(syncs: Parts["state"]["syncs"], known: readonly KnownTarget[]) {
  for (const each of known) {
    const store = syncs.of(each.store);
    if ((await store.record()).begun !== null || (await store.count(0)).linked > 0) return each;
  }
  return undefined;
}

/** The name under which a target's state is kept. Writes nothing. */
export const storeOf = async ({ loaded, state }: Parts, sync: string): Promise<string> =>
  storeIn(await state.syncs.targets(sync).all(), sync, targetOf(loaded, sync));

/** The first target of a sync is kept under the sync's own name. */
function storeIn(known: readonly KnownTarget[], sync: string, target: string): string {
  const found = known.find((each) => each.target === target);
  if (found) return found.store;
  return known.length === 0 ? sync : `${sync}@${fingerprint(target).slice(0, 8)}`;
}
