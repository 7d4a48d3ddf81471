import { describe, expect, test } from "vitest";
import { readPatch } from "./operations.ts";
import { applyPatch } from "./patch.ts";
import { builtInTypes, ENTERPRISE_USER, type Resource } from "./schema.ts";

const [user] = builtInTypes;
const patch = (resource: Resource, ...Operations: object[]) =>
  applyPatch(resource, readPatch({ Operations }, user!), user!);
const work = { type: "work", value: "w@x" };
const home = { type: "home", value: "h@x", primary: true };

describe("PATCH", () => {
  test.each<[string, Resource, object, Resource]>([
    ["sets a single value", {}, { op: "Add", path: "title", value: "T" }, { title: "T" }],
    [
      "names attributes without regard to case",
      {},
      { op: "REPLACE", path: "Name.FamilyName", value: "F" },
      { name: { familyName: "F" } },
    ],
    ["takes a value that comes wrapped", {}, { op: "Add", path: "title", value: [{ value: "T" }] }, { title: "T" }],
    [
      "takes booleans that come as text",
      { active: true },
      { op: "Replace", path: "active", value: "False" },
      { active: false },
    ],
    ["clears by an empty text", { title: "T" }, { op: "Replace", path: "title", value: "" }, {}],
    ["clears by null", { title: "T", userName: "u" }, { op: "replace", value: { title: null } }, { userName: "u" }],
    ["removes what is not there", {}, { op: "Remove", path: "title" }, {}],
    [
      "merges a complex value",
      { name: { givenName: "G" } },
      { op: "replace", path: "name", value: { familyName: "F" } },
      { name: { givenName: "G", familyName: "F" } },
    ],
    [
      "takes dotted names and URNs as keys",
      {},
      { op: "add", value: { "name.givenName": "G", [`${ENTERPRISE_USER}:department`]: "D" } },
      { name: { givenName: "G" }, [ENTERPRISE_USER]: { department: "D" } },
    ],
    [
      "takes an extension as an object",
      {},
      { op: "add", value: { [ENTERPRISE_USER]: { department: "D" } } },
      { [ENTERPRISE_USER]: { department: "D" } },
    ],
    [
      "takes a manager as text",
      {},
      { op: "Add", path: `${ENTERPRISE_USER}:manager`, value: "7" },
      { [ENTERPRISE_USER]: { manager: { value: "7" } } },
    ],
    [
      "takes a manager as a list",
      {},
      { op: "Add", path: `${ENTERPRISE_USER}:manager`, value: [{ value: "7" }] },
      { [ENTERPRISE_USER]: { manager: { value: "7" } } },
    ],
    [
      "removes a manager by an empty value",
      { [ENTERPRISE_USER]: { manager: { value: "7" } } },
      { op: "Replace", path: `${ENTERPRISE_USER}:manager`, value: { value: "" } },
      {},
    ],
    [
      "removes an extension's attributes",
      { [ENTERPRISE_USER]: { department: "D" } },
      { op: "remove", path: ENTERPRISE_USER },
      {},
    ],
    [
      "makes the element that a selector asks for",
      {},
      { op: "Add", path: 'emails[type eq "work"].value', value: "w@x" },
      { emails: [work] },
    ],
    [
      "changes the element that a selector names",
      { emails: [work, home] },
      { op: "replace", path: 'emails[type eq "work"].value', value: "n@x" },
      { emails: [{ type: "work", value: "n@x" }, home] },
    ],
    [
      "moves primary",
      { emails: [work, home] },
      { op: "add", path: "emails", value: { value: "o@x", primary: true } },
      { emails: [work, { ...home, primary: false }, { value: "o@x", primary: true }] },
    ],
    [
      "adds no duplicates",
      { emails: [work] },
      { op: "add", path: "emails", value: [{ value: "w@x" }] },
      { emails: [work] },
    ],
    [
      "removes the elements that it names",
      { emails: [work, home] },
      { op: "Remove", path: "emails", value: [{ value: "w@x" }] },
      { emails: [home] },
    ],
    [
      "removes by a selector",
      { emails: [work, home] },
      { op: "remove", path: 'emails[type eq "work"]' },
      { emails: [home] },
    ],
    ["removes all", { emails: [work, home] }, { op: "remove", path: "emails" }, {}],
    [
      "makes a role by primary, compared with text",
      {},
      { op: "Replace", path: 'roles[primary eq "True"].value', value: "R" },
      { roles: [{ primary: true, value: "R" }] },
    ],
  ])("%s", (_, before, operation, after) => expect(patch(before, operation)).toEqual(after));

  test.each<[string, object, string]>([
    ["a path that no schema has", { op: "add", path: "shoeSize", value: 1 }, "invalidPath"],
    ["a readOnly attribute", { op: "replace", path: "groups", value: [] }, "mutability"],
    ["a remove without a path", { op: "remove" }, "noTarget"],
    [
      "a selector from which nothing can be made",
      { op: "replace", path: 'emails[type sw "w"].value', value: "x" },
      "noTarget",
    ],
    ["an unknown operation", { op: "move", path: "title" }, "invalidSyntax"],
    ["a value of the wrong type", { op: "add", path: "active", value: "maybe" }, "invalidValue"],
  ])("%s is refused", (_, operation, scimType) => {
    expect(() => patch({}, operation)).toThrow(expect.objectContaining({ status: 400, scimType }));
  });

  test("leaves the resource that it was given as it is, and gives the same when repeated", () => {
    const before = { emails: [work] };
    const once = patch(before, { op: "add", path: "emails", value: [home] });
    expect(before).toEqual({ emails: [work] });
    expect(patch(once, { op: "add", path: "emails", value: [home] })).toEqual(once);
  });
});
