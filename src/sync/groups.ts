import type { RuleGroup } from "../state/memberships.ts";
import { PersonError } from "./facts.ts";
import type { Work } from "./look.ts";
import type { GroupsReport } from "./steps.ts";
import { TargetError } from "./target.ts";
import { placeIn, resourceWith } from "./values.ts";

/** How many members are looked at in a piece. */
const PIECE = 1000;

/**
 * Makes the groups that rules name, and brings their members up to date. A group of the name that the sync did not make is left alone.
 * Rejects with a `TargetError` of the kind `unavailable` where the target is away.
 */
export async function settleGroups(work: Work, isReconciling: boolean): Promise<GroupsReport> {
  let [added, removed] = [0, 0];
  const failures: { group: string; reason: string }[] = [];
  if (isReconciling) for (const group of await work.store.groups()) removed += await compare(work, group);
  for (const group of await work.store.unsettled()) {
    try {
      const changed = await settle(work, group);
      added += changed.added;
      removed += changed.removed;
    } catch (error) {
      if (error instanceof TargetError ? error.kind === "unavailable" : !(error instanceof PersonError)) throw error;
      failures.push({ group: group.shown, reason: (error as Error).message });
    }
  }
  return { added, removed, failures };
}

/**
 * Compares a group with what the rules say, whatever was done to it beside us: who is to be in it is added again, and people of the sync who are
 * not are removed. Members that the sync does not know are somebody else's, and stay. Gives how many were removed.
 */
async function compare({ store, target }: Work, group: RuleGroup): Promise<number> {
  if (group.target === null) return 0;
  const members = await target.groups.members(group.type, group.target);
  if (!members) {
    await store.madeGroup(group, null);
    await store.unsettle(group, undefined);
    return 0;
  }
  const present = new Set(members);
  for (let after = ""; ; ) {
    const wanted = await store.members(group, "is", after, PIECE);
    if (wanted.length === 0) break;
    after = wanted.at(-1)!.key;
    const gone = wanted.filter(({ target: id }) => id !== null && !present.delete(id));
    if (gone.length > 0)
      await store.unsettle(
        group,
        gone.map(({ key }) => key),
      );
  }
  const extra: string[] = [];
  for (const id of present) if (await store.byTarget(id)) extra.push(id);
  if (extra.length > 0) await target.groups.change(group.type, group.target, { add: [], remove: extra });
  return extra.length;
}

async function settle(work: Work, group: RuleGroup): Promise<{ added: number; removed: number }> {
  const { store, target } = work;
  let [added, removed] = [0, 0];
  const id = group.target ?? (await make(work, group));
  for (const state of ["add", "remove"] as const) {
    let after = "";
    for (;;) {
      const members = await store.members(group, state, after, PIECE);
      if (members.length === 0) break;
      after = members.at(-1)!.key;
      // Who has no account is in no group of the target's: there is nothing to remove, and nobody to add yet.
      const there = members.filter((each) => each.target !== null);
      const ids = there.map((each) => each.target!);
      const change = state === "add" ? { add: ids, remove: [] } : { add: [], remove: ids };
      if (ids.length > 0 && !(await target.groups.change(group.type, id, change))) {
        await store.madeGroup(group, null);
        await store.unsettle(group, undefined);
        throw new PersonError("gone", "The group is gone from the target; it is made again with the next run.");
      }
      const settled = state === "add" ? there : members;
      await store.settled(
        group,
        state,
        settled.map(({ key }) => key),
      );
      if (state === "add") added += ids.length;
      else removed += ids.length;
    }
  }
  return { added, removed };
}

async function make({ store, target, rules }: Work, group: RuleGroup): Promise<string> {
  if ((await target.groups.find(group.type, group.shown)) !== undefined)
    throw new PersonError(
      "taken",
      `There is a group ${group.shown} that the sync did not make. It is left alone: give the rule's groups names of their own.`,
    );
  const rule = rules.groups.find(({ type }) => type === group.type);
  const type = target.groups.type(group.type);
  const given = [
    { path: "displayName", to: group.shown },
    ...Object.entries(rule?.attributes ?? {}).map(([name, to]) => ({ path: placeIn(type, name).path, to })),
  ];
  const id = await target.groups.create(group.type, resourceWith(given, type));
  await store.madeGroup(group, id);
  return id;
}
