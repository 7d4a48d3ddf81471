import { forbidden } from "../scim/error.ts";
import { actionOf, type Middleware } from "./operation.ts";

/** Enforces the caller's permissions: 403 before anything is read. */
export const permitted: Middleware = (next) => async (operation) => {
  const { type, context } = operation;
  const action = actionOf(operation);
  if (!context.allows(type, action))
    throw forbidden(
      `The caller ${context.caller ?? "without a name"} is not permitted to ${action} ${type}.`,
      "permission",
    );
  return next(operation);
};
