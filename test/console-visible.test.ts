import fc from "fast-check";
import { expect, test } from "vitest";
import { isolated, visible } from "../web/texts/values.ts";

/** What people could be misled by: overrides, isolates, characters without width, controls and halves of characters. */
const MISLEADING =
  "\u202e\u202d\u2066\u2067\u2068\u2069\u200f\u061c\u200b\u2060\ufeff\u00ad\u0000\u001b\n\r\t\u2028\ud800";
const WORDS = ["ann", "אבג", "👩‍💻", "❤️", "می‌خواهم", "𐤀"];
const value = fc
  .array(
    fc.oneof(fc.constantFrom(...MISLEADING), fc.string({ unit: "binary", maxLength: 3 }), fc.constantFrom(...WORDS)),
  )
  .map((parts) => parts.join(""));

const FORMATTING = /[\p{Bidi_Control}\p{Cc}\p{Cs}\u2028\u2029]/u;
const HEBREW_OR_ARABIC = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Phoenician}]/u;

test("law: a value in a sentence hides nothing and reorders nothing around it", () => {
  fc.assert(
    fc.property(value, (given) => {
      const within = isolated(given).replace(/^\u2068(.*)\u2069$/s, "$1");
      expect(within).not.toMatch(FORMATTING);
      if (HEBREW_OR_ARABIC.test(within)) expect(isolated(given)).toBe(`\u2068${within}\u2069`);
      // The frame writes every text out again, which leaves a sentence as it is.
      expect(visible(isolated(given))).toBe(isolated(given));
      expect(visible(given).replace(/[\n\r\t\u2068\u2069]/g, "")).not.toMatch(FORMATTING);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["ann\u202egpj.exe", "ann⟨U+202E⟩gpj.exe"],
  ["a\u200bnn", "a⟨U+200B⟩nn"],
  ["👩‍💻 ❤️ é", "👩‍💻 ❤️ é"],
  ["two\nlines", "two⟨U+000A⟩lines"],
  ["می‌خواهم", "\u2068می‌خواهم\u2069"],
])("%j is %s in a sentence", (given, shown) => {
  expect(isolated(given)).toBe(shown);
});
