import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SourceValue } from "../directory.ts";
import { ExpressionError, evaluate, parseExpression, type Surroundings, type Value } from "./index.ts";

const surroundings = (given: Readonly<Record<string, SourceValue>>, random = Math.random): Surroundings => ({
  attribute: (name) => (Object.hasOwn(given, name) ? given[name] : undefined),
  now: new Date("2021-08-25T17:41:18.123Z"),
  random,
  defaultDomain: "contoso.com",
});

const resultOf = (text: string, given: Readonly<Record<string, SourceValue>> = {}, random?: () => number): Value =>
  evaluate(parseExpression(text), surroundings(given, random));

function errorOf(text: string, given: Readonly<Record<string, SourceValue>> = {}): ExpressionError {
  const expression = parseExpression(text);
  try {
    evaluate(expression, surroundings(given));
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`evaluated: ${text}`);
}

const texts = fc.string({ unit: fc.constantFrom(..."aAbBzé ,.-'ßİ1_\u0301") });
const positions = fc.integer({ min: 1, max: 12 });

describe("evaluating", () => {
  test("Left is Mid from the beginning, and Left and Mid together are the whole text", () => {
    fc.assert(
      fc.property(texts, fc.nat(12), (s, n) => {
        const left = resultOf(`Left([s], ${n})`, { s });
        expect(resultOf(`Mid([s], 1, ${n})`, { s })).toBe(left);
        expect(resultOf(`Append(Left([s], ${n}), Mid([s], ${n + 1}, 100))`, { s })).toBe(s);
      }),
    );
  });

  test("InStr gives the first position at which Mid has the text that was sought", () => {
    fc.assert(
      fc.property(texts, texts, positions, (s, sought, start) => {
        const given = { s, t: sought };
        const at = Number(resultOf(`InStr([s], [t], ${start})`, given));
        const has = (position: number) => resultOf(`Mid([s], ${position}, ${sought.length})`, given) === sought;
        const before = Array.from({ length: at === 0 ? s.length + 1 : at - 1 }, (_, index) => index + 1);
        if (at > 0) expect(has(at)).toBe(true);
        if (sought !== "") expect(before.filter((each) => each >= start && has(each))).toEqual([]);
      }),
    );
  });

  test("Join of what Split gives is the text again, where no value is empty or has blanks around it", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(words, (each) => {
        const s = each.join(",");
        expect(resultOf('Join(",", Split([s], ","))', { s })).toBe(s);
        expect(resultOf('Count(Split([s], ","))', { s })).toBe(String(each.length));
        expect(each.map((_, index) => resultOf(`Item(Split([s], ","), ${index + 1})`, { s }))).toEqual(each);
        expect(each.map((_, index) => resultOf(`Word([s], ${index + 1}, ",")`, { s }))).toEqual(each);
      }),
    );
  });

  test("PCase, ToLower and ToUpper differ from the text in case alone", () => {
    fc.assert(
      fc.property(texts, (s) => {
        const lower = resultOf("ToLower([s])", { s });
        expect(resultOf("ToLower(PCase([s]))", { s })).toBe(lower);
        expect(resultOf("ToLower(ToUpper([s]))", { s })).toBe(lower);
        expect(resultOf("PCase(PCase([s]))", { s })).toBe(resultOf("PCase([s])", { s }));
      }),
    );
  });

  test("NormalizeDiacritics twice is the same as once, and leaves ASCII alone", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary-ascii" }), (s, ascii) => {
        const once = resultOf("NormalizeDiacritics([s])", { s });
        expect(resultOf("NormalizeDiacritics([s])", { s: once ?? null })).toBe(once);
        expect(resultOf("NormalizeDiacritics([s])", { s: ascii })).toBe(ascii);
      }),
    );
  });

  test("a date goes to an Active Directory time stamp and back, and DateAdd and DateDiff are each other's inverse", () => {
    const dates = fc.date({ min: new Date("1700-01-01"), max: new Date("2500-01-01"), noInvalidDate: true });
    const intervals = fc.constantFrom("yyyy", "m", "ww", "d", "h", "n", "s");
    fc.assert(
      fc.property(dates, intervals, fc.integer({ min: -500, max: 500 }), (date, interval, count) => {
        const given = { date: date.toISOString(), interval };
        const text = resultOf("CDate([date])", given);
        expect(resultOf("DateFromNum(NumFromDate([date]))", given)).toBe(text);
        expect(resultOf('FormatDateTime(CDate([date]), , "M/d/yyyy h:mm:ss tt", "s")', given)).toBe(
          date.toISOString().slice(0, 19),
        );
        const there = `DateDiff([interval], CDate([date]), DateAdd([interval], ${count}, CDate([date])))`;
        expect(resultOf(there, given)).toBe(String(count));
      }),
    );
  });

  test("Replace of a text is Replace of the pattern that quotes it", () => {
    const plain = fc.string({ unit: fc.constantFrom(..."ab.*+?()[]{}^$|/-") });
    fc.assert(
      fc.property(
        plain,
        plain.filter((old) => old !== ""),
        fc.stringMatching(/^[a-z]*$/),
        (s, old, by) => {
          const given = { s, old, by, quoted: old.replace(/[.*+?()[\]{}^$|/-]/g, "\\$&") };
          const expected = s.replaceAll(old, () => by);
          expect(resultOf("Replace([s], [old], , , [by], , )", given)).toBe(expected);
          expect(resultOf("Replace([s], , [quoted], , [by], , )", given)).toBe(expected);
        },
      ),
    );
  });

  test("the same random numbers give the same GUID and the same random text, which has what was asked for", () => {
    const seeded = (seed: number) => {
      let state = seed;
      return () => {
        state = (state * 16_807) % 2_147_483_647;
        return state / 2_147_483_647;
      };
    };
    const counts = fc.tuple(fc.nat(5), fc.nat(5), fc.nat(5), fc.nat(5), fc.nat(20));
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 1e9 }), ([digits, specials, capitals, smalls, more], seed) => {
        const length = Math.max(1, digits + specials + capitals + smalls + more);
        const text = `RandomString(${length}, ${digits}, ${specials}, ${capitals}, ${smalls}, "lI0O")`;
        const made = String(resultOf(text, {}, seeded(seed)));
        expect(resultOf(text, {}, seeded(seed))).toBe(made);
        expect(resultOf("Guid()", {}, seeded(seed))).toBe(resultOf("Guid()", {}, seeded(seed)));
        const count = (pattern: RegExp) => made.match(pattern)?.length ?? 0;
        expect(made).toHaveLength(length);
        expect(count(/\d/g)).toBeGreaterThanOrEqual(digits);
        expect(count(/[^0-9A-Za-z]/g)).toBeGreaterThanOrEqual(specials);
        expect(count(/[A-Z]/g)).toBeGreaterThanOrEqual(capitals);
        expect(count(/[a-z]/g)).toBeGreaterThanOrEqual(smalls);
        expect(made).not.toMatch(/[lI0O]/);
      }),
    );
  });

  test("attributes become texts: numbers, booleans; null and no values at all are null", () => {
    const given = { number: 7, boolean: false, empty: [], none: null, list: ["a"] };
    const read = (name: string) => resultOf(`[${name}]`, given);
    expect(["number", "boolean", "empty", "none", "list", "toString"].map(read)).toEqual([
      "7",
      "False",
      undefined,
      undefined,
      ["a"],
      undefined,
    ]);
    expect(resultOf("ToUpper([list])", given)).toBe("A");
  });

  test("comparisons are of numbers and of dates where both sides are, else of texts with case", () => {
    const holds = (condition: string, given = {}) => resultOf(`CBool(${condition})`, given);
    expect(holds('"10" > "9"')).toBe("True");
    expect(holds('"b" > "a"')).toBe("True");
    expect(holds('"a" = "A"')).toBe("False");
    expect(holds('CDate("2021-11-01") > CDate("2021-09-01")')).toBe("True");
    expect(holds("Now() >= Now()")).toBe("True");
    expect(holds('[missing] <> "x"')).toBe("False");
  });

  test("a branch that is not taken is not evaluated", () => {
    expect(resultOf('IIF("a" = "a", "yes", CDate("no date"))')).toBe("yes");
    expect(resultOf('Switch("a", CDate("no date"), "a", "yes")')).toBe("yes");
    expect(resultOf('Coalesce("yes", CDate("no date"))')).toBe("yes");
  });

  test("an error says where", () => {
    const error = errorOf('Append("x", CDate([hired]))', { hired: "soon" });
    expect(error.message).toBe(`"soon" isn't a recognised date: use FormatDateTime to give its format`);
    expect(error.position).toBe(18);
    expect(errorOf("ToUpper([list])", { list: ["a", "b"] }).message).toBe("expected a single text, got 2 values");
    expect(errorOf('Left("x", "y")').message).toBe("expected an integer");
    expect(errorOf("ToLower(AppRoleAssignmentsComplex([r]))", { r: ["Admin"] }).message).toContain("got objects");
    expect(errorOf('ToLower("x", "no culture")').message).toBe(`"no culture" isn't a culture such as tr-TR`);
  });

  test("values, work and steps of regular expressions are bounded", () => {
    const a = "a".repeat(60_000);
    expect(errorOf("Append([a], [a])", { a }).message).toBe("a value can have at most 100000 characters");
    expect(errorOf('Replace([a], "a", , , "aa", , )', { a }).message).toBe(
      "a value can have at most 100000 characters",
    );
    const doubling = `${"Replace(".repeat(30)}"aa"${', "a", , , "aa", , )'.repeat(30)}`;
    expect(errorOf(doubling).message).toBe("a value can have at most 100000 characters");
    expect(errorOf(`Join("", ${Array(500).fill("[a]").join(", ")})`, { a }).message).toBe(
      "a value can have at most 100000 characters",
    );
    expect(errorOf(`Coalesce(${Array(100).fill("Split([a], [missing])").join(", ")})`, { a }).message).toBe(
      "the delimiter is empty",
    );
    const lists = Array(100).fill('Switch([a], , "x", "y")').join(", ");
    expect(errorOf(`Coalesce(${lists})`, { a }).message).toBe(
      "the expression takes too long: its values are too large",
    );
    expect(errorOf('Replace([a], , "a[ab]*c|a", , "b", , )', { a }).message).toBe(
      "the regular expression takes too long on a text of this length",
    );
    const patterns = Array.from({ length: 40 }, (_, index) => `Replace([b], , Append([p], "${index}"), , "", , )`);
    expect(errorOf(`Join("", ${patterns.join(", ")})`, { b: "b", p: "x{900}" }).message).toBe(
      "the regular expression takes too long on a text of this length",
    );
    expect(errorOf('Split([a], ",")', { a: ",".repeat(20_000) }).message).toBe("a value can have at most 10000 parts");
  });

  test("whatever the functions are given, there is a value or an ExpressionError", () => {
    const names = [
      "Append",
      "BitAnd",
      "DateAdd",
      "DateDiff",
      "FormatDateTime",
      "InStr",
      "Mid",
      "Word",
      "PCase",
      "Split",
    ];
    const calls = fc.tuple(fc.constantFrom(...names), fc.array(fc.constantFrom("[a]", "[b]", "[c]"), { maxLength: 4 }));
    const values = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("yyyy", "m", "d", "-1", "99999999", "12/31/9999 11:59:59 PM", "1/1/0001 12:00:00 AM", "dd'", "%"),
      fc.constant(null),
      fc.array(fc.string(), { maxLength: 2 }),
    );
    fc.assert(
      fc.property(calls, values, values, values, ([name, args], a, b, c) => {
        try {
          resultOf(`${name}(${args.join(", ")})`, { a, b, c });
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
