import type { Context as HonoContext, MiddlewareHandler } from "hono";
import { AuthUnavailable, type Presented } from "../auth/caller.ts";
import type { Chain } from "../auth/chain.ts";
import { notNow, ScimError, tooMany } from "../scim/error.ts";
import type { Env } from "./env.ts";
import type { Throttle } from "./throttle.ts";

/** Is told of each request by somebody unknown, with what was tried. */
export type Failed = (method: string) => void;

/**
 * Who the caller is, before anything else of a request is looked at: 401 where it is nobody, 403 where the route is not for it,
 * 429 where it asks too often. Wrong secrets are slowed down for each source; right ones never are.
 */
export function authentication(
  { authenticate }: Chain,
  base: string,
  throttle: Throttle,
  failed: Failed,
): MiddlewareHandler<Env> {
  async function refuse(c: HonoContext<Env>): Promise<never> {
    failed(methodOf(c));
    if (!(await throttle.heldBack(c.get("source"))))
      throw tooMany("There were too many wrong credentials from this address. Try again later.");
    const given = c.req.header("authorization") !== undefined;
    c.header("WWW-Authenticate", given ? 'Bearer realm="scim", error="invalid_token"' : 'Bearer realm="scim"');
    throw new ScimError(
      401,
      undefined,
      given
        ? "The credentials are not those of a caller that is configured, or are no longer valid."
        : "Send a token as Authorization: Bearer ...",
    );
  }

  return async (c, next) => {
    const caller = await authenticate(presentedBy(c)).catch((error) => {
      if (error instanceof AuthUnavailable) throw notNow(error.message);
      throw error;
    });
    if (!caller) return refuse(c);
    c.set("caller", caller.name);
    c.set("may", caller.may);
    if (caller.may.routes && !caller.may.routes.includes(base))
      throw new ScimError(403, undefined, `The route ${base} is not for the caller ${caller.name}.`);
    if (!(await throttle.isWithinRate(caller)))
      throw tooMany(`${caller.name} may ask ${caller.rate} times a second. Try again in a second.`);
    return next();
  };
}

/** What was tried, for the metrics: never whose. */
const methodOf = (c: HonoContext<Env>): string => {
  const scheme = /^(\w+)/.exec(c.req.header("authorization") ?? "")?.[1]?.toLowerCase();
  return scheme === "bearer" || scheme === "basic" ? scheme : scheme === undefined ? "none" : "other";
};

function presentedBy(c: HonoContext<Env>): Presented {
  const authorization = c.req.header("authorization");
  const certificate = c.get("certificate");
  return { authorization, ...(certificate && { certificate }) };
}
