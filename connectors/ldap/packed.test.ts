import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Order, Scalar } from "../../src/connector/connector.ts";
import { comparePositions, type Position } from "../../src/connector/reference.ts";
import { createSorter, type Packed } from "./packed.ts";
import { sortKeysOf } from "./sort-key.ts";

const sorted = async (parts: readonly (readonly Buffer[])[]): Promise<Packed> => {
  const sorter = createSorter();
  for (const part of parts) sorter.add([...part]);
  return sorter.finish();
};
const all = (list: Packed) => list.slice(0, list.length());
const item = fc.uint8Array({ minLength: 1, maxLength: 9 }).map((bytes) => Buffer.from(bytes));

describe("a packed list", () => {
  test("holds what came in parts in its order, each once, and changes as a sorted array does", async () => {
    const change = fc.record({ op: fc.constantFrom("insert", "remove"), item });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(item)), fc.array(change), item, async (parts, changes, behind) => {
        const list = await sorted(parts);
        const model = new Map(parts.flat().map((each) => [each.toString("hex"), each]));
        for (const { op, item } of changes) {
          if (op === "insert") {
            list.insert(item);
            model.set(item.toString("hex"), item);
          } else {
            list.remove(item);
            model.delete(item.toString("hex"));
          }
        }
        const expected = [...model.values()].sort(Buffer.compare);
        expect(all(list)).toEqual(expected);
        expect(list.length()).toBe(expected.length);
        const index = list.upperBound(behind);
        expect(index).toBe(expected.filter((each) => Buffer.compare(each, behind) <= 0).length);
        expect(list.slice(index, 3)).toEqual(expected.slice(index, index + 3));
      }),
    );
  });

  test("of many thousands stays in order while it grows and shrinks", async () => {
    const key = (n: number) => Buffer.from(String((n * 7919) % 50_000).padStart(5, "0"));
    const list = await sorted([Array.from({ length: 20_000 }, (_, n) => key(n))]);
    for (let n = 20_000; n < 50_000; n++) list.insert(key(n));
    expect(list.length()).toBe(50_000);
    expect(all(list).map(String)).toEqual(Array.from({ length: 50_000 }, (_, n) => String(n).padStart(5, "0")));
    for (let n = 0; n < 50_000; n += 2) list.remove(key(n));
    expect(list.length()).toBe(25_000);
    expect(all(list)).toEqual(all(list).toSorted(Buffer.compare));
    // 17 bytes for a UUID and 4 for where it ends; here 5 and 4.
    expect(list.size()).toBe(25_000 * 9);
  });

  test("of nothing can be asked and added to", async () => {
    const list = await sorted([]);
    expect([list.length(), list.slice(0, 10), list.upperBound(Buffer.of(1))]).toEqual([0, [], 0]);
    list.remove(Buffer.of(1));
    list.insert(Buffer.of(1));
    expect(all(list)).toEqual([Buffer.of(1)]);
  });
});

describe("sort keys", () => {
  const uuid = fc.uuid().map((each) => each.toLowerCase());
  const text = fc.string({ unit: fc.constantFrom("a", "A", "z", "é", "É", "\0", "\u{1f600}", "\uffff", "ÿ", " ") });
  const values: Record<string, fc.Arbitrary<Scalar | undefined>> = {
    text: fc.option(text, { nil: undefined }),
    number: fc.option(
      fc.oneof(
        fc.integer(),
        fc.double({ noNaN: true }).filter((n) => !Object.is(n, -0)),
      ),
      { nil: undefined },
    ),
    boolean: fc.option(fc.boolean(), { nil: undefined }),
  };
  const orders: Omit<Order, "attr">[] = [
    { descending: false },
    { descending: true },
    { descending: false, caseExact: true },
    { descending: true, caseExact: true },
  ];
  const cases = orders.flatMap((order) => Object.keys(values).map((type) => ({ ...order, type })));

  test.each(cases)(
    "are in the order of the positions that they are of: $type, $descending, $caseExact",
    ({ type, ...order }) => {
      const { encode, keyOf, isSortKey } = sortKeysOf({ attr: "x", ...order }, false);
      const position: fc.Arbitrary<Position> = fc
        .tuple(uuid, values[type]!)
        .map(([key, value]) => ({ key, ...(value !== undefined && { value }) }));
      const compare = comparePositions(order);
      fc.assert(
        fc.property(position, position, (a, b) => {
          expect(Math.sign(Buffer.compare(encode(a), encode(b)))).toBe(Math.sign(compare(a, b)));
          expect(keyOf(encode(a))).toBe(a.key);
          expect(isSortKey(encode(a))).toBe(true);
        }),
      );
    },
  );

  test.each([false, true])("of keys alone are in the keys' order, descending %s", (descending) => {
    const { encode, keyOf, isSortKey } = sortKeysOf({ attr: "key", descending }, true);
    const keys = fc.oneof(
      fc.tuple(uuid, uuid),
      fc.tuple(text, text).filter((pair) => pair.every((each) => each !== "")),
    );
    fc.assert(
      fc.property(keys, ([a, b]) => {
        const compared = comparePositions({ descending: false })({ key: a }, { key: b });
        expect(Math.sign(Buffer.compare(encode({ key: a }), encode({ key: b })))).toBe(
          Math.sign(descending ? -compared : compared) + 0,
        );
        expect(keyOf(encode({ key: a }))).toBe(a);
        expect(isSortKey(encode({ key: a }))).toBe(true);
      }),
      { examples: [[["\0", "\0\0"]], [["a", "a\0"]], [["a", "a\u0001"]]] },
    );
  });

  test("take 17 bytes for a UUID, and for nsUniqueId", () => {
    const { encode, keyOf } = sortKeysOf({ attr: "key", descending: false }, true);
    for (const key of ["00112233-4455-6677-8899-aabbccddeeff", "00112233-44556677-8899aabb-ccddeeff"]) {
      expect(encode({ key }).length).toBe(17);
      expect(keyOf(encode({ key }))).toBe(key);
    }
  });

  test("are told from other bytes", () => {
    for (const isByKey of [true, false]) {
      const { isSortKey } = sortKeysOf({ attr: "key", descending: false }, isByKey);
      for (const bytes of [[], [1], [9, 9, 9], [8, 65], [255]]) expect(isSortKey(Buffer.from(bytes))).toBe(false);
    }
  });
});
