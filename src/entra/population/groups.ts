import type { Edit } from "../directory.ts";
import { COMPANIES, GROUP_NAMES } from "./cultures.ts";
import { DEFAULT_DOMAIN, personId } from "./person.ts";
import type { Population } from "./population.ts";
import { isSoftDeleted, isUnassigned } from "./quirks.ts";
import { guidOf, randomOf, shuffleOf } from "./random.ts";

/** The share of all people in the largest group. Those after it have a half, a third, a quarter of it: Zipf's law. */
const LARGEST = 0.6;
/** How many members an edit adds. */
const MEMBERS = 1000;
/** What is odd about some of each twenty groups, by their number. */
const SLOTS = 20;

/** What is odd about groups. */
export const GROUP_QUIRKS: ReadonlyMap<number, string> = new Map([
  [3, "empty"],
  [5, "the name of another group, in another case"],
  [7, "another group as a member (Entra does not expand it)"],
  [9, "a device as a member: it is neither a user nor a group"],
  [11, "not assigned to the application"],
  [13, "no member who is assigned"],
  [15, "a slash, a comma and quotes in the name"],
  [17, "blanks around the name"],
  [19, "a very long name: 256 characters"],
]);

/** The objectId of the group with a number. */
export const groupId = (seed: number, index: number): string => guidOf(seed, "Group", index);

/** The edits that make the groups. */
export function* drawGroups(population: Population): Generator<Edit> {
  const { seed, groups } = population;
  for (let index = 0; index < groups; index++) {
    const isAssigned = index % SLOTS !== 11;
    const made: Edit = {
      type: "Group",
      objectId: groupId(seed, index),
      attributes: groupAttributes(seed, index, population.domain ?? DEFAULT_DOMAIN),
      ...(isAssigned ? {} : { assigned: false }),
    };
    let isMade = false;
    for (const add of inParts(membersOf(population, index), MEMBERS)) {
      yield isMade ? { type: "Group", objectId: made.objectId, members: { add } } : { ...made, members: { add } };
      isMade = true;
    }
    if (!isMade) yield made;
  }
}

/** The attributes of a group. */
export function groupAttributes(seed: number, index: number, domain: string): NonNullable<Edit["attributes"]> {
  const nickname = `group-${index + 1}`;
  const isMailEnabled = index % 3 === 0;
  return {
    displayName: nameOf(seed, index),
    mailNickname: nickname,
    ...(isMailEnabled ? { mail: `${nickname}@${domain}` } : {}),
    mailEnabled: isMailEnabled,
    securityEnabled: true,
    ...(index % 4 === 0 ? { description: `Members of ${nameOf(seed, index)}\n(reviewed yearly)` } : {}),
  };
}

function nameOf(seed: number, index: number): string {
  const slot = index % SLOTS;
  if (slot === 5) return otherCase(nameOf(seed, index - 1));
  const round = Math.floor(index / GROUP_NAMES.length);
  const plain = GROUP_NAMES[index % GROUP_NAMES.length]!;
  const name = round === 0 ? plain : `${plain} ${round + 1}`;
  if (slot === 15) return `${name}/"${randomOf(seed, "group", index).pick(COMPANIES)}", EMEA`;
  if (slot === 17) return ` ${name} `;
  return slot === 19 ? `${name} - `.repeat(256).slice(0, 255).concat("x") : name;
}

const otherCase = (name: string): string => (name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase());

function* membersOf({ seed, people }: Population, index: number): Generator<string> {
  const slot = index % SLOTS;
  if (slot === 3) return;
  if (slot === 7) yield groupId(seed, index - 1);
  if (slot === 9) yield deviceId(seed, index);
  const size = Math.min(people, Math.max(1, Math.round((people * LARGEST) / (index + 1))));
  const order = shuffleOf(people, seed, "members", index);
  for (let place = 0; place < size; place++) {
    const person = order.at(place);
    const isLeftOut = isSoftDeleted(seed, person) || (slot === 13 && !isUnassigned(seed, person));
    if (!isLeftOut) yield personId(seed, person);
  }
}

/** The objectId of the device that is a member of a group: nothing else in the tenant has it. */
export const deviceId = (seed: number, index: number): string => guidOf(seed, "Device", index);

function* inParts<T>(items: Iterable<T>, size: number): Generator<readonly T[]> {
  let part: T[] = [];
  for (const item of items) {
    part.push(item);
    if (part.length === size) {
      yield part;
      part = [];
    }
  }
  if (part.length > 0) yield part;
}
