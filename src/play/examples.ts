import { firstTests } from "../mapping/first-tests.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { JsonObject, PlayInput } from "./shown.ts";

const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** Inputs to begin with: what becomes of them shows most of a mapping. One of each kind. */
export async function examplesFor(mapping: Mapping): Promise<PlayInput[]> {
  const cases = (await firstTests(mapping))?.cases ?? [];
  const entry = pick(cases, "read") ?? { [mapping.id.attr]: "1" };
  const resource = pick(cases, "create") ?? {};
  const filter = cases.flatMap((each) => ("filter" in each ? [each.filter] : []))[0] ?? 'id eq "1"';
  const patch = { schemas: [PATCH_OP], Operations: [operationOn(mapping)] };
  return [
    { kind: "entry", entry },
    { kind: "resource", resource },
    { kind: "filter", filter, entry },
    { kind: "patch", patch, entry },
    { kind: "put", resource, entry },
  ];
}

const pick = (cases: readonly object[], name: string): JsonObject | undefined =>
  cases.flatMap((each) => (name in each ? [(each as Record<string, JsonObject>)[name]!] : []))[0];

/** A change that Entra often makes, of something that the mapping writes. */
function operationOn({ rows }: Mapping): JsonObject {
  const isWritten = (name: string) => rows.some((row) => row.name === name && !row.readOnly);
  if (isWritten("active")) return { op: "Replace", path: "active", value: "False" };
  const name =
    ["displayName", "userName"].find(isWritten) ?? rows.find(({ readOnly }) => !readOnly)?.name ?? "displayName";
  return { op: "Replace", path: name, value: "Another name" };
}
