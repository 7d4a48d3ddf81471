import { PresenceFilter } from "ldapts";
import { describe, expect, test } from "vitest";
import { renaming } from "./changes.ts";
import { checkNames, nameOf } from "./naming.ts";

describe("the name of a new entry", () => {
  test("is the value of the naming attribute, in whatever case it is written", () => {
    expect(nameOf({ rdn: "CN" }, { cn: ["Ann", "Anna"] })).toBe("Ann");
  });

  test.each([[{}], [{ surname: "" }], [{ surname: [] }]])("cannot be empty: %j", (entry) => {
    expect(() => nameOf({ rdn: "surname" }, entry)).toThrow('"surname" names the entry and needs a value.');
  });
});

describe("a kind whose mapping gives new entries no name", () => {
  const check = (attrs: readonly string[]) =>
    checkNames(
      new Map([["user", { rdn: "surname" }]]),
      new Map([["user", { writes: [], lists: [], unique: [], creates: [{ mapping: "user.yaml", attrs }] }]]),
      ["uid", "cn"],
    );

  test("is refused, with the mapping and an attribute that would do", () => {
    expect(() => check(["mail", "cn", "objectClass"])).toThrow(
      '"surname" names the entries of user, but user.yaml does not set it for new ones: map it in a row or in `create`, or choose another rdn, such as cn',
    );
  });

  test("is taken where the mapping gives the name, or creates nothing", () => {
    check(["Surname", "objectClass"]);
    check(["mail"]);
  });
});

test("an entry is not renamed to nothing", () => {
  const kind = {
    base: "dc=x",
    filter: new PresenceFilter({ attribute: "objectClass" }),
    rdn: "uid",
    key: "entryUUID",
    placeholder: undefined,
  };
  expect(() => renaming(kind, "uid=ann,dc=x", [{ op: "replace", attr: "uid", values: [""] }])).toThrow(
    '"uid" names the entry and cannot be removed.',
  );
});
