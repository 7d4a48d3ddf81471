import { describe, expect, test } from "vitest";
import { readPatch } from "../scim/operations.ts";
import { builtInTypes, type Resource } from "../scim/schema.ts";
import { directChanges } from "./changes.ts";
import { compileMapping } from "./compile.ts";
import { mappingFormat } from "./format.ts";
import { unmappedIn, unmappedInOperations } from "./unmapped.ts";

const compiled = (attributes: object, more: object = {}) => {
  const source = { resource: "User", kind: "user", unmapped: "reject", ...more };
  const rows = { id: { attr: "key", readOnly: true }, userName: "login", ...attributes };
  const { mapping, problems } = compileMapping(mappingFormat.parse({ ...source, attributes: rows }), builtInTypes);
  expect(problems).toEqual([]);
  return mapping!;
};
const mapping = compiled({
  "name.familyName": "sn",
  "name.formatted": { attr: "cn", readOnly: true },
  'emails[type eq "work"].value': "mail",
  'emails[type eq "home"].value': "home",
  'emails[type eq "home"].display': "homeName",
  'emails[type eq "other"].value': { attr: "proxies", many: true },
});
const work = { type: "work", value: "a" };

describe("what no row of a mapping takes", () => {
  test.each<[what: string, resource: Resource, names: string[]]>([
    ["an attribute", { title: "T" }, ["title"]],
    ["a value of a type without a row", { emails: [{ type: "sms", value: "a" }] }, ["emails"]],
    ["a value without the part that there is a row for", { emails: [{ type: "work", display: "D" }] }, ["emails"]],
    ["a second value for one place", { emails: [work, { ...work, value: "b" }] }, ["emails"]],
    ["a part of a value", { emails: [{ ...work, display: "D" }] }, ["emails.display"]],
    ["a part of a complex attribute", { name: { familyName: "A", middleName: "B" } }, ["name.middleName"]],
    ["nothing of the same value twice", { emails: [work, { ...work }] }, []],
    [
      "nothing of many values, where each is one",
      { emails: ["a", "b"].map((value) => ({ type: "other", value })) },
      [],
    ],
    ["nothing of parts that have a row", { emails: [{ type: "home", value: "a", display: "D" }] }, []],
    ["nothing of what is only read, or marks", { name: { formatted: "A" }, emails: [{ ...work, primary: true }] }, []],
  ])("is %s", (_, resource, names) => {
    expect(unmappedIn(mapping, resource)).toEqual(names);
    expect(unmappedIn(mapping, resource, resource)).not.toContain("emails.display");
  });

  test("is found in long lists without holding each value against each", () => {
    const many = (type: string) =>
      Array.from({ length: 20_000 }, (_, n) => ({ type, value: `${n}`, display: `D${n}` }));
    const resource = { emails: [...many("other"), ...many("sms")] };
    const started = performance.now();
    expect(unmappedIn(mapping, resource, structuredClone(resource))).toEqual([]);
    expect(performance.now() - started).toBeLessThan(10_000);
  }, 60_000);

  test("is nothing of an attribute that an expression may read", () => {
    const resource = { name: { familyName: "A", middleName: "B" } };
    const row = { "name.familyName": "sn" };
    for (const more of [{ create: { initials: "name.middleName" } }, { write: { initials: "name.middleName" } }])
      expect(unmappedIn(compiled(row, more), resource)).toEqual([]);
  });

  test.each([
    [{ op: "replace", path: "emails", value: [{ ...work, display: "D" }] }, ["emails.display"]],
    [{ op: "replace", path: 'emails[type eq "work"].display', value: "D" }, ["emails.display"]],
    [{ op: "add", path: "name.middleName", value: "B" }, ["name.middleName"]],
    [{ op: "replace", path: "emails", value: [{ type: "sms", value: "a" }] }, ["emails"]],
  ])("of %j is not lost on the direct way either", (operation, names) => {
    const operations = readPatch({ Operations: [operation] }, mapping.type);
    expect(unmappedInOperations(mapping, operations)).toEqual(names);
    const references = { toReference: () => undefined, toId: () => undefined };
    expect(directChanges(mapping, operations, references)).toBeUndefined();
    expect(directChanges({ ...mapping, unmapped: "ignore" }, operations, references)).toBeDefined();
  });
});
