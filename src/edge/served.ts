import type { Route } from "../gateway/route.ts";
import type { Limits } from "../gateway/serving.ts";
import type { Log } from "../observe/log.ts";
import type { ResourceType } from "../scim/schema.ts";

/** A route and what its HTTP endpoints need. */
export interface Served {
  readonly route: Route;
  /** The published types, reduced to mapped attributes. */
  readonly types: readonly ResourceType[];
  readonly limits: Limits & {
    /** Maximum body size, in bytes. */
    readonly body: number;
    /** Maximum operations per bulk request. */
    readonly bulkOperations: number;
  };
  readonly publicUrl: string | undefined;
  readonly log: Log;
}
