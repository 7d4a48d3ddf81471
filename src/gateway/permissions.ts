import { forbidden } from "../scim/error.ts";
import { actionOf, type Middleware } from "./operation.ts";

/** Lets a caller do what it may; anything else is 403, before anything is looked at. */
export const permitted: Middleware = (next) => async (operation) => {
  const { type, context } = operation;
  const action = actionOf(operation);
  if (!context.allows(type, action))
    throw forbidden(`The caller ${context.caller ?? "without a name"} may not ${action} ${type}.`, "permission");
  return next(operation);
};
