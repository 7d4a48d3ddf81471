import type { HttpBindings } from "@hono/node-server";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import { AuthUnavailable, type Caller, type Presented } from "../auth/caller.ts";
import type { Chain } from "../auth/chain.ts";
import { forbidden, notNow, ScimError, tooMany } from "../scim/error.ts";
import type { Env } from "./env.ts";
import type { Throttle, Verdict } from "./throttle.ts";

/** Called for each failed authentication, with the method attempted. */
export type Failed = (method: string) => void;
/** Called for each request refused because of its sender, for the audit log. */
export type Refused = (refusal: {
  readonly status: number;
  readonly refusal: string;
  readonly requestId: string;
  readonly source: string;
  readonly caller?: string | undefined;
  readonly route?: string | undefined;
}) => void;

/** What authentication needs. */
export interface Door {
  readonly chain: Chain;
  readonly throttle: Throttle;
  readonly failed: Failed;
  readonly refused: Refused;
}

/** The connection that carries a request. */
export const connectionOf = (c: HonoContext<Env>): object | undefined =>
  (c.env as unknown as HttpBindings | undefined)?.incoming?.socket;

/** Checks a request's credentials, after a delay if its source has failed too often. Throws 429 if too many requests are waiting. */
export async function judged<T extends { readonly verdict: Verdict }>(
  c: HonoContext<Env>,
  { throttle }: Pick<Door, "throttle">,
  look: () => Promise<T>,
): Promise<T> {
  const found = await throttle.judge(c.get("source"), connectionOf(c), look);
  if (found) return found;
  throw tooMany("Too many failed authentications from this address. Try again later.");
}

/**
 * Authenticates the caller before anything else: 401 for invalid credentials, 403 if the caller may not use the route, 429 above its rate
 * limit.
 */
export function authentication(door: Door, base: string): MiddlewareHandler<Env> {
  const { chain, throttle, refused } = door;
  const tell = (c: HonoContext<Env>, status: number, refusal: string, caller?: string) =>
    refused({ status, refusal, requestId: c.get("requestId"), source: c.get("source"), caller, route: base });

  return async (c, next) => {
    const { caller } = await judged(c, door, async () => {
      const known = await chain.authenticate(presentedBy(c)).catch((error) => {
        if (error instanceof AuthUnavailable) throw notNow(error.message);
        throw error;
      });
      return { caller: known, verdict: known ? "proven" : isGiven(c) ? "failed" : "nothing" };
    });
    if (!caller) {
      tell(c, 401, "authentication");
      throw nobody(c, door);
    }
    know(c, caller, throttle);
    if (caller.may.routes && !caller.may.routes.includes(base)) {
      tell(c, 403, "route", caller.name);
      throw forbidden(`The caller ${caller.name} may not use the route ${base}.`, "route");
    }
    if (!(await throttle.isWithinRate(caller)))
      throw tooMany(
        `${caller.name} has exceeded its limit of ${caller.rate} requests per second. Try again in a second.`,
      );
    return next();
  };
}

function know(c: HonoContext<Env>, caller: Caller, throttle: Throttle): void {
  c.set("caller", caller.name);
  c.set("may", caller.may);
  c.set("mayDo", (operations) => throttle.isWithinRate(caller, operations));
}

/** Only wrong credentials count as failures. A request without any guesses nothing. */
const isGiven = (c: HonoContext<Env>): boolean => c.req.header("authorization") !== undefined;

/** 401, RFC 6750 §3. */
function nobody(c: HonoContext<Env>, { failed }: Door): ScimError {
  failed(methodOf(c));
  c.header("WWW-Authenticate", isGiven(c) ? 'Bearer realm="scim", error="invalid_token"' : 'Bearer realm="scim"');
  return new ScimError(
    401,
    undefined,
    isGiven(c)
      ? "The credentials are unknown or no longer valid."
      : "Authentication required. Send Authorization: Bearer TOKEN.",
  );
}

/** The attempted method, for metrics. Never the caller's name. */
const methodOf = (c: HonoContext<Env>): string => {
  const scheme = /^(\w+)/.exec(c.req.header("authorization") ?? "")?.[1]?.toLowerCase();
  return scheme === "bearer" || scheme === "basic" ? scheme : scheme === undefined ? "none" : "other";
};

function presentedBy(c: HonoContext<Env>): Presented {
  const authorization = c.req.header("authorization");
  const certificate = c.get("certificate");
  return { authorization, ...(certificate && { certificate }) };
}
