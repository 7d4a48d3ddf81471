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
export async function settleGroups(work: Work): Promise<GroupsReport> {
  let [added, removed] = [0, 0];
  const failures: { group: string; reason: string }[] = [];
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
