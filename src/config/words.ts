import type { z } from "zod";
import { nearest, nearestOf } from "../connector/kit/text.ts";
import { exampleOf } from "./example.ts";

type Raw = z.core.$ZodRawIssue;

/** Words for types of values. */
const kinds: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a table of names and values",
  record: "a table of names and values",
  array: "a list",
  null: "nothing",
};

/** The type of a value in words. */
export const kindInWords = (kind: string): string => kinds[kind] ?? kind;

function whatIs(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return (
    { string: "text", number: "a number", boolean: "true or false", object: "a table" }[typeof value as string] ??
    "that"
  );
}

const many = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;

/**
 * Describes a validation issue in the words of the configuration rather than the validator's. Undefined if the schema has its own message.
 */
export function inWords(issue: Raw): string | undefined {
  const { input } = issue;
  switch (issue.code) {
    case "invalid_type": {
      const example = exampleOf(issue.inst);
      const such = example === undefined ? "" : `, such as ${example}`;
      return `this must be ${kindInWords(String(issue.expected))}, not ${whatIs(input)}${such}`;
    }
    case "invalid_value":
      return oneOf(input, issue.values as readonly unknown[]);
    case "too_small":
      return bounded(issue, Number(issue.minimum), "at least", issue.inclusive !== false);
    case "too_big":
      return bounded(issue, Number(issue.maximum), "at most", issue.inclusive !== false);
    case "invalid_format":
      if (issue.format === "url") return `this is not a URL such as ${addressOf(issue)}`;
      return "this does not have the expected format";
    default:
      return undefined;
  }
}

/** An example of the kind of URL that a setting takes. */
const addressOf = ({ inst }: Raw): string =>
  String((inst?._zod.def as { readonly protocol?: RegExp } | undefined)?.protocol).includes("ldap")
    ? "ldap://host:389 or ldaps://host:636"
    : "https://host.example.com/path";

function bounded({ origin }: Raw, bound: number, how: string, isInclusive: boolean): string {
  if (origin === "string")
    return how === "at least" && bound === 1 ? "this is empty" : `this must have ${how} ${many(bound, "character")}`;
  if (origin === "array" || origin === "set")
    return how === "at least" && bound === 1 ? "this list is empty" : `this must have ${how} ${many(bound, "item")}`;
  const limit = isInclusive ? `${how} ${bound}` : how === "at least" ? `more than ${bound}` : `less than ${bound}`;
  return `this must be ${limit}`;
}

function oneOf(input: unknown, values: readonly unknown[]): string {
  const names = values.map(String);
  const given = typeof input === "string" ? `"${input}"` : String(input);
  if (input === undefined) return "this is missing";
  const hint =
    nearestOf(String(input), names) === undefined ? `: use one of ${names.join(", ")}` : nearest(String(input), names);
  return `this cannot be ${given}${hint}`;
}
