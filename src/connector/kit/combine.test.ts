import fc from "fast-check";
import { expect, test } from "vitest";
import { type Change, type Entry, valuesOf } from "../connector.ts";
import { applyChanges } from "../reference.ts";
import { combined } from "./combine.ts";

const values = fc.array(fc.constantFrom("a", "b", "c", 1), { maxLength: 4 });
const change = fc.record({ op: fc.constantFrom("add", "delete", "replace"), attr: fc.constantFrom("x", "y"), values });

test("changes that are combined come to the same, in whatever order they are made", () => {
  fc.assert(
    fc.property(fc.array(change as fc.Arbitrary<Change>, { maxLength: 6 }), values, (changes, there) => {
      const entry: Entry = applyChanges({}, [{ op: "add", attr: "x", values: there }]);
      const held = (result: Entry) => ["x", "y"].map((attr) => new Set(valuesOf(result, attr)));
      const wanted = held(applyChanges(entry, changes));
      const together = combined(changes);
      expect(held(applyChanges(entry, together))).toEqual(wanted);
      expect(held(applyChanges(entry, together.toReversed()))).toEqual(wanted);
    }),
    { numRuns: 2000 },
  );
});

test("changes of an attribute that is swapped stay as they are", () => {
  const changes: Change[] = [
    { op: "add", attr: "x", values: ["a"] },
    { op: "swap", attr: "x", from: "a", to: "b" },
  ];
  expect(combined(changes)).toEqual(changes);
});
