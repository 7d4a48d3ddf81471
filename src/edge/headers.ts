import type { Context as HonoContext } from "hono";
import type { Env } from "./env.ts";

/** What every answer says to whoever might show it in a browser, or keep it: nothing is to be. */
export const ALWAYS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
} as const;
/** The type of SCIM's answers, RFC 7644 §8.1. */
export const SCIM_JSON = "application/scim+json; charset=utf-8";

/** Seconds after which a client may try again when the backend is away, or there is too much to do. */
export const RETRY_AFTER = "5";

/** Where the client speaks TLS it is to go on so, RFC 6797. */
const ENCRYPTED = { ...ALWAYS, "Strict-Transport-Security": "max-age=31536000; includeSubDomains" } as const;

/** The headers that every answer has, as OWASP's REST cheat sheet lists them, and the request's id. */
export const commonHeaders = (c: HonoContext<Env>): Record<string, string> => ({
  ...(c.get("origin")?.startsWith("https:") ? ENCRYPTED : ALWAYS),
  "X-Request-Id": c.get("requestId"),
});
