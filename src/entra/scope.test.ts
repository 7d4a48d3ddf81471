import { expect, test } from "vitest";
import type { SourceValue } from "./directory.ts";
import { compileScope, passes } from "./scope.ts";

const scope = (operatorName: string, ...values: string[]) =>
  compileScope([{ name: "f", clauses: [{ operatorName, sourceOperandName: "a", targetOperand: { values } }] }]);
const holds = (value: SourceValue | undefined, operator: string, ...values: string[]) =>
  passes(scope(operator, ...values), () => value).passed;

const CASES: readonly [value: SourceValue, operator: string, operand: string[], holds: boolean][] = [
  ["Sales", "EQUALS", ["Sales"], true],
  ["sales", "EQUALS", ["Sales"], false],
  ["Sales", "EQUALS", ["HR", "Sales"], true],
  ["Sales", "NOT EQUALS", ["HR", "Sales"], false],
  ["Sales", "NOT EQUALS", ["HR"], true],
  ["Sales", "INCLUDES", ["ale"], true],
  ["Sales", "INCLUDES", ["ALE"], false],
  ["Sales", "ENDS_WITH", ["les"], true],
  ["Sales", "ENDS_WITH", ["Sal"], false],
  [true, "IS TRUE", [], true],
  [true, "IS FALSE", [], false],
  ["False", "IS FALSE", [], true],
  ["x", "IS NOT NULL", [], true],
  ["x", "IS NULL", [], false],
  [10, "Greater_Than", ["9"], true],
  ["10", "Greater_Than", ["10"], false],
  ["10", "Greater_Than_OR_EQUALS", ["10"], true],
  ["ten", "Greater_Than", ["9"], false],
  [6, "&", ["2"], true],
  [4, "&", ["2"], false],
  [4, "!&", ["2"], true],
  [6, "!&", ["2"], false],
  ["ann@contoso.example", "REGEX MATCH", ["@contoso\\."], true],
  ["ann@contoso.example", "NOT REGEX MATCH", ["@contoso\\."], false],
  ["ann@fabrikam.example", "NOT REGEX MATCH", ["@contoso\\."], true],
];

test.each(CASES)("%j %s %j: %s", (value, operator, operand, expected) => {
  expect(holds(value, operator, ...operand)).toBe(expected);
});

test.each(CASES.filter(([, operator]) => operator !== "IS NULL"))(
  "no value meets nothing but IS NULL: not %j's %s %j",
  (_, operator, operand) => {
    for (const nothing of [undefined, null, "", ["a"]] as const) {
      expect(holds(nothing, operator, ...operand)).toBe(false);
      expect(holds(nothing, "IS NULL")).toBe(true);
    }
  },
);

test("clauses of a group must all hold, groups are alternatives, and two clauses on one attribute are told as one", () => {
  const clause = (sourceOperandName: string, ...values: string[]) => ({
    operatorName: "EQUALS",
    sourceOperandName,
    targetOperand: { values },
  });
  const groups = compileScope([
    { name: "both", clauses: [clause("a", "1"), clause("a", "2")] },
    { clauses: [clause("b", "3")] },
  ]);
  const asked = (values: Record<string, string>) => passes(groups, (name) => values[name]);
  expect(asked({ a: "1" })).toEqual({ passed: false, clauses: { "both.a": false, "Scoping filter 2.b": false } });
  expect(asked({ a: "1", b: "3" }).passed).toBe(true);
});

test.each([
  ["EQUALZ", ["x"], 'the scoping filter on a: unknown operator "EQUALZ"'],
  ["EQUALS", [], "the value to compare with is missing"],
  ["Greater_Than", ["x"], "compares integers"],
  ["REGEX MATCH", ["("], 'the pattern "(" is not supported'],
])("%s %j is refused in words", (operator, operand, message) => {
  expect(() => scope(operator, ...operand)).toThrow(message);
});
