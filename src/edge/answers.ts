import type { Context as HonoContext } from "hono";
import type { Log } from "../observe/log.ts";
import { badRequest, errorBody, ScimError } from "../scim/error.ts";
import type { Env } from "./env.ts";
import { commonHeaders, RETRY_AFTER, SCIM_JSON } from "./headers.ts";

/** Maximum response size, in characters. */
const MAX_ANSWER = 32 * 1024 * 1024;

/** Sends SCIM JSON. All headers go in one plain object, which Hono's Node.js server writes without building a Response first. */
export function scimJson(
  c: HonoContext<Env>,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  const all = { ...commonHeaders(c), "Content-Type": SCIM_JSON, ...headers };
  const text = JSON.stringify(body);
  if (text.length > MAX_ANSWER)
    throw badRequest("tooMany", "The response would exceed 32 MB. Request fewer resources (count) or attributes.");
  return c.body(text, status as 200, all);
}

/** Sends a response without content. */
export const noContent = (c: HonoContext<Env>, status: 204 | 304 = 204): Response =>
  c.body(null, status, commonHeaders(c));

/** Additional headers of some errors. If the body was not read to its end, the connection must close. */
const headersOf: Readonly<Record<number, Record<string, string>>> = {
  401: { Connection: "close" },
  403: { Connection: "close" },
  413: { Connection: "close" },
  429: { "Retry-After": "1" },
  503: { "Retry-After": RETRY_AFTER },
};

/** Sends an error, RFC 7644 §3.12. Unexpected errors are logged in full, and the client gets only the request ID. */
export function scimFailure(c: HonoContext<Env>, error: Error, log: Log): Response {
  if (!(error instanceof ScimError)) {
    log.error({ requestId: c.get("requestId"), error: error.stack }, "unexpected error");
    return scimJson(
      c,
      errorBody({
        status: 500,
        message: `Internal error. The log has the details under request ID ${c.get("requestId")}.`,
      }),
      500,
    );
  }
  const { status, retryAfter } = error;
  const patience: Record<string, string> = retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) };
  return scimJson(c, errorBody(error), status, { ...headersOf[status], ...patience });
}
