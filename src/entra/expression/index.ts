/**
 * Expressions of attribute mappings, as Entra ID's provisioning has them. docs/reference/entra-expressions.md says which functions there are.
 *
 * @module
 */
/** What an expression may ask of the world around it. */
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
/** What an expression gives. */
export type { Value } from "./value.ts";
