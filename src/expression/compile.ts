import type jsonata from "jsonata";
import { evaluateApart } from "./evaluator.ts";
import { mistakesIn } from "./inspect.ts";
import { build, plain } from "./jsonata.ts";
import { passwordHelpers } from "./passwords.ts";

/** A JSONata expression, compiled once and evaluated under bounds of time, depth and length. */
export interface Expression {
  readonly source: string;
  /** JSONata's syntax tree, for checks when it is loaded. */
  readonly tree: unknown;
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

/** What an expression is compiled for. */
export interface CompileOptions {
  /** Functions that the caller binds when it evaluates, by name without the `$`. */
  readonly functions?: readonly string[];
  /** Where the expression stands, such as the row of a mapping; failures carry it. */
  readonly place?: ExpressionPlace;
}

/** Where an expression stands: the file, where it is of one, and the place in it. */
export interface ExpressionPlace {
  readonly file?: string | undefined;
  readonly row: string;
}

/** The part of an expression that is wrong: the text, and the place in it. */
export interface WrongPart {
  readonly text: string;
  readonly position: number;
  readonly length: number;
}

/** An expression that does not compile, or failed or ran out of its bounds on some input. */
export class ExpressionError extends Error {
  override name = "ExpressionError";
  /** What kind of mistake it is, for tools. */
  readonly code: string;
  /** Of an expression that does not compile, what of it is wrong. */
  readonly part: WrongPart | undefined;
  readonly suggestion: string | undefined;
  /** Of an expression that failed, where it stands, and why without the expression's own text. */
  readonly place: ExpressionPlace | undefined;
  readonly reason: string | undefined;

  constructor(
    message: string,
    about: {
      readonly code?: string;
      readonly part?: WrongPart | undefined;
      readonly suggestion?: string | undefined;
      readonly place?: ExpressionPlace | undefined;
      readonly reason?: string;
    } = {},
  ) {
    super(message);
    this.code = about.code ?? "expression";
    this.part = about.part;
    this.suggestion = about.suggestion;
    this.place = about.place;
    this.reason = about.reason;
  }
}

/** Hashes take long on purpose, and wait for each other: who calls one may take this, in milliseconds. */
const HASHING_MS = 20_000;
const MAX_SOURCE = 10_000;
/**
 * What is read of an input may be so large, in values and characters, to be evaluated on the thread that answers requests: no step
 * takes long on so little.
 */
const MAX_HERE = 4000;

/** Compiles a JSONata expression. Throws `ExpressionError` with the position where it is wrong. */
export function compileExpression(source: string, { functions = [], place }: CompileOptions = {}): Expression {
  if (source.length > MAX_SOURCE) throw new ExpressionError(`an expression has at most ${MAX_SOURCE} characters`);
  let compiled: jsonata.Expression;
  try {
    compiled = build(source);
  } catch (error) {
    const { message, position } = error as { message?: string; position?: number };
    const at = position === undefined ? "" : `, at character ${position}`;
    const part = position === undefined ? undefined : { text: source, position: Math.max(0, position - 1), length: 1 };
    throw new ExpressionError(`${message ?? error}${at}`, { part });
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
  const [mistake] = mistakesIn(tree, source, functions);
  if (mistake) {
    const { code, message, suggestion, text, position } = mistake;
    throw new ExpressionError(message, { code, suggestion, part: { text: source, position, length: text.length } });
  }
  const isHashing = Object.keys(passwordHelpers).some((name) => variables.has(name));
  if (isHashing) compiled = build(source, HASHING_MS);
  return {
    source,
    tree,
    names,
    variables,
    properties,
    shape: shapeOf(tree),
    readsAll,
    readsInput: readsAll || inputNames.size > 0,
    evaluate: async (input, bindings) => {
      try {
        // Functions cannot be given to another thread. Who binds them bounds the input.
        const hasFunctions = Object.values(bindings ?? {}).some((each) => typeof each === "function");
        const isHere = isHashing || hasFunctions || isSmall(readsAll ? input : only(input, inputNames), bindings);
        // A hash is made beside this thread, and others need not wait for it.
        if (isHashing) return plain(await compiled.evaluate(input, bindings));
        if (isHere) return plain(await inLine(() => compiled.evaluate(input, bindings)));
        return await evaluateApart(source, input, bindings ?? {});
      } catch (error) {
        const reason = reasonOf(error);
        throw new ExpressionError(`the expression ${JSON.stringify(source)} failed: ${reason}`, { place, reason });
      }
    },
  };
}

/** The syntax tree of a text that may be JSONata; undefined where it is none. */
export function treeOf(source: string): unknown {
  try {
    return build(source).ast();
  } catch {
    return undefined;
  }
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Evaluates behind those that have begun on this thread. Side by side they would take as long in all, and each would be charged with the time of the
 * others: a page of people would run out of what one expression may take. No function that is bound may evaluate an expression: it would wait for itself.
 */
function inLine<T>(evaluate: () => Promise<T>): Promise<T> {
  const result = last.then(evaluate);
  last = result.catch(() => {});
  return result;
}

/** Why an evaluation failed, without the values that it failed on: those who are told may not be those who may read them. */
function reasonOf(error: unknown): string {
  const { message, code, ...more } = error as { message?: string; code?: string } & Record<string, unknown>;
  if (message === undefined) return String(error);
  // What `$error` and `$assert` say is the expression's own text; the bound of time is ours.
  if (code === "D3137" || code === "D3141" || code === "D1012" || code === undefined) return message;
  return ["value", "value2", "exp"]
    .flatMap((name) => (more[name] === undefined ? [] : [JSON.stringify(more[name]), String(more[name])]))
    .filter((text) => text !== "" && text !== undefined)
    .reduce((reason, text) => reason.replaceAll(text, "(a value)"), message);
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

/** Of an object the properties that are read by name; anything else whole. */
function only(input: unknown, names: ReadonlySet<string>): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([name]) => names.has(name)));
}

/** Whether values hold no more, in number and characters, than is evaluated on the thread that answers requests. */
function isSmall(...values: readonly unknown[]): boolean {
  let left = MAX_HERE;
  const pass = (value: unknown): boolean => {
    left -= typeof value === "string" ? 1 + value.length : 1;
    if (left < 0) return false;
    if (typeof value !== "object" || value === null) return true;
    return Object.values(value).every(pass);
  };
  return values.every(pass);
}
