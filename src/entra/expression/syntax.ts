/** A mistake in an expression, found while parsing or evaluating it. The message is a sentence without the position. */
export class ExpressionError extends Error {
  /** Zero-based index into the expression's text, in UTF-16 code units, for drawing a caret. */
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.name = "ExpressionError";
    this.position = position;
  }
}

/** Comparison operators. Longer ones come first, so that a scanner can try them in order. */
export const OPERATORS = ["<>", ">=", "<=", "=", ">", "<"] as const;
/** One of them. */
export type Operator = (typeof OPERATORS)[number];

/** Constants written without quotes: the comparison types of InStr. */
export const WORDS = ["vbBinaryCompare", "vbTextCompare"] as const;

/** A parsed expression. `position` is the index in the parsed text where the part begins. */
export type Expression =
  | { readonly kind: "attribute"; readonly name: string; readonly position: number }
  | { readonly kind: "text"; readonly text: string; readonly position: number }
  /** As it is written: `7`, `-2.5` or `&HF7`. */
  | { readonly kind: "number"; readonly text: string; readonly position: number }
  | { readonly kind: "word"; readonly word: (typeof WORDS)[number]; readonly position: number }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly arguments: readonly Expression[];
      readonly position: number;
    }
  | {
      readonly kind: "comparison";
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
      readonly position: number;
    }
  /** A blank argument, such as the second one of `Switch([a], , "x", "y")`. */
  | { readonly kind: "omitted"; readonly position: number };

/** The expression in canonical form. Parsing it again yields the same expression, except for positions. */
export function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case "attribute":
      return `[${expression.name}]`;
    case "text":
      return `"${expression.text.replace(/[\\"]/g, "\\$&")}"`;
    case "number":
      return expression.text;
    case "word":
      return expression.word;
    case "call":
      return `${expression.name}(${expression.arguments.map(expressionText).join(", ")})`;
    case "comparison":
      return `${expressionText(expression.left)} ${expression.operator} ${expressionText(expression.right)}`;
    case "omitted":
      return "";
  }
}

/** The names of the source attributes that an expression reads. */
export function attributesOf(expression: Expression): ReadonlySet<string> {
  return new Set(namesIn(expression));
}

function namesIn(expression: Expression): readonly string[] {
  switch (expression.kind) {
    case "attribute":
      return [expression.name];
    case "call":
      return expression.arguments.flatMap(namesIn);
    case "comparison":
      return [...namesIn(expression.left), ...namesIn(expression.right)];
    default:
      return [];
  }
}

/** Functions that return their argument and only affect how the value flows. They can wrap each other. */
const WRAPPERS: readonly string[] = ["IgnoreFlowIfNullOrEmpty", "Redact"];

/** Reports whether the target attribute is left out of the request if the value is null or empty: IgnoreFlowIfNullOrEmpty at the top. */
export const omitsWhenEmpty = (expression: Expression): boolean => isWrapped(expression, "IgnoreFlowIfNullOrEmpty");

/** Reports whether logs show "[Redact]" instead of the value: Redact at the top. */
export const isRedacted = (expression: Expression): boolean => isWrapped(expression, "Redact");

function isWrapped(expression: Expression, wrapper: string): boolean {
  if (expression.kind !== "call" || !WRAPPERS.includes(expression.name)) return false;
  return expression.name === wrapper || expression.arguments.some((each) => isWrapped(each, wrapper));
}
