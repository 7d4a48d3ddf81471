export type { Surroundings } from "./definition.ts";
export { evaluate } from "./evaluate.ts";
export { parseExpression } from "./parse.ts";
export {
  attributesOf,
  type Expression,
  ExpressionError,
  expressionText,
  isRedacted,
  omitsWhenEmpty,
} from "./syntax.ts";
export type { Value } from "./value.ts";
