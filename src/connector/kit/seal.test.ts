import fc from "fast-check";
import { expect, test } from "vitest";
import { createSeal } from "./seal.ts";

const settings = { url: "https://api.example.com", auth: { token: "secret" } };

test("what is closed is opened by whoever has the same settings, and by nobody else", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const wellFormed = text.toWellFormed();
      const closed = createSeal(settings).close(wellFormed, "here");
      expect(createSeal(structuredClone(settings)).open(closed, "here")).toBe(wellFormed);
      expect(createSeal(settings).open(closed, "there")).toBeUndefined();
      expect(createSeal({ ...settings, auth: { token: "other" } }).open(closed, "here")).toBeUndefined();
    }),
  );
});

test("what was changed on its way is not opened", () => {
  const seal = createSeal(settings);
  const bytes = Buffer.from(seal.close("/users?from=10", "here"), "base64url");
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(bytes);
      changed[at]! ^= change;
      expect(seal.open(changed.toString("base64url"), "here")).toBeUndefined();
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(seal.open(text, "here")).toBeUndefined();
    }),
  );
});
