import type { Mapping, References } from "../mapping/mapping.ts";
import { type MappingTests, run } from "../mapping/testing.ts";
import type { PlayInput } from "./shown.ts";

/** A case of a mapping's tests. */
export type MappingCase = MappingTests["cases"][number];

const nobody: References = { toReference: () => undefined, toId: () => undefined };

/** A case that expects what an input becomes today. Rejects, as the mapping does, if it refuses the input, or needs references. */
export async function caseFor(mapping: Mapping, input: PlayInput, name: string): Promise<MappingCase> {
  const draft = draftOf(input, name);
  const { actual } = await run(mapping, draft, nobody);
  // A test that fails the next time is worse than none.
  const { actual: again } = await run(mapping, draft, nobody);
  if (JSON.stringify(actual) !== JSON.stringify(again))
    throw new TypeError("this comes out differently each time, so that no test can expect it");
  const expected = JSON.parse(JSON.stringify(actual));
  if ("read" in draft) return { ...draft, resource: expected };
  if ("create" in draft) return { ...draft, entry: expected };
  if ("filter" in draft) return { ...draft, ...expected };
  return { ...draft, changes: expected };
}

function draftOf(input: PlayInput, name: string): MappingCase {
  switch (input.kind) {
    case "entry":
      return { name, read: { ...input.entry }, resource: {} };
    case "resource":
      return { name, create: { ...input.resource }, entry: {} };
    case "filter":
      return { name, filter: input.filter, where: "" };
    case "patch":
      return {
        name,
        patch: operationsOf(input.patch),
        ...(input.entry && { present: { ...input.entry } }),
        changes: [],
      };
    case "put":
      throw new TypeError("mapping tests have no PUT: use a PATCH");
  }
}

function operationsOf(patch: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  const operations = Object.entries(patch).find(([name]) => name.toLowerCase() === "operations")?.[1];
  if (!Array.isArray(operations)) throw new TypeError('the PATCH has no "Operations"');
  return operations as Record<string, unknown>[];
}
