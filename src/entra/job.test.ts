import { expect, test } from "vitest";
import { DEFAULT_JOB_SCHEMA } from "./default-job.ts";
import { expressionText } from "./expression/index.ts";
import { compileJob, JobError } from "./job.ts";

const user = (...attributeMappings: object[]) => ({
  sourceObjectName: "User",
  targetObjectName: "urn:ietf:params:scim:schemas:core:2.0:User",
  attributeMappings: [
    { targetAttributeName: "userName", matchingPriority: 1, source: { name: "mail" } },
    ...attributeMappings,
  ],
});
const schema = (...objectMappings: object[]) => ({ synchronizationRules: [{ objectMappings }] });
const flowOf = (mapping: object) => compileJob(schema(user(mapping))).flows[0]!.values.at(-1)!;

test("the default job provisions users by userName and groups by displayName, with manager and members as references", () => {
  const { flows } = compileJob(DEFAULT_JOB_SCHEMA);
  const told = flows.map(({ type, endpoint, matching, references }) => ({
    type,
    endpoint,
    matching: matching.map(({ target }) => target.text),
    references: references.map(({ target }) => target.attribute),
  }));
  expect(told).toEqual([
    { type: "User", endpoint: "/Users", matching: ["userName"], references: ["manager"] },
    { type: "Group", endpoint: "/Groups", matching: ["displayName"], references: ["members"] },
  ]);
});

test.each([
  [{ type: "Attribute", name: "jobTitle", expression: "[ignored]" }, "[jobTitle]"],
  [{ type: "Constant", name: 'a "b" \\ c' }, '"a \\"b\\" \\\\ c"'],
  [{ type: "Function", expression: "ToUpper([jobTitle])" }, "ToUpper([jobTitle])"],
  [{ name: "jobTitle" }, "[jobTitle]"],
])("a source is read in each of its forms: %j", (source, text) => {
  expect(expressionText(flowOf({ targetAttributeName: "title", source }).source!)).toBe(text);
});

test("nulls, as an export has them, are what is missing", () => {
  const flow = flowOf({
    targetAttributeName: "title",
    flowType: null,
    flowBehavior: null,
    defaultValue: null,
    source: null,
  });
  expect(flow).toMatchObject({ isForCreationOnly: false, isAlwaysSent: false });
  expect(flow.defaultValue).toBeUndefined();
});

test("an expression that leaves an empty attribute out leaves its default out, too", () => {
  const withDefault = (expression: string) =>
    flowOf({ targetAttributeName: "title", defaultValue: "Staff", source: { expression } }).defaultValue;
  expect(withDefault("[jobTitle]")).toBe("Staff");
  expect(withDefault("IgnoreFlowIfNullOrEmpty([jobTitle])")).toBeUndefined();
});

test.each([
  ["no rule", { synchronizationRules: [] }, "this is not a job's schema: synchronizationRules"],
  ["no matching attribute", schema({ ...user(), attributeMappings: [] }), "has no matching attribute"],
  [
    "an unknown function",
    schema(user({ targetAttributeName: "title", source: { expression: "Joinn([a])" } })),
    "attribute title: there is no function",
  ],
  [
    "a function without its text",
    schema(user({ targetAttributeName: "title", source: { type: "Function", name: "Append" } })),
    "the function Append has no expression",
  ],
  [
    "a path that is none",
    schema(user({ targetAttributeName: "emails[", source: { name: "mail" } })),
    "attribute emails[",
  ],
  [
    "the same place twice",
    schema(user({ targetAttributeName: "UserName", source: { name: "mail" } })),
    "mapped to the same attribute",
  ],
  [
    "a list as a whole and by its parts",
    schema(user({ targetAttributeName: "emails" }, { targetAttributeName: 'emails[type eq "work"].value' })),
    "mapped to the same attribute",
  ],
  ["two mappings of users", schema(user(), user()), "several mappings of User are enabled"],
  [
    "objects of another kind",
    schema({ ...user(), sourceObjectName: "Device" }),
    'objects of "Device" are not supported',
  ],
  [
    "an operator that Entra does not have",
    schema({ ...user(), scope: { groups: [{ clauses: [{ operatorName: "EQUALZ", sourceOperandName: "a" }] }] } }),
    'the mapping of User: the scoping filter on a: unknown operator "EQUALZ"',
  ],
])("a schema with %s is refused with its place", (_, given, message) => {
  expect(() => compileJob(given)).toThrow(JobError);
  expect(() => compileJob(given)).toThrow(message);
});
