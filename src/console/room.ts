import type { MiddlewareHandler } from "hono";
import type { ConsoleEnv } from "./env.ts";

/** How many requests of one session are answered at a time. A browser sends six at a time to a host by HTTP/1.1. */
const MAX_AT_A_TIME = 16;

/**
 * Refuses requests of a session that has many under way already: whoever may look must not keep others from looking. A stream counts until it
 * is open; how many there may be is limited elsewhere.
 */
export function withRoom(): MiddlewareHandler<ConsoleEnv> {
  const underWay = new Map<string, number>();
  return async (c, next) => {
    const { session } = c.var.operator;
    const count = underWay.get(session) ?? 0;
    if (count >= MAX_AT_A_TIME)
      return c.json(
        { error: `${MAX_AT_A_TIME} requests of yours are being answered. Try again when they are done.` },
        429,
      );
    underWay.set(session, count + 1);
    try {
      return await next();
    } finally {
      const left = underWay.get(session)! - 1;
      left === 0 ? underWay.delete(session) : underWay.set(session, left);
    }
  };
}
