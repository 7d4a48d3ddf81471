import type { Context as HonoContext } from "hono";
import type { Context } from "../gateway/context.ts";

/** What the middleware leaves for the handlers. */
export interface Env {
  readonly Variables: {
    requestId: string;
    caller?: string;
    notes: Record<string, unknown>;
    connectorMs: number;
  };
}

/** A connector gets this long for all that one request asks of it; the client's patience is 5 seconds. */
const DEADLINE_MS = 4500;

/** The gateway's context of a request. */
export function contextOf(c: HonoContext<Env>, base: string, publicUrl: string | undefined): Context {
  return {
    baseUrl: `${publicUrl?.replace(/\/+$/, "") ?? new URL(c.req.url).origin}${base}`,
    signal: AbortSignal.timeout(DEADLINE_MS),
    note: (fields) => Object.assign(c.get("notes"), fields),
    waited: (milliseconds) => c.set("connectorMs", c.get("connectorMs") + milliseconds),
  };
}
