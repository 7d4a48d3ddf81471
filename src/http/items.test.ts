import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { listAt, readItems } from "./items.ts";
import { createExactJson } from "./json.ts";

/** Reads a text in pieces of a size. */
function read(text: string, path: readonly string[], size: number) {
  const bytes = Buffer.from(text);
  const reader = readItems(path);
  const items: unknown[] = [];
  for (let at = 0; at < bytes.length; at += size) items.push(...reader.read(bytes.subarray(at, at + size)));
  return { items, around: reader.end() };
}

const item = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const name = fc.constantFrom("d", "results", "x", "y", "a b", "é");

describe("a list that is read item by item", () => {
  test("has the items, and the rest around it, that it has when it is read whole, in pieces of any size", () => {
    const path = fc.uniqueArray(name, { maxLength: 3 });
    const besides = fc.dictionary(fc.constantFrom("n", "m", "constructor"), item, { maxKeys: 2 });
    fc.assert(
      fc.property(path, fc.array(item), besides, fc.integer({ min: 1, max: 40 }), (path, items, besides, size) => {
        // What is called the same elsewhere is not the list.
        const inside = (list: unknown) =>
          path.reduceRight<unknown>((value, each) => ({ ...besides, [each]: value, z: [{ [each]: value }] }), list);
        const text = JSON.stringify(inside(items));
        const whole = createExactJson().parse(text);
        const there = listAt(whole, path) as unknown[];
        const found = read(text, path, size);
        expect(found.items).toEqual(there);
        there.splice(0);
        expect(found.around).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  test("is refused wherever it is cut off", () => {
    const text = JSON.stringify({ a: 1, list: [{ b: "x" }, [2], "é"], c: { list: [] } });
    const bytes = Buffer.from(text);
    for (let length = 0; length < bytes.length; length++) {
      const reader = readItems(["list"]);
      expect(() => {
        reader.read(bytes.subarray(0, length));
        reader.end();
      }, String(length)).toThrow();
    }
    expect(read(text, ["list"], 7).items).toEqual([{ b: "x" }, [2], "é"]);
  });

  test("is refused where it is no JSON, or goes on behind its end", () => {
    for (const text of ['{"list":[1,]}', '{"list":[1}', "<html>", '{"list":[]} x', '{"list":[]}{}'])
      expect(() => read(text, ["list"], 5), text).toThrow();
  });

  test("keeps ids that JavaScript would round as the text that they are", () => {
    const { items } = read('{"list":[{"id":12345678901234567890,"n":12,"f":1.5}]}', ["list"], 3);
    expect(items).toEqual([{ id: "12345678901234567890", n: 12, f: 1.5 }]);
  });
});
