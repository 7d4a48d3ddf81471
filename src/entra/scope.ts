import { RE2JS } from "re2js";
import type { SourceValue } from "./directory.ts";

/** A condition on an attribute of the source. */
export interface Clause {
  /** Its name in the log: the attribute. */
  readonly name: string;
  readonly attribute: string;
  readonly test: (value: string | undefined) => boolean;
}

/** Conditions that must all hold. Groups are alternatives. */
export interface FilterGroup {
  readonly name: string;
  readonly clauses: readonly Clause[];
}

/** A group of clauses as in a job's schema. */
export interface GivenGroup {
  readonly name?: string | null | undefined;
  readonly clauses: readonly {
    readonly operatorName: string;
    readonly sourceOperandName: string;
    readonly targetOperand?: { readonly values?: readonly string[] | null | undefined } | null | undefined;
  }[];
}

type Test = (value: string, operand: string) => boolean;
const bit: Test = (value, operand) => (BigInt(integer(value)) & BigInt(integer(operand))) === BigInt(integer(operand));

/** Tests of a present value. For an absent one all are false except IS NULL, including NOT REGEX MATCH. */
const TESTS: Readonly<Record<string, Test>> = {
  EQUALS: (value, operand) => value === operand,
  NOTEQUALS: (value, operand) => value !== operand,
  INCLUDES: (value, operand) => value.includes(operand),
  ENDSWITH: (value, operand) => value.endsWith(operand),
  ISTRUE: (value) => /^true$/i.test(value),
  ISFALSE: (value) => /^false$/i.test(value),
  ISNOTNULL: () => true,
  GREATERTHAN: (value, operand) => isInteger(value) && BigInt(value) > BigInt(operand),
  GREATERTHANOREQUALS: (value, operand) => isInteger(value) && BigInt(value) >= BigInt(operand),
  "&": (value, operand) => isInteger(value) && bit(value, operand),
  "!&": (value, operand) => isInteger(value) && !bit(value, operand),
};
const NUMERIC = new Set(["GREATERTHAN", "GREATERTHANOREQUALS", "&", "!&"]);

/** Compiles scoping filters. Throws an `Error` for an unknown operator, or an invalid operand. */
export function compileScope(groups: readonly GivenGroup[]): FilterGroup[] {
  return groups.map(({ name, clauses }, place) => ({
    name: name ?? `Scoping filter ${place + 1}`,
    clauses: clauses.map(({ operatorName, sourceOperandName: attribute, targetOperand }) => {
      const operator = operatorName.toUpperCase().replace(/[\s_-]/g, "");
      const operands = targetOperand?.values ?? [];
      return {
        name: attribute,
        attribute,
        test: testOf(operator, operands, `the scoping filter on ${attribute}`),
      };
    }),
  }));
}

function testOf(operator: string, operands: readonly string[], where: string): Clause["test"] {
  if (operator === "ISNULL") return (value) => value === undefined;
  if (operator === "REGEXMATCH" || operator === "NOTREGEXMATCH") return patternTest(operator, operands, where);
  const test = TESTS[operator];
  if (!test) throw new Error(`${where}: unknown operator "${operator}"`);
  if (operator.startsWith("IS")) return (value) => value !== undefined && test(value, "");
  refuseNone(operands, where);
  if (NUMERIC.has(operator) && !operands.every(isInteger))
    throw new Error(`${where}: ${operator} compares integers, not "${operands.join(", ")}"`);
  const isNegative = operator.startsWith("NOT") || operator.startsWith("!");
  const among = (value: string) =>
    isNegative ? operands.every((each) => test(value, each)) : operands.some((each) => test(value, each));
  return (value) => value !== undefined && among(value);
}

function refuseNone(operands: readonly string[], where: string): void {
  if (operands.length === 0) throw new Error(`${where}: the value to compare with is missing`);
}

/** A test by patterns, compiled once when the job is loaded. */
function patternTest(operator: string, operands: readonly string[], where: string): Clause["test"] {
  refuseNone(operands, where);
  const patterns = operands.map((operand) => patternOf(operand, where));
  const isFound = (value: string) => (pattern: RE2JS) => pattern.matcher(value).find();
  if (operator === "REGEXMATCH") return (value) => value !== undefined && patterns.some(isFound(value));
  return (value) => value !== undefined && !patterns.some(isFound(value));
}

/** Throws an `Error` for an invalid pattern, or one that a linear-time engine does not support. */
function patternOf(text: string, where: string): RE2JS {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    throw new Error(`${where}: the pattern "${text}" is not supported: ${(error as Error).message}`);
  }
}

/**
 * Reports whether an object passes one of the groups, and the result of each clause by its name in the log. Without groups everything
 * passes.
 */
export function passes(
  groups: readonly FilterGroup[],
  attribute: (name: string) => SourceValue | undefined,
): { readonly passed: boolean; readonly clauses: Readonly<Record<string, boolean>> } {
  if (groups.length === 0) return { passed: true, clauses: {} };
  const clauses: Record<string, boolean> = {};
  let passed = false;
  for (const group of groups) {
    let all = true;
    for (const clause of group.clauses) {
      const holds = clause.test(operandOf(attribute(clause.attribute)));
      const name = `${group.name}.${clause.name}`;
      clauses[name] = holds && clauses[name] !== false;
      all &&= holds;
    }
    passed ||= all;
  }
  return { passed, clauses };
}

/** Multi-valued attributes cannot be used in scoping filters: they count as absent. */
function operandOf(value: SourceValue | undefined): string | undefined {
  if (value === undefined || value === null || value === "" || Array.isArray(value)) return undefined;
  return typeof value === "boolean" ? (value ? "True" : "False") : String(value);
}

const isInteger = (text: string): boolean => /^[+-]?\d{1,20}$/.test(text);
const integer = (text: string): string => (isInteger(text) ? text : "0");
