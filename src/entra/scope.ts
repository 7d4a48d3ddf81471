import { RE2JS } from "re2js";
import type { SourceValue } from "./directory.ts";

/** A condition on an attribute of the source. */
export interface Clause {
  /** What the log calls it: the attribute. */
  readonly name: string;
  readonly attribute: string;
  readonly test: (value: string | undefined) => boolean;
}

/** Conditions that must all hold. Groups are alternatives. */
export interface FilterGroup {
  readonly name: string;
  readonly clauses: readonly Clause[];
}

/** A group of clauses as a job's schema writes it. */
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

/** Tests of a value that is there; of one that is not, all but IS NULL are false, NOT REGEX MATCH too. */
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

/** Compiles scoping filters. Throws an `Error` in words for an operator that Entra does not have, and an operand it cannot use. */
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
  if (!test) throw new Error(`${where}: Entra has no operator "${operator}"`);
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
  if (operands.length === 0) throw new Error(`${where}: there is nothing to compare with`);
}

/** The test by patterns, which are compiled once, when the job is loaded. */
function patternTest(operator: string, operands: readonly string[], where: string): Clause["test"] {
  refuseNone(operands, where);
  const patterns = operands.map((operand) => patternOf(operand, where));
  const isFound = (value: string) => (pattern: RE2JS) => pattern.matcher(value).find();
  if (operator === "REGEXMATCH") return (value) => value !== undefined && patterns.some(isFound(value));
  return (value) => value !== undefined && !patterns.some(isFound(value));
}

/** Throws an `Error` in words for a pattern that is wrong, or that no linear engine has. */
function patternOf(text: string, where: string): RE2JS {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    throw new Error(`${where}: the pattern "${text}" cannot be used: ${(error as Error).message}`);
  }
}

/** Whether an object passes one of the groups, and each clause by the name that the log gives it. No group passes everything. */
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

/** Multi-valued attributes cannot be used in scoping filters: they count as no value. */
function operandOf(value: SourceValue | undefined): string | undefined {
  if (value === undefined || value === null || value === "" || Array.isArray(value)) return undefined;
  return typeof value === "boolean" ? (value ? "True" : "False") : String(value);
}

const isInteger = (text: string): boolean => /^[+-]?\d{1,20}$/.test(text);
const integer = (text: string): string => (isInteger(text) ? text : "0");
