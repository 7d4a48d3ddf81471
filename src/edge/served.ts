import type { Gateway } from "../gateway/gateway.ts";
import type { Limits } from "../gateway/list.ts";
import type { Log } from "../observe/log.ts";
import type { ResourceType } from "../scim/schema.ts";

/** A base path, the gateway that serves it, and what its endpoints need to know beside. */
export interface Served {
  readonly base: string;
  readonly gateway: Gateway;
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
