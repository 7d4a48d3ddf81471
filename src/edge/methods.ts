import type { Hono } from "hono";
import type { Log } from "../observe/log.ts";
import { ScimError } from "../scim/error.ts";
import { scimFailure } from "./answers.ts";
import type { Env } from "./env.ts";
import { commonHeaders } from "./headers.ts";

/**
 * Handles methods without a handler: OPTIONS lists the allowed ones, others get 405 with `Allow` (RFC 9110 §15.5.6). Call it after
 * registering all handlers of a path.
 */
export function onlyMethods(app: Hono<Env>, path: string, methods: readonly string[], log: Log): void {
  const all = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"];
  const allow = all.join(", ");
  app.all(path, (c) => {
    if (c.req.method === "OPTIONS") return c.body(null, 204, { ...commonHeaders(c), Allow: allow });
    const response = scimFailure(
      c,
      new ScimError(405, undefined, `${c.req.method} is not allowed here. Allowed: ${allow}.`),
      log,
    );
    response.headers.set("Allow", allow);
    return response;
  });
}
