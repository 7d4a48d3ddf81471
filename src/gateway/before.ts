import type { Action, Context } from "./context.ts";
import type { Gateway } from "./gateway.ts";

/** Looks at an operation before it begins, of one resource where `id` says which; what it throws is the answer. */
export type Check = (operation: {
  readonly action: Action;
  readonly type: string;
  readonly id: string | undefined;
  readonly context: Context;
}) => void | Promise<void>;

/** A gateway that begins no operation before a check has passed. */
export function checkedBefore(gateway: Gateway, check: Check): Gateway {
  return {
    ...gateway,
    get: async (type, id, query, context) => {
      await check({ action: "read", type, id, context });
      return gateway.get(type, id, query, context);
    },
    list: async (type, query, context) => {
      await check({ action: "read", type, id: undefined, context });
      return gateway.list(type, query, context);
    },
    create: async (type, body, query, context) => {
      await check({ action: "create", type, id: undefined, context });
      return gateway.create(type, body, query, context);
    },
    replace: async (type, id, body, query, context, ifMatch) => {
      await check({ action: "update", type, id, context });
      return gateway.replace(type, id, body, query, context, ifMatch);
    },
    patch: async (type, id, body, query, context, ifMatch) => {
      await check({ action: "update", type, id, context });
      return gateway.patch(type, id, body, query, context, ifMatch);
    },
    remove: async (type, id, context, ifMatch) => {
      await check({ action: "delete", type, id, context });
      return gateway.remove(type, id, context, ifMatch);
    },
  };
}
