import type { RuleGroup } from "../state/memberships.ts";
import { PersonError } from "./facts.ts";
import type { Work } from "./look.ts";
import type { GroupsReport } from "./steps.ts";
import { TargetError } from "./target.ts";
import { placeIn, resourceWith } from "./values.ts";

/** Stands for the ID of a group that is being created. */
const MAKING = "(being made)";
/** How many members are processed at a time. */
const PIECE = 1000;

/**
 * Creates the groups that rules name, and updates their members. A group of that name that the sync did not create is not changed. Rejects
 * with a `TargetError` of kind `unavailable` if the target is unavailable.
 */
export async function settleGroups(work: Work, isReconciling: boolean): Promise<GroupsReport> {
  let [added, removed] = [0, 0];
  const failures: { group: string; reason: string }[] = [];
  const each = async (group: RuleGroup, change: () => Promise<{ added: number; removed: number }>) => {
    try {
      const changed = await change();
      added += changed.added;
      removed += changed.removed;
    } catch (error) {
      if (error instanceof TargetError ? error.kind === "unavailable" : !(error instanceof PersonError)) throw error;
      failures.push({ group: group.shown, reason: (error as Error).message });
    }
  };
  if (isReconciling) for (const group of await work.store.groups()) await each(group, () => compare(work, group));
  for (const group of await work.store.unsettled()) await each(group, () => settle(work, group));
  return { added, removed, failures };
}

/**
 * Compares a group with the rules, whatever others changed: missing members are added again, and people of the sync who should not be
 * members are removed. Members that the sync does not know are kept. Returns how many were removed.
 */
async function compare({ store, target }: Work, group: RuleGroup): Promise<{ added: number; removed: number }> {
  const nothing = { added: 0, removed: 0 };
  if (group.target === null || group.target === MAKING) return nothing;
  const members = await target.groups.members(group.type, group.target);
  if (!members) {
    await store.madeGroup(group, null);
    await store.unsettle(group, undefined);
    return nothing;
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
  // Pending additions and removals are not compared here.
  for (const state of ["add", "remove"] as const)
    for (let after = ""; ; ) {
      const waiting = await store.members(group, state, after, PIECE);
      if (waiting.length === 0) break;
      after = waiting.at(-1)!.key;
      for (const { target: id } of waiting) if (id !== null) present.delete(id);
    }
  const extra: string[] = [];
  for (const id of present) if (await store.byTarget(id)) extra.push(id);
  if (extra.length > 0) await target.groups.change(group.type, group.target, { add: [], remove: extra });
  return { added: 0, removed: extra.length };
}

async function settle(work: Work, group: RuleGroup): Promise<{ added: number; removed: number }> {
  const { store, target } = work;
  let [added, removed] = [0, 0];
  const id = group.target === null || group.target === MAKING ? await make(work, group) : group.target;
  for (const state of ["add", "remove"] as const) {
    let after = "";
    for (;;) {
      const members = await store.members(group, state, after, PIECE);
      if (members.length === 0) break;
      after = members.at(-1)!.key;
      // A person without an account is in none of the target's groups.
      const there = members.filter((each) => each.target !== null);
      const ids = there.map((each) => each.target!);
      const change = state === "add" ? { add: ids, remove: [] } : { add: [], remove: ids };
      if (ids.length > 0 && !(await target.groups.change(group.type, id, change))) {
        await store.madeGroup(group, null);
        await store.unsettle(group, undefined);
        throw new PersonError("gone", "The group no longer exists in the target; the next run creates it again.");
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
  const present = await target.groups.find(group.type, group.shown);
  // A group that was being created when the run was killed is ours.
  if (present !== undefined && group.target === MAKING) {
    await store.madeGroup(group, present);
    return present;
  }
  if (present !== undefined)
    throw new PersonError(
      "taken",
      `There is a group ${group.shown} that the sync did not create. It is not changed: use other names for the rule's groups.`,
    );
  const rule = rules.groups.find(({ type }) => type === group.type);
  const type = target.groups.type(group.type);
  const given = [
    { path: "displayName", to: group.shown },
    ...Object.entries(rule?.attributes ?? {}).map(([name, to]) => ({ path: placeIn(type, name).path, to })),
  ];
  await store.madeGroup(group, MAKING);
  const id = await target.groups.create(group.type, resourceWith(given, type));
  await store.madeGroup(group, id);
  return id;
}
