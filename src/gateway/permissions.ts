import { forbidden } from "../scim/error.ts";
import type { Action, Context } from "./context.ts";
import type { Gateway } from "./gateway.ts";

/** A gateway that lets a caller do what it may: all else is 403. What is refused is not looked at. */
export function withPermissions(gateway: Gateway): Gateway {
  const require = ({ allows, caller }: Context, type: string, action: Action): void => {
    if (!allows(type, action)) throw forbidden(`The caller ${caller ?? "without a name"} may not ${action} ${type}.`);
  };
  return {
    ...gateway,
    get: async (type, id, query, context) => {
      require(context, type, "read");
      return gateway.get(type, id, query, context);
    },
    list: async (type, query, context) => {
      require(context, type, "read");
      return gateway.list(type, query, context);
    },
    create: async (type, body, query, context) => {
      require(context, type, "create");
      return gateway.create(type, body, query, context);
    },
    replace: async (type, id, body, query, context, ifMatch) => {
      require(context, type, "update");
      return gateway.replace(type, id, body, query, context, ifMatch);
    },
    patch: async (type, id, body, query, context, ifMatch) => {
      require(context, type, "update");
      return gateway.patch(type, id, body, query, context, ifMatch);
    },
    remove: async (type, id, context, ifMatch) => {
      require(context, type, "delete");
      return gateway.remove(type, id, context, ifMatch);
    },
  };
}
