import type { Route } from "../gateway/route.ts";
import type { Limits } from "../gateway/serving.ts";
import type { Log } from "../observe/log.ts";
import type { ResourceType } from "../scim/schema.ts";

/** A route, and what its HTTP endpoints need to know beside. */
export interface Served {
  readonly route: Route;
  /** The types as they are published: cut down to what is mapped. */
  readonly types: readonly ResourceType[];
  readonly limits: Limits & {
    /** The largest body, in bytes. */
    readonly body: number;
    /** The most operations of a bulk request. */
    readonly bulkOperations: number;
  };
  readonly publicUrl: string | undefined;
  readonly log: Log;
}
