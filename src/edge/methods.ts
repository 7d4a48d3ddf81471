import type { Hono } from "hono";
import type { Log } from "../observe/log.ts";
import { ScimError } from "../scim/error.ts";
import { scimFailure } from "./answers.ts";
import type { Env } from "./env.ts";
import { commonHeaders } from "./headers.ts";

/**
 * What an address answers to the methods that no handler takes: OPTIONS tells those that there are, others are 405 with
 * them in `Allow` (RFC 9110 §15.5.6). To be called when the address has all its handlers.
 */
export function onlyMethods(app: Hono<Env>, path: string, methods: readonly string[], log: Log): void {
  const all = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"];
  const allow = all.join(", ");
  app.all(path, (c) => {
    if (c.req.method === "OPTIONS") return c.body(null, 204, { ...commonHeaders(c), Allow: allow });
    const response = scimFailure(
      c,
      new ScimError(405, undefined, `${c.req.method} is not for this address, only ${allow}.`),
      log,
    );
    response.headers.set("Allow", allow);
    return response;
  });
}
