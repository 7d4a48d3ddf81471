import type { Context as HonoContext } from "hono";
import type { Env } from "./env.ts";

/** Headers of every response: nothing may be framed, sniffed or cached. */
export const ALWAYS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
} as const;
/** The content type of SCIM responses, RFC 7644 §8.1. */
export const SCIM_JSON = "application/scim+json; charset=utf-8";

/** Seconds after which a client may retry when the backend is unavailable or the gateway is overloaded. */
export const RETRY_AFTER = "5";

/** Clients that use TLS must keep using it, RFC 6797. */
const ENCRYPTED = { ...ALWAYS, "Strict-Transport-Security": "max-age=31536000; includeSubDomains" } as const;

/** Headers of every response, as OWASP's REST cheat sheet recommends, and the request ID. */
export const commonHeaders = (c: HonoContext<Env>): Record<string, string> => ({
  ...(c.get("origin")?.startsWith("https:") ? ENCRYPTED : ALWAYS),
  "X-Request-Id": c.get("requestId"),
});
