import type { SourceValue } from "../directory.ts";
import type { Expression, ExpressionError } from "./syntax.ts";
import type { Value } from "./value.ts";

/** What an expression can read from its environment. */
export interface Surroundings {
  /** The value of a source attribute; undefined or null if it has none. */
  attribute(name: string): SourceValue | undefined;
  /** The current time of the job. */
  readonly now: Date;
  /** A random number in [0, 1), for Guid and RandomString. Seed it to make runs repeatable. */
  random(): number;
  /** The tenant's default domain, such as `contoso.onmicrosoft.com`. */
  readonly defaultDomain: string;
}

/**
 * A function call during evaluation. Arguments are evaluated on first use, at most once, so that an error in a branch not taken does no harm.
 * Indexes start at 0. Blank and missing arguments are null.
 */
export interface Call {
  readonly count: number;
  readonly surroundings: Surroundings;
  /** The parsed argument; undefined if it is missing. */
  argument(index: number): Expression | undefined;
  value(index: number): Value;
  /** The argument as a single text. Throws an ExpressionError if it has several values or is an object. */
  text(index: number): string | undefined;
  /** The argument as an integer. Throws an ExpressionError if it isn't one. */
  integer(index: number): number | undefined;
  /** Counts regular expression steps. Throws an ExpressionError beyond `limits.regexSteps`. */
  spend(steps: number): void;
  /** Creates an error, to be thrown, at an argument or at the call itself. */
  error(message: string, index?: number): ExpressionError;
}

/** A function, as the parser, the evaluator and docs/reference/entra-expressions.md need it. */
export interface FunctionDefinition {
  readonly name: string;
  /** Names from Microsoft's page. `name?` is optional, `name...` can be repeated. */
  readonly parameters: readonly string[];
  /** One or two sentences for the documentation. */
  readonly summary: string;
  /** Why the parser rejects every call of this function. */
  readonly refusal?: string;
  /** Checks the arguments while parsing. Returns a message if something is wrong. */
  readonly mistake?: (args: readonly Expression[]) => string | undefined;
  /** Computes the result. A thrown RangeError becomes an ExpressionError at the call. */
  readonly evaluate: (call: Call) => Value;
}

/** The minimum and maximum number of arguments. */
export function arityOf({ parameters }: FunctionDefinition): { readonly least: number; readonly most: number } {
  const least = parameters.findLastIndex((each) => !isOptional(each)) + 1;
  return {
    least,
    most: parameters.some((each) => each.endsWith("...")) ? Number.POSITIVE_INFINITY : parameters.length,
  };
}

/** Reports whether a parameter can be left blank. */
export const isOptional = (parameter: string): boolean => parameter.includes("?");

/** The signature for error messages and documentation: `Left(String, NumChars)`. */
export const signatureOf = ({ name, parameters }: FunctionDefinition): string =>
  `${name}(${parameters.map((each) => each.replace("...", " …")).join(", ")})`;
