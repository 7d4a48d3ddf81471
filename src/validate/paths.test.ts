import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resourceOf, valueAt } from "./paths.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATHS = [
  "userName",
  "name.givenName",
  "name.familyName",
  'emails[type eq "work"].value',
  'emails[type eq "home"].value',
  'emails[type eq "work"].primary',
  'roles[primary eq "True"].value',
  `${ENTERPRISE}:department`,
  "urn:example:params:extension:Acme:2.0:User:badge.number",
];

describe("values by their paths", () => {
  test("a resource that is made of values has each of them at its path", () => {
    const values = fc.uniqueArray(fc.tuple(fc.constantFrom(...PATHS), fc.string({ minLength: 1 })), {
      selector: ([path]) => path,
    });
    fc.assert(
      fc.property(values, (given) => {
        const resource = resourceOf(given);
        for (const [path, value] of given) expect(valueAt(resource, path)).toBe(value);
        const others = PATHS.filter((path) => !given.some(([each]) => each === path));
        for (const path of others) expect(valueAt(resource, path)).toBeUndefined();
      }),
    );
  });

  test("values of one element stand in one element, with what selects it as text, as Entra sends it", () => {
    expect(
      resourceOf([
        ['roles[primary eq "True"].value', "admin"],
        ['roles[primary eq "True"].display', "Administrator"],
      ]),
    ).toEqual({ roles: [{ primary: "True", value: "admin", display: "Administrator" }] });
  });

  test("truth values select elements as text and as they are; what is not there is undefined, whatever comes", () => {
    const path = 'roles[primary eq "True"].value';
    expect(valueAt({ roles: [{ value: "a" }, { primary: true, value: "b" }] }, path)).toBe("b");
    for (const odd of [undefined, null, 7, "text", [], { roles: "x" }, { roles: [null] }, { roles: {} }])
      expect(valueAt(odd, path)).toBeUndefined();
  });
});
