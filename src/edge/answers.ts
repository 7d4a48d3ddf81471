import type { Context as HonoContext } from "hono";
import type { Log } from "../observe/log.ts";
import { badRequest, errorBody, ScimError } from "../scim/error.ts";
import type { Env } from "./env.ts";
import { commonHeaders, RETRY_AFTER, SCIM_JSON } from "./headers.ts";

/** The longest answer, in characters. */
const MAX_ANSWER = 32 * 1024 * 1024;

/**
 * Answers SCIM's JSON. All headers go in one plain object: that is the form in which Hono's Node.js server writes them
 * without building a Response first.
 */
export function scimJson(
  c: HonoContext<Env>,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  const all = { ...commonHeaders(c), "Content-Type": SCIM_JSON, ...headers };
  const text = JSON.stringify(body);
  if (text.length > MAX_ANSWER)
    throw badRequest(
      "tooMany",
      "The answer would be longer than 32 MB. Ask for fewer resources, by count, or attributes.",
    );
  return c.body(text, status as 200, all);
}

/** Answers without content. */
export const noContent = (c: HonoContext<Env>, status: 204 | 304 = 204): Response =>
  c.body(null, status, commonHeaders(c));

/** What some failures say beside. A body that was not read to its end ends its connection: no request may follow it. */
const headersOf: Readonly<Record<number, Record<string, string>>> = {
  401: { Connection: "close" },
  403: { Connection: "close" },
  413: { Connection: "close" },
  429: { "Retry-After": "1" },
  503: { "Retry-After": RETRY_AFTER },
};

/** Answers a failure, RFC 7644 §3.12. What was not foreseen is logged in full and told as no more than that. */
export function scimFailure(c: HonoContext<Env>, error: Error, log: Log): Response {
  if (!(error instanceof ScimError)) {
    log.error({ requestId: c.get("requestId"), error: error.stack }, "unforeseen failure");
    return scimJson(
      c,
      errorBody({
        status: 500,
        message: `Something went wrong here; the log has it under the request id ${c.get("requestId")}.`,
      }),
      500,
    );
  }
  const { status, retryAfter } = error;
  const patience: Record<string, string> = retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) };
  return scimJson(c, errorBody(error), status, { ...headersOf[status], ...patience });
}
