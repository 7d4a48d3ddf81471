import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Edit, SourceValue } from "../directory.ts";
import { drawPopulation } from "./draw.ts";
import { deviceId, groupId } from "./groups.ts";
import type { Population } from "./population.ts";
import { QUIRKS } from "./quirks.ts";
import { shuffleOf } from "./random.ts";

const populations = fc.record({
  people: fc.integer({ min: 0, max: 300 }),
  groups: fc.integer({ min: 0, max: 45 }),
  seed: fc.integer(),
});

interface Drawn {
  readonly people: readonly Edit[];
  readonly groups: readonly Edit[];
  readonly members: ReadonlyMap<string, readonly string[]>;
}

function draw(population: Population): Drawn {
  const edits = [...drawPopulation(population)];
  const members = new Map<string, string[]>();
  for (const { type, objectId, members: change } of edits)
    if (type === "Group") members.set(objectId, [...(members.get(objectId) ?? []), ...(change?.add ?? [])]);
  return {
    people: edits.filter(({ type }) => type === "User"),
    groups: edits.filter(({ type, attributes }) => type === "Group" && attributes),
    members,
  };
}

const valuesOf = (edits: readonly Edit[], name: string): SourceValue[] =>
  edits.flatMap(({ attributes }) => (attributes?.[name] === undefined ? [] : [attributes[name]]));

const some = draw({ people: 2000, groups: 60, seed: 7 });

