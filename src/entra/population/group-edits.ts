import type { Edit, SourceObject } from "../directory.ts";
import { type Cycle, domainOf, find, findReferable, type Kind, mayMake, tagOf, textOf } from "./cycle.ts";
import { groupAttributes, groupId } from "./groups.ts";

type Change = Omit<Edit, "type" | "objectId">;

/** How many members an edit adds or takes away, and among how many it picks those. */
const MEMBERS = 20;
const LOOKED_AT = 200;

const group = (
  weight: number,
  what: string,
  change: (group: SourceObject, cycle: Cycle) => Change | undefined,
  fits?: (group: SourceObject) => boolean,
): Kind => ({
  type: "Group",
  what,
  weight,
  draw: (cycle) => {
    const found = find(cycle, "Group", fits);
    const changed = found && change(found, cycle);
    return changed && { type: "Group", objectId: found.objectId, ...changed };
  },
});

/** What happens to groups. */
export const GROUP_KINDS: readonly Kind[] = [
  group(20, "members are added, joiners among them", added),
  group(14, "members are removed", removed),
  group(3, "another name", (each, cycle) => ({
    attributes: { displayName: `${textOf(each, "displayName").slice(0, 200)} (${tagOf(cycle)})` },
  })),
  group(2, "a name that changes in case alone", inOtherCase),
  { type: "Group", weight: 2, what: "a new group", draw: made },
  group(1, "a group is purged", () => ({ purged: true })),
  group(
    2,
    "a group's assignment is taken away",
    () => ({ assigned: false }),
    ({ assigned }) => assigned,
  ),
  group(
    2,
    "a group is assigned",
    () => ({ assigned: true }),
    ({ assigned }) => !assigned,
  ),
];

function added(_: SourceObject, cycle: Cycle): Change | undefined {
  const { random, joined } = cycle;
  const some = Array.from({ length: 1 + random.below(MEMBERS) }, () => findReferable(cycle)?.objectId);
  const add = new Set([...joined.slice(-3), ...some.filter((id) => id !== undefined)]);
  return add.size === 0 ? undefined : { members: { add: [...add] } };
}

function removed({ objectId }: SourceObject, { tenant, random, purged }: Cycle): Change | undefined {
  const there = tenant.membersOf(objectId, LOOKED_AT).filter((id) => !purged.has(id));
  if (there.length === 0) return undefined;
  const start = random.below(there.length);
  return { members: { remove: there.slice(start, start + 1 + random.below(MEMBERS)) } };
}

function inOtherCase(each: SourceObject): Change | undefined {
  const value = textOf(each, "displayName");
  const other = value === value.toUpperCase() ? value.toLowerCase() : value.toUpperCase();
  return other === value ? undefined : { attributes: { displayName: other } };
}

function made(cycle: Cycle): Edit | undefined {
  if (!mayMake(cycle)) return undefined;
  const tag = tagOf(cycle);
  const number = 1e9 + cycle.cycle * 1e6 + cycle.edited.size;
  const objectId = groupId(cycle.seed, number);
  cycle.founded.push(objectId);
  return {
    type: "Group",
    objectId,
    attributes: { ...groupAttributes(cycle.seed, number, domainOf(cycle)), displayName: `New group ${tag}` },
    assigned: true,
  };
}
