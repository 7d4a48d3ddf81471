import type { ListResponse } from "../scim/list.ts";
import type { Resource } from "../scim/schema.ts";
import type { Action, Context } from "./context.ts";
import type { Sorting } from "./order.ts";
import type { Shown } from "./view.ts";

/** Query parameters, RFC 7644 §3.4.2 and RFC 9865; others are ignored. */
export interface Query extends Shown, Sorting {
  readonly filter?: string | undefined;
  readonly startIndex?: string | undefined;
  readonly count?: string | undefined;
  readonly cursor?: string | undefined;
}

/** A SCIM operation on a resource type of a route, as data: RFC 7644 §3.3 to §3.6. */
export type ScimOperation = {
  /** The name of the resource type, `User`. */
  readonly type: string;
  readonly context: Context;
} & (
  | { readonly name: "get"; readonly id: string; readonly query: Shown }
  | { readonly name: "list"; readonly query: Query }
  | { readonly name: "create"; readonly body: unknown; readonly query: Shown }
  | ({ readonly name: "replace" } & Rewritten)
  | ({ readonly name: "patch" } & Rewritten)
  | { readonly name: "delete"; readonly id: string; readonly ifMatch?: string | undefined }
);

interface Rewritten {
  readonly id: string;
  readonly body: unknown;
  readonly query: Shown;
  readonly ifMatch?: string | undefined;
}

/** The operation with a given name. */
export type Named<Name extends ScimOperation["name"]> = Extract<ScimOperation, { readonly name: Name }>;

/** The result of each operation. A PATCH returns nothing if the route is configured so; a deletion never does. */
export interface Results {
  readonly get: Resource;
  readonly list: ListResponse;
  readonly create: Resource;
  readonly replace: Resource;
  readonly patch: Resource | undefined;
  readonly delete: undefined;
}

/** Executes an operation. Rejects with a `ScimError`, which becomes the response. */
export type Handler = <O extends ScimOperation>(operation: O) => Promise<Results[O["name"]]>;
/** Wraps a handler: may inspect, refuse, or answer in its place. */
export type Middleware = (next: Handler) => Handler;

/** The permission that an operation requires. */
export const actionOf = ({ name }: ScimOperation): Action => {
  switch (name) {
    case "get":
    case "list":
      return "read";
    case "replace":
    case "patch":
      return "update";
    default:
      return name;
  }
};

/** Wraps a handler in middleware, the first outermost. */
export const through = (middleware: readonly Middleware[], handler: Handler): Handler =>
  middleware.reduceRight((next, each) => each(next), handler);
