import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acceptedIn, withoutSecrets } from "./diagnostic.ts";

describe("a line that is shown", () => {
  test.each([
    ["password: hunter2", "password: *******"],
    ['  - { name: t, token: "abc def" }', '  - { name: t, token: "*******" }'],
    ["token: ${env:TOKEN}", "token: ${env:TOKEN}"],
    ["tls: { cert: a.pem, key: b.pem }", "tls: { cert: a.pem, key: b.pem }"],
    [`key: ${"k".repeat(32)}`, `key: ${"*".repeat(32)}`],
    ["password: { attr: userPassword }", "password: { attr: userPassword }"],
  ])("%s has its secrets masked", (line, shown) => expect(withoutSecrets(line)).toBe(shown));

  test("law: it is as long as it was, so that marks stand where they should", () => {
    const line = fc.string({ unit: fc.constantFrom(..."password: token{},\"' #x$[]key") });
    fc.assert(fc.property(line, (text) => withoutSecrets(text).length === text.length));
  });
});

describe("a warning", () => {
  const lines = [
    "# postern-accept other: far away",
    "a: 1",
    "# postern-accept odd: because",
    "# and more of a comment",
    "b: 2",
    "c: 3 # postern-accept odd: here",
    "d: 4 # postern-accept odd:",
  ];
  test.each([
    [5, "odd", "because"],
    [6, "odd", "here"],
    [5, "other", undefined],
    [2, "odd", undefined],
    [7, "odd", undefined],
  ])("in line %i, %s, is accepted for the reason %s", (line, code, reason) =>
    expect(acceptedIn(lines, line, code)).toBe(reason),
  );
});
