import { describe, expect, test } from "vitest";
import { patchCases, typeNamed } from "../../test/tables/patch.ts";
import { checkImmutable, requireAll } from "./input.ts";
import { readPatch } from "./operations.ts";
import { applyPatch } from "./patch.ts";
import type { Resource, ResourceType } from "./schema.ts";

/** What the gateway makes of a PATCH where it has the resource at hand. */
function patched(before: Resource, Operations: readonly unknown[], type: ResourceType): Resource {
  const after = applyPatch(before, readPatch({ Operations }, type), type);
  requireAll(after, type, "mutability");
  checkImmutable(before, after, type);
  return after;
}

const named: Record<string, Resource> = {
  User: { userName: "u" },
  Group: { displayName: "g" },
  Gadget: { serial: "s" },
};

describe("PATCH in memory", () => {
  test.each(patchCases)("RFC 7644 §3.5.2: $name", ({ type: typeName = "User", before, patch, after, error }) => {
    const type = typeNamed(typeName);
    const present = { ...named[typeName], ...before };
    const untouched = structuredClone(present);
    if (error !== undefined) {
      expect(() => patched(present, patch, type)).toThrow(expect.objectContaining({ status: 400, scimType: error }));
    } else {
      const once = patched(present, patch, type);
      expect(once).toEqual({ ...named[typeName], ...after });
    }
    expect(present).toEqual(untouched);
  });

  const repeatable = patchCases.filter(({ error, patch }) => error === undefined && patch.length === 1);
  test.each(repeatable)("RFC 7644 §3.5.2: twice is as good as once: $name", (each) => {
    const type = typeNamed(each.type ?? "User");
    const once = patched({ ...named[type.name], ...each.before }, each.patch, type);
    expect(patched(once, each.patch, type)).toEqual(once);
  });
});
