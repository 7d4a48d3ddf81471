import type { Edit } from "../directory.ts";
import { drawGroups } from "./groups.ts";
import { attributesOf, DEFAULT_DOMAIN, identityOf, localPart, personId } from "./person.ts";
import type { Population } from "./population.ts";
import { isSoftDeleted, quirkOf } from "./quirks.ts";
import { hashOf, type Shuffle, shuffleOf } from "./random.ts";

/**
 * Draws the edits that make a tenant: people first, then groups with their members. A group of more than 1,000 members takes several edits. Drawn
 * lazily: what is kept is two bytes a person. The same population gives the same edits.
 */
export function* drawPopulation(population: Population): Generator<Edit> {
  const { people } = population;
  const unique = uniqueNames(people);
  const ranks = shuffleOf(people, population.seed, "ranks");
  for (let index = 0; index < people; index++) yield personOf(population, index, { unique, ranks });
  yield* drawGroups(population);
}

interface Drawing {
  readonly unique: (name: string, index: number) => string;
  /** The order of people from the top down. */
  readonly ranks: Shuffle;
}

function personOf(population: Population, index: number, { unique, ranks }: Drawing): Edit {
  const { seed, people, domain = DEFAULT_DOMAIN } = population;
  const who = identityOf(seed, index);
  const address = { local: unique(localPart(who), index), domain };
  const manager = managerOf(seed, index, ranks);
  const plain = {
    attributes: {
      ...attributesOf(seed, index, who, address),
      ...(manager === undefined ? {} : { manager: personId(seed, manager) }),
    },
    assigned: true,
  };
  const draft = quirkOf(seed, index)?.apply(plain, { seed, people, domain, index }) ?? plain;
  return {
    type: "User",
    objectId: personId(seed, index),
    attributes: draft.attributes,
    ...(draft.assigned ? {} : { assigned: false }),
  };
}

/** How many people stand below each rank, before some lead more and others none. */
const SPAN = 7;

/** Who leads somebody: a person of a higher rank, who may be drawn later. Undefined at the top. */
function managerOf(seed: number, index: number, ranks: Shuffle): number | undefined {
  let rank = ranks.placeOf(index);
  do {
    if (rank === 0) return undefined;
    const above = Math.floor((rank - 1) / SPAN);
    // Some lead more people than others.
    rank = above - (hashOf(seed, "manager", index) % Math.min(4, above + 1));
  } while (isSoftDeleted(seed, ranks.at(rank)));
  return ranks.at(rank);
}

/**
 * Makes names unique. Which ones were given is remembered in 16 bits a person: a name whose bit is set already, and sometimes one that only shares its
 * bit, gets the person's number, which no other name ends in.
 */
function uniqueNames(people: number): (name: string, index: number) => string {
  const given = new Uint8Array(Math.max(1, people * 2));
  return (name, index) => {
    const bit = hashOf(name) % (given.length * 8);
    const [byte, mask] = [bit >> 3, 1 << (bit & 7)];
    const isGiven = (given[byte]! & mask) !== 0;
    given[byte]! |= mask;
    return isGiven ? `${name}${index + 1}` : name;
  };
}
