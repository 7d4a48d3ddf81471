import type { Context as HonoContext } from "hono";
import type { Context } from "../gateway/context.ts";

/** What the middleware leaves for the handlers. */
export interface Env {
  readonly Variables: {
    requestId: string;
    caller?: string;
    notes: Record<string, unknown>;
    connectorMs: number;
    deadline: AbortSignal;
  };
}

/** The gateway's context of a request. */
export function contextOf(c: HonoContext<Env>, base: string, publicUrl: string | undefined): Context {
  return {
    baseUrl: `${publicUrl?.replace(/\/+$/, "") ?? `http://${c.req.header("host")}`}${base}`,
    signal: c.get("deadline"),
    note: (fields) => Object.assign(c.get("notes"), fields),
    waited: (milliseconds) => c.set("connectorMs", c.get("connectorMs") + milliseconds),
  };
}
