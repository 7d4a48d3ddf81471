import type { Edit, ObjectType, SourceObject } from "../directory.ts";
import { DEFAULT_DOMAIN } from "./person.ts";
import type { Random } from "./random.ts";
import type { Tenant } from "./tenant.ts";

/** The drawing of one cycle's edits: the tenant, and what the cycle has done so far. */
export interface Cycle {
  readonly tenant: Tenant;
  readonly random: Random;
  readonly seed: number;
  readonly cycle: number;
  /** Objects that were edited in this cycle: each is edited once. */
  readonly edited: Set<string>;
  readonly purged: Set<string>;
  /** People and groups that were made in this cycle, by objectId, and how many may be. */
  readonly joined: string[];
  readonly founded: string[];
  readonly maxMade: number;
}

/** A kind of edit. */
export interface Kind {
  readonly type: ObjectType;
  /** What it is, for the documentation. */
  readonly what: string;
  /** How often it is drawn, in relation to the others. */
  readonly weight: number;
  /** Draws one; undefined where the tenant has nothing that it fits. */
  readonly draw: (cycle: Cycle) => Edit | undefined;
}

/** How many objects are looked at to find one that fits. */
const TRIES = 30;

/** An object that was not edited in this cycle and fits, by chance. */
export function find(
  { tenant, random, edited }: Cycle,
  type: ObjectType,
  fits: (object: SourceObject) => boolean = () => true,
): SourceObject | undefined {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const count = tenant.count(type);
    const object = count === 0 ? undefined : tenant.at(type, random.below(count));
    if (object && !edited.has(object.objectId) && fits(object)) return object;
  }
  return undefined;
}

/** An attribute as text; empty where there is none. */
export const textOf = ({ attributes }: SourceObject, name: string): string => {
  const value = attributes[name];
  return typeof value === "string" ? value : "";
};

/** Whether a person is soft-deleted. */
export const isDeleted = ({ attributes }: SourceObject): boolean =>
  attributes.IsSoftDeleted === true || attributes.IsSoftDeleted === "True";

/** Somebody who may become a manager or a member: neither purged in this cycle nor deleted. */
export function findReferable(cycle: Cycle): SourceObject | undefined {
  const { tenant, random, purged } = cycle;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const count = tenant.count("User");
    const person = count === 0 ? undefined : tenant.at("User", random.below(count));
    if (person && !purged.has(person.objectId) && !isDeleted(person)) return person;
  }
  return undefined;
}

/** The domain that the tenant's people have. */
export function domainOf({ tenant }: Cycle): string {
  const first = tenant.at("User", 0);
  return (first && textOf(first, "userPrincipalName").split("@")[1]) || DEFAULT_DOMAIN;
}

/** Whether one more person or group may be made: a tenant keeps about its size. */
export const mayMake = ({ joined, founded, maxMade }: Cycle): boolean => joined.length + founded.length < maxMade;

/** What tells objects that are made in a cycle, and new user names, from all others: `c3n12`. */
export const tagOf = ({ cycle, edited }: Cycle): string => `c${cycle}n${edited.size}`;
