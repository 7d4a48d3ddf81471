import type { Route } from "../gateway/route.ts";
import type { Resource } from "../scim/schema.ts";
import type { SyncStore } from "../state/syncs.ts";
import { memoryOf } from "./person.ts";
import type { Rules } from "./rules.ts";
import { inLanes } from "./steps.ts";
import type { Target } from "./target.ts";
import { type Asking, contextFor } from "./targets/route.ts";
import { isSameValue, valueAt } from "./values.ts";

/** A difference from what was last written. */
export interface Drift {
  /**
   * `changed`, `disabled`, `gone`: an account; `added`: an account that no sync created or took over; `member`, `group`: of rule-based
   * groups.
   */
  readonly what: "changed" | "disabled" | "gone" | "added" | "member" | "group";
  /** The person's key, if there is one. */
  readonly key: string | undefined;
  /** The ID of the account or group in the target. */
  readonly id: string;
  /** The changed attribute of an account; or the group's name. */
  readonly path?: string;
  readonly was?: unknown;
  readonly is?: unknown;
}

/** Where to look for drift. */
export interface Drifting {
  readonly route: Route;
  readonly type: string;
  readonly target: Target;
  readonly asking: Asking;
  /** The syncs that write there, with their rules. */
  readonly syncs: readonly { readonly store: SyncStore; readonly rules: Rules }[];
}

const PIECE = 500;
const LANES = 8;

/**
 * Compares a target with what syncs last wrote: accounts that others changed, disabled or deleted, unknown accounts, and the members of
 * rule-based groups. Reads the whole target and writes nothing.
 */
export async function* driftOf({ route, type, target, asking, syncs }: Drifting): AsyncGenerator<Drift> {
  for (const { store, rules } of syncs) {
    for (let after = ""; ; ) {
      const people = await store.linked(after, PIECE);
      if (people.length === 0) break;
      after = people.at(-1)!.key;
      const found = await inLanes(people, LANES, async (person): Promise<Drift[]> => {
        const id = person.target!;
        const account = await target.read(id);
        if (!account) return [{ what: "gone", key: person.key, id }];
        return changesIn(account, memoryOf(person).confirmed ?? {}, rules).map((each) => ({
          ...each,
          key: person.key,
          id,
        }));
      });
      yield* found.flat();
    }
    yield* groupsOf(store, target);
  }
  let cursor: string | undefined = "";
  while (cursor !== undefined) {
    const query: { cursor: string; count: string; attributes: string } = {
      cursor,
      count: "1000",
      attributes: "id,userName",
    };
    const page: { readonly Resources: readonly Resource[]; readonly nextCursor?: string } = await route.run({
      name: "list",
      type,
      query,
      context: contextFor(route.base, asking),
    });
    for (const { id, userName } of page.Resources) {
      const owners = await Promise.all(syncs.map(({ store }) => store.byTarget(String(id))));
      if (owners.every((owner) => !owner)) yield { what: "added", key: undefined, id: String(id), is: userName };
    }
    cursor = page.nextCursor;
  }
}

function changesIn(
  account: Resource,
  confirmed: Readonly<Record<string, unknown>>,
  rules: Rules,
): Omit<Drift, "key" | "id">[] {
  return rules.rules.flatMap((rule) => {
    const { path, name } = rule.place;
    if (rule.isSecret || rule.when === "empty" || !(path in confirmed)) return [];
    const is = valueAt(account, rule.place, rules.target);
    if (isSameValue(confirmed[path], is)) return [];
    const what = path === rules.active.path && is === false ? "disabled" : "changed";
    return [{ what, path: name, was: confirmed[path] ?? undefined, is }];
  });
}

/** Missing members of rule-based groups, and missing groups. */
async function* groupsOf(store: SyncStore, target: Target): AsyncGenerator<Drift> {
  for (const group of await store.groups()) {
    if (group.target === null || group.target.startsWith("(")) continue;
    const members = await target.groups.members(group.type, group.target);
    if (!members) {
      yield { what: "group", key: undefined, id: group.target, path: group.shown };
      continue;
    }
    const present = new Set(members);
    for (let after = ""; ; ) {
      const wanted = await store.members(group, "is", after, PIECE);
      if (wanted.length === 0) break;
      after = wanted.at(-1)!.key;
      for (const { key, target: id } of wanted)
        if (id !== null && !present.delete(id))
          yield { what: "member", key, id, path: group.shown, was: true, is: false };
    }
    for (const id of present) {
      const owner = await store.byTarget(id);
      yield { what: "member", key: owner?.key, id, path: group.shown, was: false, is: true };
    }
  }
}
