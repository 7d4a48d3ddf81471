import jsonata from "jsonata";
import { RE2JS } from "re2js";
import { helpers } from "./helpers.ts";

/**
 * Limits of an evaluation: milliseconds, call depth and sequence length. The properties of an object are evaluated together and JSONata
 * adds up their depths: a large object needs a hundred.
 */
export const bounds = { timeout: 200, stack: 500, sequence: 10_000 };

/** Regular expressions for JSONata's `RegexEngine`, in linear time: JSONata's time limit cannot interrupt a backtracking RegExp. */
class LinearRegExp {
  lastIndex = 0;
  readonly #compiled: RE2JS;

  constructor(pattern: RegExp) {
    const flags = (pattern.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (pattern.multiline ? RE2JS.MULTILINE : 0);
    this.#compiled = RE2JS.compile(RE2JS.translateRegExp(pattern.source), flags);
  }

  exec(text: string): (RegExpExecArray & { index: number }) | null {
    const matcher = this.#compiled.matcher(text);
    if (!matcher.find(this.lastIndex)) return null;
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index) ?? undefined);
    this.lastIndex = matcher.end();
    return Object.assign(groups, { index: matcher.start(), input: text }) as unknown as RegExpExecArray & {
      index: number;
    };
  }
}

/** Compiles an expression with its functions. Throws what JSONata throws. */
export function build(source: string, timeout = bounds.timeout): jsonata.Expression {
  const RegexEngine = LinearRegExp as unknown as RegExpConstructor;
  const compiled = jsonata(source, { ...bounds, timeout, RegexEngine });
  for (const [name, helper] of Object.entries(helpers)) compiled.registerFunction(name, helper);
  return compiled;
}

/** Converts JSONata's sequences, which have extra properties and functions, to plain JSON. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, plain);
  if (typeof value !== "object" || value === null) return typeof value === "function" ? undefined : value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}
