import { ExpressionError } from "../expression/compile.ts";
import type { Middleware } from "./operation.ts";

/** Logs a failure for administrators, at level `warn`. */
type Warn = (fields: Record<string, unknown>, message: string) => void;

/**
 * Logs each operation that failed because of a mapping's expression: file, row and reason, without values. The client is told too, but only
 * the administrator can fix it.
 */
export const logged =
  (warn: Warn): Middleware =>
  (next) =>
  async (operation) => {
    try {
      return await next(operation);
    } catch (error) {
      const failure = expressionErrorIn(error);
      if (failure?.place) {
        const { file: mapping, row } = failure.place;
        const { type, name, context } = operation;
        const { requestId } = context;
        warn(
          { requestId, type, operation: name, mapping, row, reason: failure.reason },
          "expression of the mapping failed",
        );
      }
      throw error;
    }
  };

/** The expression error that caused a failure. */
function expressionErrorIn(error: unknown): ExpressionError | undefined {
  for (let each = error; each instanceof Error; each = each.cause) if (each instanceof ExpressionError) return each;
  return undefined;
}
