import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ScimError } from "./error.ts";
import { readResource } from "./input.ts";
import { readPatch } from "./operations.ts";
import { applyPatch } from "./patch.ts";
import { checkFilter, profileOf } from "./profile.ts";
import { builtInTypes, commonAttributes, type ResourceType } from "./schema.ts";

const user = builtInTypes.find(({ name }) => name === "User")!;
const isKept = () => true;
const inProfile = (type: ResourceType, defined = type): ResourceType => ({
  ...type,
  profile: profileOf({ profile: "interop" }, { type, defined }, isKept),
});
const interop = inProfile(user);
const PATCH = { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"] };

const outcome = <T>(work: () => T): T | string => {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    return `${error.status} ${error.scimType}`;
  }
};

const paths = [
  "title",
  "Title",
  "active",
  "name.givenName",
  "emails",
  'emails[type eq "work"]',
  'emails[type eq "work"].value',
  "emails.value",
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division",
  "shoeSize",
  "id",
  "",
  undefined,
  "emails[",
];
const values = [
  "text",
  "",
  "True",
  true,
  1,
  null,
  [],
  ["text"],
  [{ value: "a" }],
  { value: "a" },
  [{ value: "a", type: "work", primary: "true" }],
  { title: "T", active: "False" },
  { division: "D" },
  undefined,
];
const operation = fc.record({
  op: fc.constantFrom("add", "replace", "remove", "Add", "REMOVE"),
  path: fc.constantFrom(...paths),
  value: fc.constantFrom(...values),
});

describe("the interoperability profile", () => {
  test("what it lets pass means what it means on every other route, and nothing is let pass that others refuse", () =>
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 3 }), (Operations) => {
        const body = { ...PATCH, Operations };
        const held = outcome(() => readPatch(body, interop));
        if (typeof held !== "string") expect(held).toEqual(outcome(() => readPatch(body, user)));
      }),
      { numRuns: 2000 },
    ));

  test("each operation has a path and an exact name", () =>
    fc.assert(
      fc.property(operation, (each) => {
        const held = outcome(() => readPatch({ ...PATCH, Operations: [each] }, interop));
        const isRefused = !each.path || !["add", "replace", "remove"].includes(each.op);
        if (isRefused) expect(held).toBe("400 invalidSyntax");
      }),
    ));

  test("a replace of a complex attribute takes away what it leaves out, an add does not", () => {
    const resource = { name: { givenName: "A", familyName: "B" } };
    const patched = (op: string, type: ResourceType) => {
      const Operations = [{ op, path: "name", value: { givenName: "C" } }];
      return applyPatch(resource, readPatch({ ...PATCH, Operations }, type), type).name;
    };
    expect(patched("replace", interop)).toEqual({ givenName: "C" });
    expect(patched("add", interop)).toEqual({ givenName: "C", familyName: "B" });
    expect(patched("replace", user)).toEqual({ givenName: "C", familyName: "B" });
  });

  test("a filter in a path that finds several values is invalidFilter, and one that finds one is not", () => {
    const resource = {
      emails: [
        { value: "a", type: "work" },
        { value: "b", type: "work" },
        { value: "c", type: "home" },
      ],
    };
    const patched = (kind: string, type: ResourceType) => {
      const Operations = [{ op: "replace", path: `emails[type eq "${kind}"].value`, value: "z" }];
      return outcome(() => applyPatch(resource, readPatch({ ...PATCH, Operations }, type), type));
    };
    expect(patched("work", interop)).toBe("400 invalidFilter");
    expect(patched("home", interop)).toMatchObject({ emails: [{ value: "a" }, { value: "b" }, { value: "z" }] });
    expect(patched("work", user)).toMatchObject({ emails: [{ value: "z" }, { value: "z" }, { value: "c" }] });
  });

  test("what is readOnly is passed over in a body, whether it is shown or not", () => {
    const attributes = user.schema.attributes.filter(({ name }) => name !== "groups");
    const type = inProfile(user, { ...user, schema: { ...user.schema, attributes } });
    const body = { schemas: [user.schema.id], userName: "a", id: "x", meta: {}, groups: [{ value: "1", other: 2 }] };
    expect(readResource(body, type).resource).toEqual({ userName: "a" });
    expect(outcome(() => checkFilter('groups.value eq "1"', type))).toBe("400 invalidFilter");
  });

  test("a common attribute that the route does not keep is not there", () => {
    const profile = profileOf({ profile: "interop" }, { type: user, defined: user }, () => false);
    const type = { ...user, profile };
    const body = { schemas: [user.schema.id], userName: "a", externalId: "x" };
    expect(outcome(() => readResource(body, type))).toBe("400 invalidSyntax");
    expect(outcome(() => checkFilter('externalId eq "x"', type))).toBe("400 invalidFilter");
    expect(profile?.interop?.common.map(({ name }) => name)).toEqual(
      commonAttributes.filter(({ mutability }) => mutability === "readOnly").map(({ name }) => name),
    );
  });
});
