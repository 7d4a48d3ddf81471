import type { SourceValue } from "../directory.ts";
import type { Expression, ExpressionError } from "./syntax.ts";
import type { Value } from "./value.ts";

/** What an expression may ask of the world around it. */
export interface Surroundings {
  /** The value of a source attribute; undefined, like null, where there is none. */
  attribute(name: string): SourceValue | undefined;
  /** The time of the job. */
  readonly now: Date;
  /** A random number in [0, 1) for Guid and RandomString. A seeded generator makes a run repeatable. */
  random(): number;
  /** The tenant's default domain, such as `contoso.onmicrosoft.com`. */
  readonly defaultDomain: string;
}

/**
 * A call of a function that is being evaluated. Arguments are evaluated when they are first asked for, so that errors in a branch
 * that is not taken do no harm. Indexes count from 0; an argument that is left out is null.
 */
export interface Call {
  readonly count: number;
  readonly surroundings: Surroundings;
  /** The argument as it was parsed. */
  argument(index: number): Expression | undefined;
  value(index: number): Value;
  /** The argument as one text. Throws an ExpressionError where it has several values, or objects. */
  text(index: number): string | undefined;
  /** The argument as an integer. Throws an ExpressionError where it is none. */
  integer(index: number): number | undefined;
  /** Counts steps of a regular expression. Throws an ExpressionError when they exceed `limits.regexSteps`. */
  spend(steps: number): void;
  /** An error at an argument, or at the function itself, to be thrown. */
  error(message: string, index?: number): ExpressionError;
}

/** A function of expressions. The parser, the evaluator and docs/entra-expressions.md follow from it. */
export interface FunctionDefinition {
  readonly name: string;
  /** Names by Microsoft's page. `name?` may be left out, `name...` repeated. */
  readonly parameters: readonly string[];
  /** What it gives, in a sentence. */
  readonly summary: string;
  /** Why the function is refused by the parser. */
  readonly refusal?: string;
  /** A mistake that shows before anything is evaluated, or undefined. */
  readonly mistake?: (args: readonly Expression[]) => string | undefined;
  /** Computes the value. A RangeError becomes an ExpressionError at the call. */
  readonly evaluate: (call: Call) => Value;
}

/** The number of arguments that a function takes at least and at most. */
export function arityOf({ parameters }: FunctionDefinition): { readonly least: number; readonly most: number } {
  const least = parameters.findLastIndex((each) => !isOptional(each)) + 1;
  return {
    least,
    most: parameters.some((each) => each.endsWith("...")) ? Number.POSITIVE_INFINITY : parameters.length,
  };
}

/** Whether a parameter may be left out. */
export const isOptional = (parameter: string): boolean => parameter.includes("?");

/** The parameters as they are shown to people: `Left(String, NumChars)`. */
export const signatureOf = ({ name, parameters }: FunctionDefinition): string =>
  `${name}(${parameters.map((each) => each.replace("...", " …")).join(", ")})`;
