import jsonata from "jsonata";
import { RE2JS } from "re2js";
import { helpers } from "./helpers.ts";
import { passwordHelpers } from "./passwords.ts";

/** A JSONata expression, compiled once and evaluated under bounds of time, depth and length. */
export interface Expression {
  readonly source: string;
  /** Every name that the expression reads: what it may need of its input, perhaps more, never less. */
  readonly names: ReadonlySet<string>;
  /** Every variable that it mentions, without the `$`. */
  readonly variables: ReadonlySet<string>;
  /** The properties that it reads of a variable, `$entry.phone`, by the variable. */
  readonly properties: ReadonlyMap<string, ReadonlySet<string>>;
  /** Where it is an object written out, `{ "title": ... }`: its properties, and of those that are such objects theirs. */
  readonly shape: Shape | undefined;
  /** Whether it may read what it does not name: by `$`, by `*` or by `**`. */
  readonly readsAll: boolean;
  /** Whether it reads its input at all: by a name that is not one of a variable's, or by what reads all. */
  readonly readsInput: boolean;
  /** Evaluates over an input, with variables. Rejects with an `ExpressionError`. */
  readonly evaluate: (input: unknown, variables?: Record<string, unknown>) => Promise<unknown>;
}

/** The properties of an object that is written out. */
export type Shape = ReadonlyMap<string, Shape | undefined>;

/** An expression that does not compile, or failed or ran out of its bounds on some input. */
export class ExpressionError extends Error {
  override name = "ExpressionError";
}

const bounds = { timeout: 200, stack: 100, sequence: 10_000 };
/** Hashes take long on purpose, and wait for each other: who calls one may take this, in milliseconds. */
const HASHING_MS = 20_000;
const MAX_SOURCE = 10_000;

/**
 * The regular expressions of JSONata, `RegexEngine`, in time linear in the text: JSONata's own time limit cannot
 * interrupt a RegExp that backtracks for ever.
 */
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

function build(source: string, timeout = bounds.timeout): jsonata.Expression {
  const RegexEngine = LinearRegExp as unknown as RegExpConstructor;
  const compiled = jsonata(source, { ...bounds, timeout, RegexEngine });
  for (const [name, helper] of Object.entries(helpers)) compiled.registerFunction(name, helper);
  return compiled;
}

/** Compiles a JSONata expression. Throws `ExpressionError` with the position where it is wrong. */
export function compileExpression(source: string): Expression {
  if (source.length > MAX_SOURCE) throw new ExpressionError(`an expression has at most ${MAX_SOURCE} characters`);
  let compiled: jsonata.Expression;
  try {
    compiled = build(source);
  } catch (error) {
    const { message, position } = error as { message?: string; position?: number };
    throw new ExpressionError(`${message ?? error}${position === undefined ? "" : `, at character ${position}`}`);
  }
  const names = new Set<string>();
  const variables = new Set<string>();
  const types = new Set<string>();
  const properties = new Map<string, Set<string>>();
  const inputNames = new Set<string>();
  const tree = compiled.ast();
  collect(tree, { names, inputNames, variables, types, properties });
  const readsAll = ["", "$"].some((name) => variables.has(name)) || types.has("wildcard") || types.has("descendant");
  if (variables.has("eval"))
    throw new ExpressionError("$eval is not available: expressions are fixed when they are loaded");
  const isHashing = Object.keys(passwordHelpers).some((name) => variables.has(name));
  if (isHashing) compiled = build(source, HASHING_MS);
  return {
    source,
    names,
    variables,
    properties,
    shape: shapeOf(tree),
    readsAll,
    readsInput: readsAll || inputNames.size > 0,
    evaluate: async (input, bindings) => {
      try {
        return plain(await compiled.evaluate(input, bindings));
      } catch (error) {
        throw new ExpressionError(
          `the expression ${JSON.stringify(source)} failed: ${(error as Error).message ?? error}`,
        );
      }
    },
  };
}

/** Compiles an expression where there is one. Throws as `compileExpression` does. */
export const compileOptional = (source: string | undefined): Expression | undefined =>
  source === undefined ? undefined : compileExpression(source);

interface Collected {
  readonly names: Set<string>;
  readonly inputNames: Set<string>;
  readonly variables: Set<string>;
  readonly types: Set<string>;
  readonly properties: Map<string, Set<string>>;
}

/** Walks the syntax tree for names and variables; every node that may hold others is entered. */
function collect(node: unknown, into: Collected): void {
  if (Array.isArray(node)) {
    for (const each of node) collect(each, into);
    return;
  }
  if (typeof node !== "object" || node === null || node instanceof RegExp) return;
  const { type, value, steps } = node as { type?: unknown; value?: unknown; steps?: unknown };
  if (typeof type === "string") into.types.add(type);
  if (type === "name" && typeof value === "string") {
    into.names.add(value);
    into.inputNames.add(value);
  }
  if (type === "variable" && typeof value === "string") into.variables.add(value);
  if (type === "path" && Array.isArray(steps)) {
    const [variable, name] = steps as { type?: string; value?: unknown }[];
    // Names behind a variable are those of its value, also within brackets.
    if (variable?.type === "variable" && variable.value !== "") {
      if (name?.type === "name") {
        const known = into.properties.get(String(variable.value)) ?? new Set();
        into.properties.set(String(variable.value), known.add(String(name.value)));
      }
      for (const each of Object.values(node)) collect(each, { ...into, inputNames: new Set() });
      return;
    }
  }
  for (const each of Object.values(node)) collect(each, into);
}

/** The properties of an object that the syntax tree writes out; of a block it is the last expression that counts. */
function shapeOf(node: unknown): Shape | undefined {
  const { type, value, lhs, expressions } = node as {
    type?: unknown;
    value?: unknown;
    lhs?: unknown;
    expressions?: unknown[];
  };
  if (type === "block") return shapeOf(expressions?.at(-1) ?? {});
  if (type !== "unary" || value !== "{" || !Array.isArray(lhs)) return undefined;
  const pairs = lhs as [{ type?: unknown; value?: unknown }, unknown][];
  if (pairs.some(([key]) => key.type !== "string")) return undefined;
  return new Map(pairs.map(([key, inner]) => [String(key.value), shapeOf(inner)]));
}

/** JSONata marks its sequences with properties and functions of their own: what leaves is plain JSON. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, plain);
  if (typeof value !== "object" || value === null) return typeof value === "function" ? undefined : value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}
