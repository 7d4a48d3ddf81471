import type { ListResponse } from "../scim/list.ts";
import type { Resource } from "../scim/schema.ts";
import type { Action, Context } from "./context.ts";
import type { Sorting } from "./order.ts";
import type { Shown } from "./view.ts";

/** The parameters of a query, RFC 7644 §3.4.2 and RFC 9865; others are passed over. */
export interface Query extends Shown, Sorting {
  readonly filter?: string | undefined;
  readonly startIndex?: string | undefined;
  readonly count?: string | undefined;
  readonly cursor?: string | undefined;
}

/** A SCIM operation on one resource type of a route, as data: RFC 7644 §3.3 to §3.6. */
export type ScimOperation = {
  /** The resource type's name, `User`. */
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

/** The operation of a name. */
export type Named<Name extends ScimOperation["name"]> = Extract<ScimOperation, { readonly name: Name }>;

/** What each operation answers. A PATCH answers nothing where the route says so; a deletion never answers anything. */
export interface Results {
  readonly get: Resource;
  readonly list: ListResponse;
  readonly create: Resource;
  readonly replace: Resource;
  readonly patch: Resource | undefined;
  readonly delete: undefined;
}

/** Carries out an operation. Rejects with a `ScimError`, which is the answer then. */
export type Handler = <O extends ScimOperation>(operation: O) => Promise<Results[O["name"]]>;
/** Stands before a handler: may look, refuse, or answer in its place. */
export type Middleware = (next: Handler) => Handler;

/** What an operation does to resources, in the words in which callers are permitted it. */
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

/** Puts middleware before a handler; the first stands outermost. */
export const through = (middleware: readonly Middleware[], handler: Handler): Handler =>
  middleware.reduceRight((next, each) => each(next), handler);
