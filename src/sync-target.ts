import type { Loaded } from "./config/load.ts";
import type { State } from "./state/state.ts";
import type { KnownTarget } from "./state/targets.ts";
import { fingerprint } from "./sync/values.ts";
import { targetOf } from "./sync-identity.ts";

/** A target that a sync wrote before, and the one that it writes now. */
export interface Moved {
  readonly from: string;
  readonly to: string;
}

/** Where what is known of a sync's target is kept; whether the sync wrote another one before, and which one it is taken for. */
export interface Kept {
  readonly store: string;
  readonly moved: Moved | undefined;
  /** Where somebody says that it is the target from before: that one. */
  readonly same: Moved | undefined;
}

/** What is asked of a run's target: at what time, whether it is the one from before, and whether there is only a plan. */
export interface TargetWish {
  readonly now: number;
  readonly isSame?: boolean | undefined;
  readonly isPlan?: boolean | undefined;
}

type Parts = { readonly loaded: Pick<Loaded, "config" | "routes">; readonly state: Pick<State, "syncs"> };

/**
 * Finds where what is known of the target is kept that a sync writes now. Links hold for one target alone: where the sync is pointed at another one,
 * nothing is known of that, and its first run is held. With `isSame` it is the target from before, under another address. A plan decides nothing: it
 * says nothing of targets, and looks at a copy of what is known of the one from before.
 */
export async function keepTarget(
  { loaded, state: { syncs } }: Parts,
  sync: string,
  { now, isSame, isPlan }: TargetWish,
): Promise<Kept> {
  const targets = syncs.targets(sync);
  const known = await targets.all();
  const target = targetOf(loaded, sync);
  const copy = `${sync}@plan`;
  await syncs.drop(copy);
  const before = await lastWritten(
    syncs,
    known.filter((each) => each.target !== target),
  );
  const from = before && { from: before.target, to: target };
  if (isSame && before && isPlan) {
    await syncs.copy(before.store, copy);
    return { store: copy, moved: undefined, same: from };
  }
  const store = isSame && before ? before.store : storeIn(known, sync, target);
  if (!isPlan) await targets.keep({ target, store, used: now });
  if (isSame && before) return { store, moved: undefined, same: from };
  return { store, moved: before?.store === store ? undefined : from, same: undefined };
}

/** The target that was used last of those that a sync has accounts in, or was let write: at a mistyped address nothing was, but held. */
async function lastWritten(syncs: Parts["state"]["syncs"], known: readonly KnownTarget[]) {
  for (const each of known) {
    const store = syncs.of(each.store);
    if ((await store.record()).begun !== null || (await store.count(0)).linked > 0) return each;
  }
  return undefined;
}

/** The name under which what is known of a sync's target is kept. Writes nothing. */
export const storeOf = async ({ loaded, state }: Parts, sync: string): Promise<string> =>
  storeIn(await state.syncs.targets(sync).all(), sync, targetOf(loaded, sync));

/** The first target of a sync is kept under its name. */
function storeIn(known: readonly KnownTarget[], sync: string, target: string): string {
  const found = known.find((each) => each.target === target);
  if (found) return found.store;
  return known.length === 0 ? sync : `${sync}@${fingerprint(target).slice(0, 8)}`;
}
