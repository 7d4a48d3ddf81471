import type { Context as HonoContext } from "hono";
import type { Log } from "../observe/log.ts";
import { errorBody, ScimError } from "../scim/error.ts";
import type { Env } from "./env.ts";

/** Seconds after which a client may try again when the backend is away. */
const RETRY_AFTER = "5";

/** Answers SCIM's JSON. */
export function scimJson(
  c: HonoContext<Env>,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  c.header("Content-Type", "application/scim+json; charset=utf-8");
  return c.body(JSON.stringify(body), status as 200);
}

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
  return scimJson(c, errorBody(error), error.status, error.status === 503 ? { "Retry-After": RETRY_AFTER } : {});
}
