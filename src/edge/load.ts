import type { MiddlewareHandler } from "hono";
import { notNow, ScimError } from "../scim/error.ts";
import type { Env } from "./env.ts";

/** A longer address than any client needs: queries with long filters go by POST, /.search. */
const MAX_URL = 16_384;

/**
 * Sheds what is too much before anything is done for it: requests beyond those that may be in flight are 503 at once,
 * so that the ones within are answered in time.
 */
export function shedding(most: number): MiddlewareHandler<Env> {
  let inFlight = 0;
  return async (c, next) => {
    if (c.req.url.length > MAX_URL)
      throw new ScimError(
        414,
        undefined,
        `The address is longer than ${MAX_URL} characters: send the query by POST to /.search.`,
      );
    if (inFlight >= most) throw notNow(`${most} requests are in flight, which is all that limits.inFlight allows.`);
    inFlight++;
    try {
      await next();
    } finally {
      inFlight--;
    }
  };
}
