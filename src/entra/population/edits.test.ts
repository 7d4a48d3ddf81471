import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Edit, ObjectType, SourceObject } from "../directory.ts";
import { drawPopulation } from "./draw.ts";
import { drawEdits, KINDS } from "./edits.ts";
import { randomOf } from "./random.ts";
import type { Tenant } from "./tenant.ts";

/** A small tenant in memory. Purging somebody takes them out of all groups. */
class SmallTenant implements Tenant {
  readonly objects = new Map<string, SourceObject>();
  readonly members = new Map<string, Set<string>>();
  readonly purged = new Set<string>();

  private lists: Partial<Record<ObjectType, readonly SourceObject[]>> = {};

  private list(type: ObjectType): readonly SourceObject[] {
    this.lists[type] ??= [...this.objects.values()].filter((each) => each.type === type);
    return this.lists[type];
  }
  count(type: ObjectType): number {
    return this.list(type).length;
  }
  at(type: ObjectType, index: number): SourceObject | undefined {
    return this.list(type)[index];
  }
  membersOf(groupId: string, limit: number): readonly string[] {
    return [...(this.members.get(groupId) ?? [])].slice(0, limit);
  }
  apply({ type, objectId, attributes, members, assigned, purged }: Edit): void {
    this.lists = {};
    if (purged) {
      this.objects.delete(objectId);
      this.purged.add(objectId);
      for (const each of this.members.values()) each.delete(objectId);
      return;
    }
    const before = this.objects.get(objectId);
    this.objects.set(objectId, {
      type,
      objectId,
      attributes: { ...before?.attributes, ...attributes },
      assigned: assigned ?? before?.assigned ?? true,
    });
    const own = this.members.get(objectId) ?? new Set();
    this.members.set(objectId, own);
    for (const each of members?.add ?? []) own.add(each);
    for (const each of members?.remove ?? []) own.delete(each);
  }
}

function tenantOf(people: number, groups: number, seed: number): SmallTenant {
  const tenant = new SmallTenant();
  for (const edit of drawPopulation({ people, groups, seed })) tenant.apply(edit);
  return tenant;
}

const referencesOf = ({ attributes, members }: Edit): string[] => [
  ...(typeof attributes?.manager === "string" ? [attributes.manager] : []),
  ...(members?.add ?? []),
  ...(members?.remove ?? []),
];

const drawn = fc.record({
  people: fc.integer({ min: 0, max: 60 }),
  groups: fc.integer({ min: 0, max: 12 }),
  seed: fc.integer(),
  share: fc.constantFrom(0.01, 0.2, 1),
});

describe("drawn edits", () => {
  test.each([
    ["as they come", true],
    ["after the cycle", false],
  ])("never refer to somebody who was purged, when they are applied %s", (_, isAtOnce) => {
    fc.assert(
      fc.property(drawn, ({ people, groups, seed, share }) => {
        const tenant = tenantOf(people, groups, seed);
        const nodes = new Set([...tenant.objects.keys(), ...[...tenant.members.values()].flatMap((each) => [...each])]);
        for (let cycle = 1; cycle <= 5; cycle++) {
          const kept: Edit[] = [];
          const purged = new Set(tenant.purged);
          for (const edit of drawEdits(tenant, { share, seed, cycle })) {
            expect(purged.has(edit.objectId)).toBe(false);
            expect(referencesOf(edit).filter((id) => purged.has(id))).toEqual([]);
            nodes.add(edit.objectId);
            expect(referencesOf(edit).filter((id) => !nodes.has(id))).toEqual([]);
            if (edit.purged) purged.add(edit.objectId);
            if (isAtOnce) tenant.apply(edit);
            else kept.push(edit);
          }
          for (const edit of kept) tenant.apply(edit);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("are the same for the same seed and cycle, and other ones in the next cycle", () => {
    const edits = (cycle: number) => [...drawEdits(tenantOf(100, 10, 7), { share: 0.3, seed: 7, cycle })];
    expect(edits(1)).toEqual(edits(1));
    expect(edits(1)).not.toEqual(edits(2));
  });

  test("are as many as the share says, one an object, and one at least", () => {
    const tenant = tenantOf(190, 10, 7);
    const edits = [...drawEdits(tenant, { share: 0.1, seed: 1, cycle: 1 })];
    expect(edits).toHaveLength(20);
    expect(new Set(edits.map(({ objectId }) => objectId)).size).toBe(20);
    expect([...drawEdits(tenant, { share: 0.0001, seed: 1, cycle: 1 })]).toHaveLength(1);
  });

  test("fill an empty tenant", () => {
    const [first] = drawEdits(new SmallTenant(), { share: 0.01, seed: 1, cycle: 1 });
    expect(first?.attributes).toBeDefined();
  });

  test("keep user names unique over fifty cycles, and the tenant about as large as it was", () => {
    const tenant = tenantOf(200, 20, 3);
    for (let cycle = 1; cycle <= 50; cycle++)
      for (const edit of drawEdits(tenant, { share: 0.1, seed: 3, cycle })) tenant.apply(edit);
    const people = [...tenant.objects.values()].filter(({ type }) => type === "User");
    const names = people.map(({ attributes }) => String(attributes.userPrincipalName).toLowerCase());
    expect(new Set(names).size).toBe(names.length);
    expect(tenant.count("User")).toBeGreaterThan(150);
    expect(tenant.count("User")).toBeLessThan(400);
  });

  test.each(KINDS.map((kind) => [`${kind.type}: ${kind.what}`, kind] as const))("hold, now and then, %s", (_, kind) => {
    const tenant = tenantOf(150, 30, 5);
    let count = 0;
    for (let cycle = 1; cycle <= 200 && count === 0; cycle++) {
      const edit = kind.draw(cycleOf(tenant, cycle));
      if (edit) count++;
      if (edit) expect(edit.type).toBe(kind.type);
    }
    expect(count).toBe(1);
  });

  test("a soft deletion writes the objectId before the user name, as Entra does, and a restoration takes it away", () => {
    const tenant = tenantOf(200, 5, 9);
    const [before, deleted, restored] = [new Map<string, unknown>(), [] as Edit[], [] as Edit[]];
    for (let cycle = 1; cycle <= 60; cycle++)
      for (const edit of drawEdits(tenant, { share: 0.2, seed: 9, cycle })) {
        const name = tenant.objects.get(edit.objectId)?.attributes.userPrincipalName;
        if (edit.attributes?.IsSoftDeleted === true) {
          deleted.push(edit);
          expect(edit.attributes.userPrincipalName).toBe(`${edit.objectId.replaceAll("-", "")}${name}`);
          before.set(edit.objectId, name);
        } else if (edit.attributes?.IsSoftDeleted === false && name !== undefined) {
          restored.push(edit);
          if (before.has(edit.objectId)) expect(edit.attributes.userPrincipalName).toBe(before.get(edit.objectId));
        }
        tenant.apply(edit);
      }
    expect(deleted.length).toBeGreaterThan(10);
    expect(restored.length).toBeGreaterThan(3);
  });
});

const cycleOf = (tenant: Tenant, cycle: number) => ({
  tenant,
  random: randomOf("kinds", cycle),
  seed: 5,
  cycle,
  edited: new Set<string>(),
  purged: new Set<string>(),
  joined: [],
  founded: [],
  maxMade: 1,
});
