import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseNewest, compareAge, type Dated, dateInName, fitsPattern, isOlder } from "./choose.ts";

const file = fc.record({
  name: fc.constantFrom("a", "b", "c").map((name) => `${name}.csv`),
  bytes: fc.constant(1),
  modified: fc.integer({ min: 1, max: 5 }),
  dated: fc.option(fc.constantFrom("20240101000000", "20240102000000", "20240103000000"), { nil: undefined }),
}) as fc.Arbitrary<Dated>;

describe("the date in a name", () => {
  test.each([
    ["employees-2026-10-01.csv", "20261001000000"],
    ["staff_20261001_0430.csv", "20261001043000"],
    ["20261001T043015-hr.xlsx", "20261001043015"],
    ["hr.2026.10.01.csv", "20261001000000"],
    ["export-2026-13-01.csv", undefined],
    ["site-4711-20261001.csv", "20261001000000"],
    ["123456789012.csv", undefined],
    ["employees.csv", undefined],
  ])("of %s is %s", (name, date) => {
    expect(dateInName(name)).toBe(date);
  });
});

describe("the newest file", () => {
  const fits = fitsPattern("*.csv");

  test("is one than which none is newer, whatever order they come in, and is older than none", () => {
    fc.assert(
      fc.property(fc.uniqueArray(file, { minLength: 1, maxLength: 6, selector: ({ name }) => name }), (files) => {
        for (const newest of ["name", "modified", undefined] as const) {
          const chosen = chooseNewest(files, { fits, newest, done: undefined });
          expect(chooseNewest(files.toReversed(), { fits, newest, done: undefined })).toEqual(chosen);
          if (chosen && newest === "modified")
            for (const each of files) expect(chosen.modified).toBeGreaterThanOrEqual(each.modified);
        }
      }),
    );
  });

  test("is never one that is older: age is an order where all names have dates, or none has", () => {
    fc.assert(
      fc.property(file, file, file, fc.boolean(), (a, b, c, isDated) => {
        const [x, y, z] = [a, b, c].map((each) => ({
          ...each,
          dated: isDated ? (each.dated ?? "20240102000000") : undefined,
        })) as [Dated, Dated, Dated];
        expect(Math.sign(compareAge(x, y))).toBe(-Math.sign(compareAge(y, x)) + 0);
        if (compareAge(x, y) <= 0 && compareAge(y, z) <= 0) expect(compareAge(x, z)).toBeLessThanOrEqual(0);
        if (isOlder(x, y)) {
          expect(isOlder(y, x)).toBe(false);
          expect(compareAge(x, y)).toBeLessThan(0);
        }
      }),
    );
  });

  test("needs its companion where one is asked for, and is no companion itself", () => {
    const files = ["a.csv", "b.csv", "b.csv.done", "c.done", "c.csv.done.csv"].map((name, n) => ({
      name,
      bytes: 1,
      modified: n,
    }));
    expect(chooseNewest(files, { fits: fitsPattern("*"), newest: undefined, done: ".done" })?.name).toBe("b.csv");
    expect(chooseNewest(files.slice(0, 1), { fits, newest: undefined, done: ".done" })).toBeUndefined();
  });
});

describe("a pattern of names", () => {
  test.each([
    [
      "employees-*.csv",
      ["employees-1.csv", "employees-.csv"],
      ["xemployees-1.csv", "employees-1.csv.part", ".employees-1.csv"],
    ],
    ["a?.csv", ["ab.csv", "aé.csv"], ["a.csv", "abc.csv"]],
    ["a+(b).csv", ["a+(b).csv"], ["aab.csv"]],
  ])("%s fits what it says, and is no regular expression", (pattern, yes, no) => {
    for (const name of yes) expect(fitsPattern(pattern)(name), name).toBe(true);
    for (const name of no) expect(fitsPattern(pattern)(name), name).toBe(false);
  });

  test("of many stars ends soon", () => {
    expect(fitsPattern("*a*a*a*a*.csv")(`${"a".repeat(200)}.txt`)).toBe(false);
  });
});
