import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeDnValue } from "../../src/connector/kit/text.ts";
import { dnKey, firstRdn, isUnder, parentOf, rdnsOf } from "./dn.ts";

const value = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom("\\", ",", " ", "+", "#", '"', ";", "=", "5", "c", "a"),
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    ),
    minLength: 1,
  })
  .filter((each) => each.isWellFormed());

describe("distinguished names", () => {
  test("drawn: a value that is escaped is read as it was, whatever is in it", () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        const dn = `uid=${escapeDnValue(one)},ou=${escapeDnValue(other)},dc=x`;
        expect(firstRdn(dn)).toEqual({ type: "uid", value: one });
        expect(rdnsOf(dn)).toHaveLength(3);
        expect(firstRdn(parentOf(dn))).toEqual({ type: "ou", value: other });
        expect(dnKey(dnKey(dn))).toBe(dnKey(dn));
        expect(isUnder(dn, parentOf(dn))).toBe(true);
        expect(isUnder(dn, dn)).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ["uid=back\\\\slash,dc=x", "back\\slash"],
    ["uid=back\\5Cslash,dc=x", "back\\slash"],
    ["uid=a\\, b,dc=x", "a, b"],
    ["cn=Kim\\ ,dc=x", "Kim "],
    ["cn= Kim  ,dc=x", "Kim"],
    ["cn=Kim\\\\ ,dc=x", "Kim\\"],
    ["cn=\\C3\\A9,dc=x", "é"],
  ])("%s is called %s", (dn, name) => expect(firstRdn(dn)?.value).toBe(name));

  test.each([
    ["uid=Ann,dc=x", "UID=ann, DC=X"],
    ["uid=svc-\u00e9,dc=x", "uid=svc-e\u0301,dc=x"],
    ["uid=svc-x,dc=x", "uid=\uff53\uff56\uff43-\uff58,dc=x"],
  ])("%s and %s are one", (one, other) => expect(dnKey(one)).toBe(dnKey(other)));
});