describe("a drawn population", () => {
  test("is the same for the same seed, and another for another", () => {
    fc.assert(
      fc.property(populations, (population) => {
        expect([...drawPopulation(population)]).toEqual([...drawPopulation(population)]);
      }),
      { numRuns: 20 },
    );
    expect(draw({ people: 20, groups: 2, seed: 1 })).not.toEqual(draw({ people: 20, groups: 2, seed: 2 }));
  });

  test("has as many people and groups as asked, people first, each with an objectId and a user name of its own", () => {
    fc.assert(
      fc.property(populations, (population) => {
        const edits = [...drawPopulation(population)];
        const { people, groups } = draw(population);
        expect([people.length, groups.length]).toEqual([population.people, population.groups]);
        expect(edits.slice(0, people.length).every(({ type }) => type === "User")).toBe(true);
        const ids = [...people, ...groups].map(({ objectId }) => objectId);
        expect(new Set(ids).size).toBe(ids.length);
        const names = valuesOf(people, "userPrincipalName").map((name) => String(name).toLowerCase());
        expect(new Set(names).size).toBe(people.length);
      }),
      { numRuns: 40 },
    );
  });

  test("refers to nothing that is not there, but to one device in the tenth of each twenty groups", () => {
    fc.assert(
      fc.property(populations, (population) => {
        const { people, groups, members } = draw(population);
        const ids = new Set([...people, ...groups].map(({ objectId }) => objectId));
        expect(valuesOf(people, "manager").filter((id) => !ids.has(String(id)))).toEqual([]);
        const dangling = [...members].flatMap(([group, all]) =>
          all.filter((id) => !ids.has(id)).map((id) => [group, id]),
        );
        const devices = groups
          .map((_, index) => index)
          .filter((index) => index % 20 === 9)
          .map((index) => [groupId(population.seed, index), deviceId(population.seed, index)]);
        expect(dangling).toEqual(devices);
        for (const all of members.values()) expect(new Set(all).size).toBe(all.length);
      }),
      { numRuns: 40 },
    );
  });

  test("has user names and nicknames in ASCII, whatever the script of the name", () => {
    for (const name of [...valuesOf(some.people, "userPrincipalName"), ...valuesOf(some.people, "mailNickname")])
      expect(name).toMatch(/^[A-Za-z0-9.'#@_-]+$/);
  });

  test.each([
    "Latin",
    "Cyrillic",
    "Greek",
    "Han",
    "Hiragana",
    "Hangul",
    "Arabic",
    "Hebrew",
    "Devanagari",
    "Thai",
    "Tamil",
    "Georgian",
  ])("has names in the script %s", (script) => {
    const inScript = new RegExp(`\\p{Script=${script}}`, "u");
    expect(valuesOf(some.people, "displayName").some((name) => inScript.test(String(name)))).toBe(true);
  });

  test("keeps within Entra's lengths of names", () => {
    for (const { attributes } of some.people) {
      expect(String(attributes?.displayName).length).toBeLessThanOrEqual(256);
      expect(String(attributes?.givenName ?? "").length).toBeLessThanOrEqual(64);
      expect(String(attributes?.surname ?? "").length).toBeLessThanOrEqual(64);
      expect(String(attributes?.userPrincipalName).length).toBeLessThanOrEqual(113);
    }
  });
});

describe("managers", () => {
  const managers = new Map(
    some.people.map(({ objectId, attributes }) => [objectId, attributes?.manager as string | undefined]),
  );

  test("are a tree, but for the pairs that are each other's manager", () => {
    const inCircle = new Set<string>();
    for (const person of managers.keys()) {
      let at: string | undefined = person;
      for (let step = 0; at !== undefined && step < managers.size; step++) at = managers.get(at);
      if (at === undefined) continue;
      const other = managers.get(at)!;
      expect(managers.get(other)).toBe(at);
      inCircle.add(at).add(other);
    }
    expect(inCircle.size).toBe(40);
  });

  test("come later, are out of scope, and lead a handful of people each", () => {
    const order = new Map(some.people.map(({ objectId }, index) => [objectId, index]));
    const unassigned = new Set(
      some.people.filter(({ assigned }) => assigned === false).map(({ objectId }) => objectId),
    );
    const pairs = [...managers].filter((pair): pair is [string, string] => pair[1] !== undefined);
    const later = pairs.filter(([person, manager]) => order.get(manager)! > order.get(person)!);
    expect(later.length).toBeGreaterThan(pairs.length / 4);
    expect(pairs.some(([, manager]) => unassigned.has(manager))).toBe(true);
    const spans = Map.groupBy(pairs, ([, manager]) => manager);
    expect(pairs.length / spans.size).toBeGreaterThan(3);
    expect(Math.max(...[...spans.values()].map(({ length }) => length))).toBeLessThan(60);
  });

  test("are never soft-deleted", () => {
    const deleted = new Set(
      some.people.filter(({ attributes }) => attributes?.IsSoftDeleted).map(({ objectId }) => objectId),
    );
    expect(deleted.size).toBe(20);
    expect([...managers.values()].filter((manager) => manager && deleted.has(manager))).toEqual([]);
    expect([...some.members.values()].flat().filter((member) => deleted.has(member))).toEqual([]);
  });
});

describe("what bites", () => {
  const count = (matches: (edit: Edit) => boolean | undefined) => some.people.filter(matches).length;
  const text = ({ attributes }: Edit, name: string) => String(attributes?.[name] ?? "");

  test("each hundred people have each quirk", () => {
    expect(QUIRKS.flatMap(({ slots }) => slots).length).toBe(new Set(QUIRKS.flatMap(({ slots }) => slots)).size);
    expect(count(({ attributes }) => attributes?.mail === undefined)).toBe(40);
    expect(count(({ attributes }) => attributes?.surname === undefined)).toBe(40);
    expect(count(({ attributes }) => attributes?.accountEnabled === false)).toBe(60);
    expect(count(({ assigned }) => assigned === false)).toBe(120);
    expect(count((edit) => text(edit, "userPrincipalName").includes("#EXT#"))).toBe(40);
    expect(count((edit) => /["\\+(<;%]|, Dr\./.test(text(edit, "displayName")))).toBeGreaterThanOrEqual(40);
    expect(count((edit) => /\p{Extended_Pictographic}/u.test(text(edit, "displayName")))).toBe(20);
    expect(count((edit) => /^ .* {2}$/.test(text(edit, "displayName")))).toBe(20);
    expect(count((edit) => text(edit, "displayName").length === 256)).toBe(20);
  });

  test("some people differ in case alone, in diacritics alone, or share their employeeId", () => {
    const plain = Map.groupBy(some.people, (edit) => text(edit, "displayName"));
    const folded = Map.groupBy(some.people, (edit) => text(edit, "displayName").toLowerCase());
    expect(folded.size).toBeLessThan(plain.size);
    const ids = valuesOf(some.people, "employeeId");
    expect(ids.length - new Set(ids).size).toBe(20);
  });

  test("groups are of Zipf's sizes: from most people down to one, and one is empty", () => {
    const sizes = some.groups.map(({ objectId }) => some.members.get(objectId)!.length);
    expect(sizes[0]).toBeGreaterThan(1100);
    expect(sizes[1]! / sizes[0]!).toBeCloseTo(1 / 2, 1);
    expect(sizes[9]! / sizes[0]!).toBeCloseTo(1 / 10, 1);
    expect(sizes[3]).toBe(0);
    const names = valuesOf(some.groups, "displayName").map(String);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length - 3);
    expect(names.some((name) => name.includes("/") && name.includes(","))).toBe(true);
    expect(some.members.get(some.groups[7]!.objectId)).toContain(some.groups[6]!.objectId);
  });
});

test("a shuffle gives each number once, and finds its place again", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer(), (size, seed) => {
      const { at, placeOf } = shuffleOf(size, seed);
      const numbers = Array.from({ length: size }, (_, place) => at(place));
      expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, index) => index));
      expect(numbers.map(placeOf)).toEqual(numbers.map((_, place) => place));
    }),
  );
});
