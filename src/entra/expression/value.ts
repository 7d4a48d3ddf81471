import type { SourceValue } from "../directory.ts";

/**
 * The result of an expression: a text, several values, or undefined for null. Numbers, dates and booleans ("True", "False") are texts.
 * Objects come from attributes and from the two AppRoleAssignmentsComplex functions.
 */
export type Value = string | readonly (string | Readonly<Record<string, unknown>>)[] | undefined;

/** Limits of one expression. Exceeding one throws an ExpressionError. */
export const limits = {
  /** Characters of an expression. Microsoft's limit. */
  expression: 10_000,
  /** Levels of nesting. */
  depth: 100,
  /** Characters of a value, intermediate ones included. Multi-valued ones count as a whole. */
  characters: 100_000,
  /** Values of a multi-valued result. */
  values: 10_000,
  /** Parts evaluated plus characters produced in one evaluation. */
  work: 2_000_000,
  /** Regular expression steps in one evaluation: text length times pattern size for each search, plus compilation. */
  regexSteps: 10_000_000,
} as const;

/** "True" or "False". */
export const textOfBoolean = (value: boolean): string => (value ? "True" : "False");

/** Reports whether a text counts as true: "true" in any case, or a number other than zero. */
export const isTrue = (text: string | undefined): boolean =>
  text !== undefined && (/^true$/i.test(text) || (/^[+-]?\d+(\.\d+)?$/.test(text) && Number(text) !== 0));

/** Reports whether a value is null or an empty text, or has no values. */
export const isEmpty = (value: Value): value is undefined | "" | readonly [] =>
  value === undefined || value.length === 0;

/** Converts a source attribute's value. An empty list becomes null. */
export function fromSource(source: SourceValue | undefined): Value {
  if (source === undefined || source === null) return undefined;
  if (typeof source === "boolean") return textOfBoolean(source);
  if (typeof source === "number") return String(source);
  return typeof source !== "string" && source.length === 0 ? undefined : source;
}

/** The single values: none for null, one for a text. */
export const valuesOf = (value: Value): readonly (string | Readonly<Record<string, unknown>>)[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

/** The total length of a value in characters. Objects count as JSON. */
export function charactersOf(value: Value): number {
  if (value === undefined) return 0;
  if (typeof value === "string") return value.length;
  return value.reduce((sum, each) => sum + (typeof each === "string" ? each : JSON.stringify(each)).length, 0);
}
