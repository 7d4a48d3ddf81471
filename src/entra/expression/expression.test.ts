import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { SourceValue } from "../directory.ts";
import { functions } from "./functions/index.ts";
import { ExpressionError, evaluate, expressionText, parseExpression, type Surroundings, type Value } from "./index.ts";

interface Example {
  readonly function: string;
  readonly expression: string;
  readonly given?: Readonly<Record<string, SourceValue>>;
  readonly gives?: Value | null;
  readonly matches?: string;
  readonly refused?: string;
  readonly from: string;
}

const examples: readonly Example[] = parse(readFileSync(join(import.meta.dirname, "examples.yaml"), "utf8"));

const surroundings = (given: Readonly<Record<string, SourceValue>> = {}): Surroundings => ({
  attribute: (name) => given[name],
  now: new Date("2021-08-25T17:41:18Z"),
  random: Math.random,
  defaultDomain: "contoso.onmicrosoft.com",
});

const resultOf = (text: string, given?: Readonly<Record<string, SourceValue>>): Value =>
  evaluate(parseExpression(text), surroundings(given));

function errorOf(run: () => unknown): ExpressionError {
  try {
    run();
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error("there was no error");
}

describe("the examples of Microsoft's pages, and ours", () => {
  test.each(examples)("$from: $expression, given $given", ({ expression, given, gives, matches, refused }) => {
    if (refused !== undefined) expect(errorOf(() => resultOf(expression, given)).message).toBe(refused);
    else if (matches !== undefined) expect(resultOf(expression, given)).toMatch(new RegExp(matches));
    else expect(resultOf(expression, given) ?? null).toEqual(gives);
  });

  test("every function has an example", () => {
    expect(
      functions.map(({ name }) => name).filter((name) => !examples.some((each) => each.function === name)),
    ).toEqual([]);
  });

  test("each gives the same when it is written out again", () => {
    for (const { expression, given, gives, refused } of examples) {
      if (refused !== undefined || gives === undefined) continue;
      expect(resultOf(expressionText(parseExpression(expression)), given) ?? null).toEqual(gives);
    }
  });
});
