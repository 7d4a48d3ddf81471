import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Change, Entry } from "../connector/connector.ts";
import { changeText, conditionText } from "../connector/text.ts";
import { readResource } from "../scim/input.ts";
import { readPatch } from "../scim/operations.ts";
import { applyPatch } from "../scim/patch.ts";
import { filterText, typedFilter } from "../scim/path.ts";
import type { Resource } from "../scim/schema.ts";
import { changesBetween, directChanges } from "./changes.ts";
import { differenceText } from "./difference.ts";
import { type Mapping, partsOfTarget, type References } from "./mapping.ts";
import { planFilter } from "./plan.ts";
import { readEntry } from "./read.ts";
import { select } from "./selection.ts";
import { entryToCreate } from "./write.ts";

const json = z.record(z.string(), z.unknown());

const caseName = z.string().describe("What the case shows, as a sentence.");

/** A mapping's test file: each case has an input and, under another key, the expected result. */
export const mappingTestFormat = z
  .strictObject({
    mapping: z
      .string()
      .meta({ completes: "mapping" })
      .optional()
      .describe(
        "The mapping that is tested: a file, or the name of a shipped one, such as postern:openldap/user. Default: the file beside this one with the same name, user.yaml for user.test.yaml.",
      ),
    references: z
      .record(z.string(), z.record(z.string(), z.string()))
      .default({})
      .describe("IDs in SCIM and the backend's references (DNs or foreign keys), by resource type."),
    cases: z
      .array(
        z.union([
          z.strictObject({
            name: caseName,
            read: json.describe("Entry with the backend's names and values."),
            resource: json.describe("Resource that the entry is read as, without meta and schemas."),
          }),
          z.strictObject({
            name: caseName,
            create: json.describe("SCIM resource as a client sends it."),
            entry: json.describe("Entry that is created for it."),
          }),
          z.strictObject({
            name: caseName,
            filter: z.string().describe("SCIM filter."),
            where: z.string().describe('Condition that is sent to the backend, such as: uid eq "ann".'),
            rest: z
              .string()
              .optional()
              .describe("Part of the filter that Postern evaluates itself. Omit it if there is none."),
          }),
          z.strictObject({
            name: caseName,
            patch: z.array(json).describe("Operations of a PATCH."),
            present: json.optional().describe("Current entry, if the change depends on it."),
            changes: z.array(z.string()).describe('Changes of the entry, such as: replace title "x".'),
          }),
        ]),
      )
      .min(1)
      .describe("Inputs and expected results. docs/guides/mapping-tests.md has an example of each kind."),
  })
  .meta({ title: "Postern mapping test" });

/** The tests in a mapping's test file. */
export type MappingTests = z.output<typeof mappingTestFormat>;
type Case = MappingTests["cases"][number];

/** The result of a test. */
export interface Outcome {
  readonly name: string;
  /** Why it failed; undefined if it passed. */
  readonly failure: string | undefined;
}

/** Runs a mapping's tests, assuming a backend that answers every condition exactly. */
export function runMappingTests(mapping: Mapping, tests: MappingTests): Promise<Outcome[]> {
  const references = referencesOf(tests.references);
  return Promise.all(
    tests.cases.map(async (each): Promise<Outcome> => {
      try {
        const { expected, actual } = await run(mapping, each, references);
        const agrees = isDeepStrictEqual(actual, expected);
        return { name: each.name, failure: agrees ? undefined : differenceText(expected, actual) };
      } catch (error) {
        return { name: each.name, failure: (error as Error).message };
      }
    }),
  );
}

function referencesOf(source: MappingTests["references"]): References {
  return {
    toReference: (target, id) => source[partsOfTarget(target).type]?.[id],
    toId: (target, reference) =>
      Object.entries(source[partsOfTarget(target).type] ?? {}).find(([, each]) => each === reference)?.[0],
  };
}

/** Runs one case. Gives what the case expects, and what comes out. Throws where the mapping refuses the case. */
export async function run(
  mapping: Mapping,
  each: Case,
  references: References,
): Promise<{ readonly expected: unknown; readonly actual: unknown }> {
  const reading = { references, location: (type: string, id: string) => `/${type}s/${id}` };
  const selection = select(mapping);
  if ("read" in each) {
    const { meta: _, schemas: __, ...resource } = await readEntry(selection, each.read as Entry, reading);
    return { expected: each.resource, actual: resource };
  }
  if ("create" in each) {
    const { resource } = readResource(each.create, mapping.type);
    return { expected: each.entry, actual: (await entryToCreate(mapping, resource, references)).entry };
  }
  if ("filter" in each) {
    const plan = planFilter(mapping, typedFilter(each.filter, mapping.type), () => "exact", references);
    const actual = {
      where: plan.where ? conditionText(plan.where) : "everything",
      rest: plan.rest && filterText(plan.rest, mapping.type),
    };
    return { expected: { where: each.where, rest: each.rest }, actual };
  }
  const operations = readPatch({ Operations: each.patch }, mapping.type);
  const direct = each.present ? undefined : directChanges(mapping, operations, references);
  const changes: Change[] = direct ?? (await readAndCompare((each.present ?? {}) as Entry));
  return { expected: each.changes, actual: changes.map(changeText) };

  async function readAndCompare(present: Entry): Promise<Change[]> {
    if (!each || !("patch" in each) || !each.present)
      throw new TypeError('this PATCH requires the current entry: add it as "present"');
    const current: Resource = await readEntry(selection, present, reading);
    const after = applyPatch(current, operations, mapping.type);
    return changesBetween(mapping, present, current, after, references, {
      emptied: "patch" in each ? "left" : "refilled",
    });
  }
}
