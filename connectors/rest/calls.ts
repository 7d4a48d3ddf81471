import { ConnectorError } from "../../src/connector/error.ts";
import { compileExpression, compileOptional, type Expression, ExpressionError } from "../../src/expression/compile.ts";
import { isTrue } from "../../src/expression/truth.ts";
import type { Call } from "../../src/http/call.ts";
import { isObject } from "./entries.ts";
import { pathParts, segment } from "./path.ts";
import type { ListSettings, StepSettings, UndoSettings } from "./settings.ts";

/** The input and variables of a call's expressions. */
export interface Scope {
  readonly input: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A compiled call. */
export interface Template {
  /** Builds the call. Rejects with `invalid` if an expression fails or a path segment is empty. */
  readonly call: (scope: Scope) => Promise<Call>;
  /** All variables that it uses. */
  readonly variables: ReadonlySet<string>;
  /** Whether it uses its input. */
  readonly readsInput: boolean;
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** Compiles a call. Throws `ExpressionError`. */
export function compileCall({ method, path, query, headers, body, idempotencyKey }: Question): Template {
  const parts = pathParts(path);
  const compiled = (record: Readonly<Record<string, string>>) =>
    Object.entries(record).map(([name, source]) => [name, compileExpression(source)] as const);
  const [parameters, fields] = [compiled(query), compiled(headers)];
  const content = compileOptional(body);
  const all: Expression[] = [
    ...parts.filter((part) => typeof part !== "string"),
    ...[...parameters, ...fields].map(([, each]) => each),
    ...(content ? [content] : []),
  ];
  return {
    variables: new Set(all.flatMap(({ variables }) => [...variables])),
    readsInput: all.some(({ readsInput }) => readsInput),
    call: (scope) =>
      asInvalid(async () => {
        const path = await Promise.all(
          parts.map(async (part) => (typeof part === "string" ? part : segment(await value(part, scope), part.source))),
        );
        const values = await Promise.all(
          parameters.map(async ([name, each]) => [name, await value(each, scope)] as const),
        );
        const named = await Promise.all(fields.map(async ([name, each]) => [name, await value(each, scope)] as const));
        return {
          method,
          path: path.join(""),
          query: Object.fromEntries(values.flatMap(([name, each]) => parameterOf(name, each))),
          headers: Object.fromEntries(
            named.flatMap(([name, each]) => (isNothing(each) ? [] : [[name, headerOf(each)]])),
          ),
          ...(content && { body: exactly(await value(content, scope), content.source) }),
          ...(idempotencyKey !== undefined && { idempotencyKey }),
        };
      }),
  };
}

/** `$key` is the entry's key in every call, and undefined if there is none yet; never the function `$key()`. */
const value = ({ evaluate }: Expression, { input, variables }: Scope): Promise<unknown> =>
  evaluate(input, { key: undefined, ...variables });

/** A value with exact numbers: JSONata rounds beyond 2^53. Throws a `TypeError` for a rounded one. */
function exactly(given: unknown, source: string): unknown {
  if (typeof given === "number" && Number.isInteger(given) && !Number.isSafeInteger(given))
    throw new TypeError(
      `${given} in ${JSON.stringify(source)} may be rounded: remove $number. IDs that the API returned as numbers are sent as numbers anyway`,
    );
  if (typeof given === "object" && given !== null) for (const each of Object.values(given)) exactly(each, source);
  return given;
}
const isNothing = (given: unknown): given is null | undefined | "" =>
  given === undefined || given === null || given === "";
const textOf = (given: unknown): string => {
  exactly(given, "the call");
  return typeof given === "object" ? JSON.stringify(given) : String(given);
};
/** A line break would start another header. */
const headerOf = (given: unknown): string => textOf(given).replace(/[\r\n\0]/g, " ");

/** A query parameter. Each property of an object is a parameter of its own. */
function parameterOf(name: string, given: unknown): [string, string][] {
  if (isNothing(given)) return [];
  if (isObject(given)) return Object.entries(given).flatMap(([inner, each]) => parameterOf(inner, each));
  return [[name, textOf(given)]];
}

/** A call that returns a list, page by page. */
export interface ListCall extends Template {
  readonly items: Expression;
  /** The total, if the API reports it. */
  readonly total?: Expression | undefined;
  /** Minimum length of the unfiltered list, if known. */
  readonly atLeast?: Expression | undefined;
  readonly page: ListSettings["page"];
  readonly next: Expression | undefined;
}

/** Compiles a list call. Throws `ExpressionError`. */
export function listCall({ items, page, ...question }: ListSettings): ListCall {
  return { ...compileCall(question), items: compileExpression(items), page, next: compileOptional(page?.next) };
}

/** A compiled call of a sequence. */
export interface Step extends Template {
  readonly when: ((scope: Scope) => Promise<boolean>) | undefined;
  /** Whether its `when` depends on the entry's state, and not only on the request. */
  readonly dependsOnEntry: boolean;
  readonly accept: ((scope: Scope) => Promise<boolean>) | undefined;
  readonly undo: Template | undefined;
}

/** Compiles a call of a sequence. Throws `ExpressionError`. */
export function compileStep({ when, accept, undo, ...question }: StepSettings): Step {
  const condition = (source: string | undefined) => {
    if (source === undefined) return undefined;
    const compiled = compileExpression(source);
    return { compiled, holds: async (scope: Scope) => asInvalid(async () => isTrue(await value(compiled, scope))) };
  };
  const template = compileCall(question);
  const conditionFor = condition(when);
  const undoing = undo && compileCall(undo satisfies UndoSettings);
  const also = [...(conditionFor?.compiled.variables ?? []), ...(undoing?.variables ?? [])];
  const readsMore = undoing?.readsInput || conditionFor?.compiled.readsInput;
  return {
    call: template.call,
    variables: new Set([...template.variables, ...also]),
    readsInput: template.readsInput || readsMore === true,
    when: conditionFor?.holds,
    dependsOnEntry:
      conditionFor !== undefined &&
      (conditionFor.compiled.readsInput ||
        ["entry", "answers", "version"].some((name) => conditionFor.compiled.variables.has(name))),
    accept: condition(accept)?.holds,
    undo: undoing,
  };
}

/** Reports an expression that fails on an entry as a mistake in the entry. */
export async function asInvalid<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ExpressionError || error instanceof TypeError)
      throw new ConnectorError("invalid", `The connector's call cannot be built: ${error.message}`, { cause: error });
    throw error;
  }
}
