import { setTimeout as sleep } from "node:timers/promises";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { AuthUnavailable, type Caller, type Presented } from "../auth/caller.ts";
import type { Chain } from "../auth/chain.ts";
import { notNow, ScimError } from "../scim/error.ts";
import type { Env } from "./env.ts";
import { countFailures, type Failures, SLOW_MS } from "./failures.ts";

/** The most requests that are slowed down at a time. */
const MAX_SLOWED = 100;

/**
 * Who the caller is, before anything else of a request is looked at: 401 where it is nobody, 403 where the route is not for it,
 * 429 where it asks too often. Wrong secrets are slowed down for each source; right ones never are.
 */
export function authentication({ authenticate }: Chain, base: string, { failed }: Failures): MiddlewareHandler<Env> {
  const isTooOften = countFailures();
  const rates = new Map<string, RateLimiterMemory>();
  let slowed = 0;

  async function refuse(c: HonoContext<Env>): Promise<never> {
    failed(methodOf(c));
    if (await isTooOften(c.var.source)) {
      if (slowed >= MAX_SLOWED)
        throw new ScimError(
          429,
          undefined,
          "There were too many wrong credentials from this address. Try again later.",
        );
      slowed++;
      await sleep(SLOW_MS).finally(() => slowed--);
    }
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

  async function withinRate({ name, rate }: Caller): Promise<void> {
    if (rate === undefined) return;
    const limiter = rates.get(name) ?? new RateLimiterMemory({ points: rate, duration: 1 });
    rates.set(name, limiter);
    try {
      await limiter.consume(name);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw new ScimError(429, undefined, `${name} may ask ${rate} times a second. Try again in a second.`);
    }
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
    await withinRate(caller);
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
  const { certificate } = c.var;
  return { authorization, ...(certificate && { certificate }) };
}
