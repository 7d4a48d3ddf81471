import fc from "fast-check";
import { expect, test } from "vitest";
import { cutOf } from "./cut.ts";

test("pages of a list of any length have each row once, and are as few as they can be: none is empty but an empty list's", () =>
  fc.assert(
    fc.asyncProperty(fc.nat(40), fc.integer({ min: 1, max: 12 }), async (count, limit) => {
      const all = Array.from({ length: count }, (_, index) => index);
      const pages: (readonly number[])[] = [];
      for (let after: number | undefined = -1; after !== undefined; ) {
        const behind: number = after;
        const { rows, last } = await cutOf(limit, (most) => all.filter((each) => each > behind).slice(0, most));
        pages.push(rows);
        after = last;
      }
      expect(pages.flat()).toEqual(all);
      expect(pages.length).toBe(Math.max(1, Math.ceil(count / limit)));
    }),
  ));
