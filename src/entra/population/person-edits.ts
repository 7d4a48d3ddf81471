import { withoutAccents } from "../../expression/letters.ts";
import type { Edit, SourceObject } from "../directory.ts";
import { DEPARTMENTS, displayNameOf, TITLES } from "./cultures.ts";
import { type Cycle, domainOf, find, findReferable, isDeleted, type Kind, mayMake, tagOf, textOf } from "./cycle.ts";
import {
  type Attributes,
  attributesOf,
  identityOf,
  localPart,
  officeOf,
  personId,
  restoration,
  softDeletion,
} from "./person.ts";
import { phoneOf } from "./phones.ts";

type Change = Omit<Edit, "type" | "objectId">;

/** A kind of edit to people who fit. */
const person = (
  weight: number,
  what: string,
  change: (person: SourceObject, cycle: Cycle) => Change | undefined,
  fits: (person: SourceObject) => boolean = isPresent,
): Kind => ({
  type: "User",
  what,
  weight,
  draw: (cycle) => {
    const found = find(cycle, "User", fits);
    const changed = found && change(found, cycle);
    return changed && { type: "User", objectId: found.objectId, ...changed };
  },
});

const isPresent = (each: SourceObject): boolean => !isDeleted(each);
const isEnabled = (each: SourceObject): boolean => isPresent(each) && each.attributes.accountEnabled !== false;
const upnOf = (each: SourceObject): string => textOf(each, "userPrincipalName");

/** What happens to people. */
export const PERSON_KINDS: readonly Kind[] = [
  { type: "User", weight: 12, what: "a joiner", draw: joiner },
  person(16, "a move: department, title, office and manager", moved),
  person(7, "another surname, with the display name, mail and user name that follow from it", renamed),
  person(4, "a name or user name that changes in case alone", inOtherCase),
  person(3, "a name that loses its diacritics", withoutDiacritics, hasDiacritics),
  person(8, "another manager, or none", (each, cycle) => ({ attributes: managerOf(each, cycle) })),
  person(8, "another phone number, or the same one written in another way", phoned),
  person(4, "an attribute that is cleared", cleared),
  person(6, "an attribute that no default mapping reads", unmapped),
  person(2, "an edit that changes nothing", ({ attributes: { department = null } }) => ({
    attributes: { department },
  })),
  person(5, "somebody is blocked", () => ({ attributes: { accountEnabled: false } }), isEnabled),
  person(
    5,
    "somebody is not blocked any more",
    () => ({ attributes: { accountEnabled: true } }),
    (each) => isPresent(each) && !isEnabled(each),
  ),
  person(5, "a leaver: soft-deleted", (each) => ({ attributes: softDeletion(each.objectId, upnOf(each)) })),
  person(
    3,
    "a soft-deleted person is restored",
    (each) => ({ attributes: restoration(each.objectId, upnOf(each)) }),
    isDeleted,
  ),
  person(3, "a soft-deleted person is purged", () => ({ purged: true }), isDeleted),
  person(1, "somebody is purged at once", () => ({ purged: true })),
  person(
    4,
    "somebody's assignment is taken away",
    () => ({ assigned: false }),
    (each) => isPresent(each) && each.assigned,
  ),
  person(
    4,
    "somebody is assigned",
    () => ({ assigned: true }),
    (each) => isPresent(each) && !each.assigned,
  ),
];

function joiner(cycle: Cycle): Edit | undefined {
  if (!mayMake(cycle)) return undefined;
  const { seed, joined } = cycle;
  const tag = tagOf(cycle);
  // Far from the numbers of those who were there from the beginning.
  const number = 1e9 + cycle.cycle * 1e6 + cycle.edited.size;
  const who = identityOf(seed, number);
  const address = { local: `${localPart(who)}-${tag}`, domain: domainOf(cycle) };
  const objectId = personId(seed, number);
  const manager = findReferable(cycle);
  joined.push(objectId);
  return {
    type: "User",
    objectId,
    attributes: {
      ...attributesOf(seed, number, who, address),
      employeeId: tag.toUpperCase(),
      ...(manager ? { manager: manager.objectId } : {}),
    },
    assigned: true,
  };
}

/** Another manager; null for none, which a sixth get. */
function managerOf({ objectId }: SourceObject, cycle: Cycle): Attributes {
  const manager = cycle.random.below(6) === 0 ? undefined : findReferable(cycle);
  return { manager: manager && manager.objectId !== objectId ? manager.objectId : null };
}

function moved(each: SourceObject, cycle: Cycle): Change {
  const { random } = cycle;
  const attributes = {
    department: random.pick(DEPARTMENTS),
    jobTitle: random.pick(TITLES),
    physicalDeliveryOfficeName: officeOf(random),
    extensionAttribute1: `CC-${1000 + random.below(40)}`,
    ...managerOf(each, cycle),
  };
  return { attributes };
}

function renamed(each: SourceObject, cycle: Cycle): Change {
  const { culture, family } = identityOf(cycle.seed, cycle.random.below(1e6));
  const given = textOf(each, "givenName");
  const local = `${localPart({ given: { text: given, latin: given }, family })}-${tagOf(cycle)}`;
  const name = `${local}@${upnOf(each).split("@").at(-1)}`;
  return {
    attributes: {
      surname: family.text,
      displayName: displayNameOf(culture, given, family.text),
      mailNickname: local,
      mail: name,
      userPrincipalName: name,
    },
  };
}

function inOtherCase(each: SourceObject, { random }: Cycle): Change | undefined {
  const name = random.pick(["displayName", "userPrincipalName", "surname"]);
  const value = textOf(each, name);
  const other = value === value.toUpperCase() ? value.toLowerCase() : value.toUpperCase();
  return other === value ? undefined : { attributes: { [name]: other } };
}

function withoutDiacritics(each: SourceObject): Change {
  const names = ["displayName", "givenName", "surname"].filter((name) => textOf(each, name) !== "");
  return { attributes: Object.fromEntries(names.map((name) => [name, withoutAccents(textOf(each, name))])) };
}

function hasDiacritics(each: SourceObject): boolean {
  return isPresent(each) && withoutAccents(textOf(each, "displayName")) !== textOf(each, "displayName");
}

function phoned(each: SourceObject, { random }: Cycle): Change {
  const number = textOf(each, "telephoneNumber");
  const isRewritten = number !== "" && random.percent(50);
  const value = isRewritten ? number.replaceAll(/[\s()/.-]/g, "") : phoneOf(random, "+41 44");
  return { attributes: { [random.pick(["telephoneNumber", "mobile"])]: value } };
}

function cleared(each: SourceObject, { random }: Cycle): Change | undefined {
  const clearable = ["mobile", "jobTitle", "department", "telephoneNumber", "streetAddress", "mail"];
  const there = clearable.filter((name) => textOf(each, name) !== "");
  return there.length === 0 ? undefined : { attributes: { [random.pick(there)]: null } };
}

function unmapped(_: SourceObject, { random }: Cycle): Change {
  const name = random.pick(["ageGroup", "extensionAttribute14"]);
  return { attributes: { [name]: random.pick(["Adult", "NotAdult", "x"]) } };
}
