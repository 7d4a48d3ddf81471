import type jsonata from "jsonata";
import { evaluateApart } from "./evaluator.ts";
import { mistakesIn } from "./inspect.ts";
import { bounds, build, plain } from "./jsonata.ts";
import { passwordHelpers } from "./passwords.ts";

/** A compiled JSONata expression, evaluated within limits of time, depth and length. */
export interface Expression {
  readonly source: string;
  /** JSONata's syntax tree, for checks at load time. */
  readonly tree: unknown;
  /** Every name that the expression reads: a superset of what it needs of its input. */
  readonly names: ReadonlySet<string>;
  /** Every variable that it uses, without the `$`. */
  readonly variables: ReadonlySet<string>;
  /** The properties that it reads of a variable, `$entry.phone`, by variable. */
  readonly properties: ReadonlyMap<string, ReadonlySet<string>>;
  /** If it is an object, `{ "title": ... }`: its properties, and recursively those of nested objects. */
  readonly shape: Shape | undefined;
  /** Whether it may read more than it names: by `$`, `*` or `**`. */
  readonly readsAll: boolean;
  /** Whether it reads its input at all. */
  readonly readsInput: boolean;
  /** Evaluates over an input, with variables. Rejects with an `ExpressionError`. */
  readonly evaluate: (input: unknown, variables?: Record<string, unknown>) => Promise<unknown>;
}

/** The properties of an object expression. */
export type Shape = ReadonlyMap<string, Shape | undefined>;

/** Compilation options. */
export interface CompileOptions {
  /** Functions that the caller binds for each evaluation, by name without the `$`. */
  readonly functions?: readonly string[];
  /** The place of the expression, such as a mapping's row. Errors include it. */
  readonly place?: ExpressionPlace;
  /** Whether it is somebody's draft: then it is evaluated apart, whatever its input, and requests never wait for it. */
  readonly isDraft?: boolean;
}

/** The place of an expression: its file, if any, and the place within. */
export interface ExpressionPlace {
  readonly file?: string | undefined;
  readonly row: string;
}

/** The wrong part of an expression: its text and position. */
export interface WrongPart {
  readonly text: string;
  readonly position: number;
  readonly length: number;
}

/** An expression that does not compile, fails on an input, or exceeds a limit. */
export class ExpressionError extends Error {
  override name = "ExpressionError";
  /** The kind of mistake, for tools. */
  readonly code: string;
  /** For an expression that does not compile, the wrong part. */
  readonly part: WrongPart | undefined;
  readonly suggestion: string | undefined;
  /** For an expression that failed, its place, and the reason without the expression's text. */
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

/** Time limit for expressions that hash passwords, in milliseconds: hashing is slow on purpose and queued. */
const HASHING_MS = 20_000;
const MAX_SOURCE = 10_000;
/** Maximum size of inputs, in values and characters, that are evaluated on the main thread: no step takes long on so little. */
const MAX_HERE = 4000;

/** Compiles a JSONata expression. Throws `ExpressionError` with the position of the mistake. */
export function compileExpression(
  source: string,
  { functions = [], place, isDraft = false }: CompileOptions = {},
): Expression {
  if (source.length > MAX_SOURCE) throw new ExpressionError(`an expression can have at most ${MAX_SOURCE} characters`);
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
    throw new ExpressionError("$eval is not available: expressions cannot be created at run time");
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
        if (isDraft) return await evaluateApart(source, input, bindings ?? {}, "trials");
        // Functions cannot be passed to another thread. Callers that bind them limit the input.
        const hasFunctions = Object.values(bindings ?? {}).some((each) => typeof each === "function");
        const isHere = isHashing || hasFunctions || isSmall(readsAll ? input : only(input, inputNames), bindings);
        // Hashing runs on other threads and does not block.
        if (isHashing) return plain(await compiled.evaluate(input, bindings));
        if (isHere) return plain(await inLine(() => inOwnTime(() => compiled.evaluate(input, bindings))));
        return await evaluateApart(source, input, bindings ?? {});
      } catch (error) {
        const reason = reasonOf(error);
        throw new ExpressionError(`the expression ${JSON.stringify(source)} failed: ${reason}`, { place, reason });
      }
    },
  };
}

/** The syntax tree of a text; undefined if it is not valid JSONata. */
export function treeOf(source: string): unknown {
  try {
    return build(source).ast();
  } catch {
    return undefined;
  }
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Evaluates one expression after another on this thread. Interleaved evaluations would each be charged for the others' time, and exceed
 * their limit. Bound functions must not evaluate expressions: they would wait for themselves.
 */
function inLine<T>(evaluate: () => Promise<T>): Promise<T> {
  const result = last.then(evaluate);
  last = result.catch(() => {});
  return result;
}

/** How often an evaluation is made whose thread did not get the time, and the part of its limit that it must have had to count as too slow. */
const ATTEMPTS = 5;
const FAIR = 0.5;

/**
 * JSONata's limit is by the clock. On a machine that is busy with others, a thread can wait that long for a processor: what had less than half
 * of its time is evaluated again.
 */
async function inOwnTime<T>(evaluate: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const before = process.threadCpuUsage();
    try {
      return await evaluate();
    } catch (error) {
      const { user, system } = process.threadCpuUsage(before);
      const isLate = (error as { readonly code?: unknown }).code === "D1012";
      const hadItsTime = (user + system) / 1000 >= FAIR * bounds.timeout;
      if (!isLate || hadItsTime || attempt >= ATTEMPTS) throw error;
    }
  }
}

/** Why an evaluation failed, without the values involved: those who see the error may not be permitted to read them. */
function reasonOf(error: unknown): string {
  const { message, code, ...more } = error as { message?: string; code?: string } & Record<string, unknown>;
  if (message === undefined) return String(error);
  // The messages of `$error` and `$assert` are part of the expression; the time limit is ours.
  if (code === "D3137" || code === "D3141" || code === "D1012" || code === undefined) return message;
  return ["value", "value2", "exp"]
    .flatMap((name) => (more[name] === undefined ? [] : [JSON.stringify(more[name]), String(more[name])]))
    .filter((text) => text !== "" && text !== undefined)
    .reduce((reason, text) => reason.replaceAll(text, "(a value)"), message);
}

/** Compiles an optional expression. Throws like `compileExpression`. */
export const compileOptional = (source: string | undefined): Expression | undefined =>
  source === undefined ? undefined : compileExpression(source);

interface Collected {
  readonly names: Set<string>;
  readonly inputNames: Set<string>;
  readonly variables: Set<string>;
  readonly types: Set<string>;
  readonly properties: Map<string, Set<string>>;
}

/** Collects names and variables from the syntax tree. */
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
    // Names after a variable are properties of its value, also within brackets.
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

/** The properties of an object in the syntax tree; in a block, of its last expression. */
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

/** The properties of an object that are read by name; anything else unchanged. */
function only(input: unknown, names: ReadonlySet<string>): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([name]) => names.has(name)));
}

/** Reports whether values are small enough, in number and characters, for the main thread. */
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
