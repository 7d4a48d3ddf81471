import fc from "fast-check";
import { expect, test } from "vitest";
import { checkExpected } from "./reference.ts";

test("what is expected of an entry is told by its text, as a client sends it: of numbers, booleans and text alike", () => {
  const scalar = fc.oneof(
    fc.integer(),
    fc.boolean(),
    fc.string(),
    fc.constantFrom(0, "0", "", 2 ** 53, "9007199254740993"),
  );
  fc.assert(
    fc.property(scalar, scalar, (held, other) => {
      expect(() => checkExpected({ version: held }, { version: String(held) })).not.toThrow();
      expect(() => checkExpected({ version: held }, { version: held })).not.toThrow();
      if (String(held) !== String(other))
        expect(() => checkExpected({ version: held }, { version: other })).toThrow('"version" is no longer');
    }),
  );
  expect(() => checkExpected({}, { version: "undefined" })).toThrow('"version" is no longer');
});
