import { nearestOf } from "../connector/kit/text.ts";
import { helpers } from "./helpers.ts";

/** A node of JSONata's syntax tree, as far as it is used here. */
interface Node {
  readonly type?: string;
  readonly value?: unknown;
  readonly position?: number;
  readonly lhs?: unknown;
  readonly rhs?: unknown;
  readonly procedure?: Node;
  readonly arguments?: readonly Node[];
  readonly steps?: readonly Node[];
  readonly expressions?: readonly Node[];
  readonly stages?: readonly unknown[];
  readonly then?: Node;
  readonly else?: Node;
}

/** A mistake in an expression: the message, and the wrong part. */
export interface ExpressionMistake {
  readonly code: "unknown-function" | "adds-text";
  readonly message: string;
  /** The wrong part of the source, and where it starts. */
  readonly text: string;
  readonly position: number;
  /** What was probably meant. */
  readonly suggestion: string | undefined;
}

/** The functions of JSONata 2, except `$eval`, which is not available. A test compares the list with the library. */
export const jsonataFunctions: readonly string[] =
  "sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power random boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse each error assert type sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl toMillis fromMillis clone now millis pad".split(
    " ",
  );

/** Functions that always return text. */
const returnText = new Set(
  "string substring substringBefore substringAfter lowercase uppercase trim replace join formatNumber formatBase formatInteger base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl now fromMillis pad ascii accountName shorten rdn regexQuote secret date today normalize key".split(
    " ",
  ),
);

/**
 * Mistakes that make an expression fail on every input: calls of unknown functions, and text added with `+`. `functions` are bound by the
 * caller.
 */
export function mistakesIn(tree: unknown, source: string, functions: readonly string[]): ExpressionMistake[] {
  const nodes = nodesIn(tree);
  const bound = nodes.flatMap(boundBy);
  const known = [...jsonataFunctions, ...Object.keys(helpers), ...functions];
  return nodes.flatMap((node): ExpressionMistake[] => {
    const called = calledBy(node);
    if (called && !known.includes(called.name) && !bound.includes(called.name)) {
      const text = `$${called.name}`;
      const best = nearestOf(called.name, [...known, ...bound]);
      return [
        {
          code: "unknown-function",
          message: `there is no function ${text}${best === undefined ? "" : `, did you mean $${best}?`}`,
          text,
          position: called.position - text.length,
          suggestion: best && `$${best}`,
        },
      ];
    }
    if (isSum(node) && [node.lhs, node.rhs].some((side) => isText(side as Node)))
      return [
        {
          code: "adds-text",
          message: "+ adds numbers and fails on text: join texts with &",
          text: "+",
          position: Number(node.position ?? source.length) - 1,
          suggestion: "&",
        },
      ];
    return [];
  });
}

/** All nodes of a syntax tree. */
function nodesIn(tree: unknown): Node[] {
  if (Array.isArray(tree)) return tree.flatMap(nodesIn);
  if (typeof tree !== "object" || tree === null || tree instanceof RegExp) return [];
  return [tree as Node, ...Object.values(tree).flatMap(nodesIn)];
}

/** The names that a node binds: by `:=`, function parameters, `@` and `#`. */
function boundBy(node: Node): string[] {
  const { type, lhs, arguments: parameters = [] } = node;
  const names = type === "bind" ? [lhs as Node] : type === "lambda" ? parameters : [];
  const { focus, index } = node as { focus?: unknown; index?: unknown };
  const stages = (node.stages ?? []) as { type?: string; value?: unknown }[];
  return [
    ...names.map(({ value }) => String(value)),
    ...[focus, index].filter((each) => typeof each === "string"),
    ...stages.filter(({ type }) => type === "index").map(({ value }) => String(value)),
  ];
}

/** The variable that a node calls as a function, and the position after it. */
function calledBy({ type, procedure, rhs }: Node): { name: string; position: number } | undefined {
  const called = type === "function" || type === "partial" ? procedure : type === "apply" ? (rhs as Node) : undefined;
  if (called?.type !== "variable" || typeof called.value !== "string" || called.value === "") return undefined;
  return { name: called.value, position: Number(called.position ?? 0) };
}

const isSum = ({ type, value }: Node): boolean => type === "binary" && value === "+";

/** Reports whether a node is always text, if it has a value. */
function isText({ type, value, procedure }: Node): boolean {
  if (type === "string") return true;
  if (type === "binary") return value === "&";
  return type === "function" && procedure?.type === "variable" && returnText.has(String(procedure.value));
}

/** Reports whether an expression is a sum of two attributes at its top level: certainly not text. */
export const isSumAtTop = (tree: unknown): boolean => isSum(tree as Node);

/** Reports whether a text used as a name is an expression: a call, or one that joins, chooses or compares. */
export function isExpressionTree(tree: unknown): boolean {
  const { type, value } = tree as Node;
  if (type === "path") return ((tree as Node).steps ?? []).some((step) => isExpressionTree(step));
  if (type === "binary") return ["&", "=", "!=", "and", "or"].includes(String(value));
  return ["function", "condition", "block", "string", "lambda", "apply", "bind"].includes(type ?? "");
}

/** The name, if an expression is nothing but a name. */
export function nameAlone(tree: unknown): string | undefined {
  const { type, steps = [] } = tree as Node;
  const [only, ...more] = type === "path" ? steps : [];
  return only?.type === "name" && more.length === 0 && !only.stages ? String(only.value) : undefined;
}

/** The literals that a name is compared with by `=`, `!=` or `in`, anywhere in an expression. */
export function comparedWith(tree: unknown, name: string): unknown[] {
  return nodesIn(tree).flatMap(({ type, value, lhs, rhs }) => {
    if (type !== "binary" || !["=", "!=", "in"].includes(String(value))) return [];
    const sides = [lhs, rhs] as Node[];
    if (!sides.some((side) => nameAlone(side) === name)) return [];
    return sides.flatMap(literalsOf);
  });
}

function literalsOf({ type, value, expressions }: Node): unknown[] {
  if (type === "string" || type === "number" || type === "value") return [value];
  return type === "unary" && value === "[" ? (expressions ?? []).flatMap(literalsOf) : [];
}
