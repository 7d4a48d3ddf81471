import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileExpression } from "./compile.ts";

const evaluate = (source: string, input: unknown = {}) => compileExpression(source).evaluate(input);

describe("functions for mappings", () => {
  test.each([
    ['$ascii("Kåre Ødegård")', "Kare Odegard"],
    ['$ascii("Größe, Žižek, Łódź, Đặng")', "Grosse, Zizek, Lodz, Dang"],
    ['$ascii("日本 x")', " x"],
    ["$ascii(missing)", undefined],
    ['$accountName("ola.nordmann")', "ola.nordmann"],
    ['$accountName("Bjørn Åge [admin]/x@y")', "BjornAgeadminxy"],
    ['$accountName("a.very.long.name.of.more.than.twenty")', "a.very.long.name.of"],
    ['$accountName("a.very.long.name.of.more", "12")', "a.very.long.name.o12"],
    ['$accountName("山田")', "山田"],
    ['$accountName("山田", "2")', "山田2"],
    ['$accountName("José Ωmega")', "JoseΩmega"],
    ['$accountName("Team Inc.")', "TeamInc"],
    ['$accountName("@", "2")', undefined],
    [`$accountName("${"😀".repeat(40)}", "12")`, `${"😀".repeat(9)}12`],
    [`$shorten("${"😀".repeat(40)}", 65)`, "😀".repeat(32)],
    ["$accountName(missing)", undefined],
    ['$rdn("OU", "Sales")', "OU=Sales"],
    ['$rdn("OU", "R+D, \\"x\\"=1")', "OU=R\\2bD\\2c \\22x\\22\\3d1"],
    ['$rdn("OU", missing)', undefined],
  ])("%s", async (source, expected) => {
    expect(await evaluate(source)).toEqual(expected);
  });

  test("an account name never has what Windows refuses in one, whatever it is made of", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "grapheme" }).filter((each) => !/^\d*$/.test(each)),
        fc.nat({ max: 99 }),
        async (text, n) => {
          const name = (await evaluate("$accountName(text, $string(n))", { text, n })) as string | undefined;
          // Where nothing is left of a text a number alone would be anybody's name.
          if (name === undefined) return;
          expect(name).toMatch(/^[^"/\\[\]:;|=,+*?<>@\s]{1,20}$/);
          expect(name).not.toMatch(/^\.|\.$/);
          expect(name.isWellFormed()).toBe(true);
          expect(name).not.toBe(String(n));
        },
      ),
    );
  });

  test("a filter's or a change's reach is known from what an expression names, or may read of all", () => {
    expect(compileExpression("a & b.c").readsAll).toBe(false);
    for (const source of ["$", "$merge($)", "*", "a.**.b", "$$.a"])
      expect(compileExpression(source).readsAll).toBe(true);
  });
});
