import type { Context as HonoContext } from "hono";
import type { Permissions, ShownCertificate } from "../auth/caller.ts";
import type { Context } from "../gateway/context.ts";

/** Values that middleware sets for handlers. */
export interface Env {
  readonly Variables: {
    requestId: string;
    /** The client's address. */
    source: string;
    caller?: string;
    /** Reports whether the caller may do this many more operations in this second. */
    mayDo?: (operations: number) => Promise<boolean>;
    may?: Permissions;
    /** The whole request body. */
    body?: Buffer;
    certificate?: ShownCertificate;
    /** The origin that the client used, `https://host`. */
    origin: string;
    /** When the request came, by `performance.now()`. */
    receivedAt: number;
    /** Whether the journal has an operation of the request. */
    isJournaled?: boolean;
    notes: Record<string, unknown>;
    connectorMs: number;
    deadline: AbortSignal;
    operationMs: number;
  };
}

/** The gateway's context for a request. */
export function contextOf(c: HonoContext<Env>, base: string, publicUrl: string | undefined): Context {
  return {
    baseUrl: `${publicUrl?.replace(/\/+$/, "") ?? c.get("origin")}${base}`,
    signal: c.get("deadline"),
    operationMs: c.get("operationMs"),
    requestId: c.get("requestId"),
    caller: c.get("caller"),
    source: c.get("source"),
    allows: (type, action) => {
      const may = c.get("may");
      return (may?.types?.includes(type) ?? true) && (may?.actions?.includes(action) ?? true);
    },
    mayDo: c.get("mayDo") ?? (async () => true),
    receivedAt: c.get("receivedAt"),
    journaled: () => c.set("isJournaled", true),
    note: (fields) => Object.assign(c.get("notes"), fields),
    waited: (milliseconds) => c.set("connectorMs", c.get("connectorMs") + milliseconds),
  };
}
