import { afterEach, describe, expect, test, vi } from "vitest";
import { compileExpression, ExpressionError } from "./compile.ts";

describe("an expression that fails", () => {
  const secret = "SECRET-CC-77";
  const cases: [string, unknown][] = [
    ["$number(cost)", { cost: secret }],
    ["$toMillis(cost)", { cost: secret }],
    ["$decodeUrl(cost)", { cost: `%${secret}` }],
    ["cost < limit", { cost: secret, limit: 4711.5 }],
    ["list^(cost)", { list: [{ cost: secret }, { cost: 4711.5 }] }],
    ["{ list.cost: 1 }", { list: [{ cost: 4711.5 }] }],
    ["-cost", { cost: secret }],
    ["$sqrt(cost)", { cost: -4711.5 }],
    ["cost + 1", { cost: secret }],
    ["$power(cost, 0.5)", { cost: -4711.5 }],
  ];
  test.each(cases)("%s says why, and not on which value", async (source, input) => {
    const failure = await compileExpression(source)
      .evaluate(input)
      .then(
        () => undefined,
        (error) => error,
      );
    expect(failure).toBeInstanceOf(ExpressionError);
    expect(failure.message).toContain(JSON.stringify(source));
    expect(failure.message).not.toMatch(/SECRET|4711/);
    // The same on the thread, on which large inputs are evaluated.
    const large = await compileExpression(`($x := $count(more); ${source})`)
      .evaluate({ ...(input as object), more: Array.from({ length: 5000 }, () => 1) })
      .then(
        () => undefined,
        (error) => error,
      );
    expect(large).toBeInstanceOf(ExpressionError);
    expect(large.message).not.toMatch(/SECRET|4711/);
  });

  test("says what it says by $error itself", async () => {
    await expect(compileExpression('$error("no such site: " & site)').evaluate({ site: "x" })).rejects.toThrow(
      "no such site: x",
    );
  });
});

test("an object of a hundred properties can be written out, and what calls itself for ever is ended", async () => {
  const wide = `{ ${Array.from({ length: 100 }, (_, n) => `"p${n}": [a.b${n}, c][0]`).join(", ")} }`;
  const found = (await compileExpression(wide).evaluate({ c: 1 })) as object;
  expect(Object.keys(found)).toHaveLength(100);
  for (const endless of [
    "($f := function($x) { 1 + $f($x) }; $f(0))",
    "($f := function($x) { [$f($x), $f($x)] }; $f(0))",
  ])
    await expect(compileExpression(endless).evaluate({})).rejects.toThrow(/Stack overflow|exceeded its time limit/);
});

afterEach(() => {
  vi.restoreAllMocks();
});

test("waiting for a processor on a busy machine doesn't count as the expression's time", async () => {
  const real = Date.now;
  let asked = 0;
  // The clock goes on by ten seconds in the midst of an evaluation that takes no time.
  vi.spyOn(Date, "now").mockImplementation(() => real() + (++asked > 5 ? 10_000 : 0));
  expect(await compileExpression("$sum([1..100].($ + 1))").evaluate({})).toBe(5150);
  expect(asked).toBeGreaterThan(5);
});

test("many evaluations at once take no time of each other's, and one that fails fails alone", async () => {
  const slow = compileExpression("$sum($map([1..1000], function($n) { $n + more }))");
  const wrong = compileExpression("$error('no')");
  const all = await Promise.allSettled(
    Array.from({ length: 100 }, (_, n) => (n % 10 === 3 ? wrong.evaluate({}) : slow.evaluate({ more: n }))),
  );
  expect(all.map(({ status }) => status === "rejected")).toEqual(all.map((_, n) => n % 10 === 3));
  expect(all[0]).toMatchObject({ value: 500_500 });
});
