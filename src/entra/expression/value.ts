import type { SourceValue } from "../directory.ts";

/**
 * What an expression gives: a text, several values, or undefined for null. Numbers, dates and booleans are texts, booleans "True" and
 * "False". Objects come from AppRoleAssignmentsComplex and AssertiveAppRoleAssignmentsComplex alone.
 */
export type Value = string | readonly (string | Readonly<Record<string, unknown>>)[] | undefined;

/** Bounds of one expression. Whatever exceeds them is refused with an ExpressionError. */
export const limits = {
  /** Characters of an expression; Microsoft's own bound. */
  expression: 10_000,
  /** Levels of nesting. */
  depth: 100,
  /** Characters of a value, its parts together, also of those that are not the result. */
  characters: 100_000,
  /** Values of a multi-valued result. */
  values: 10_000,
  /** Parts evaluated and characters produced by one evaluation, together. */
  work: 2_000_000,
  /** Steps of regular expressions in one evaluation: length of the text times size of the pattern, for each match, and compiling. */
  regexSteps: 10_000_000,
} as const;

/** The text of a boolean. */
export const textOfBoolean = (value: boolean): string => (value ? "True" : "False");

/** Whether a text counts as true: "true" in any case, or a number other than zero. Null does not. */
export const isTrue = (text: string | undefined): boolean =>
  text !== undefined && (/^true$/i.test(text) || (/^[+-]?\d+(\.\d+)?$/.test(text) && Number(text) !== 0));

/** Whether a value is null, an empty text, or has no values. */
export const isEmpty = (value: Value): value is undefined | "" | readonly [] =>
  value === undefined || value.length === 0;

/** An attribute's value, for expressions: no values at all are null. */
export function fromSource(source: SourceValue | undefined): Value {
  if (source === undefined || source === null) return undefined;
  if (typeof source === "boolean") return textOfBoolean(source);
  if (typeof source === "number") return String(source);
  return typeof source !== "string" && source.length === 0 ? undefined : source;
}

/** The values of a value: none for null, one for a text. */
export const valuesOf = (value: Value): readonly (string | Readonly<Record<string, unknown>>)[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

/** The length of a value, its parts together, in characters. Objects count what their texts have. */
export function charactersOf(value: Value): number {
  if (value === undefined) return 0;
  if (typeof value === "string") return value.length;
  return value.reduce((sum, each) => sum + (typeof each === "string" ? each : JSON.stringify(each)).length, 0);
}
