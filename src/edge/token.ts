import type { Hono, Context as HonoContext } from "hono";
import { AuthUnavailable } from "../auth/caller.ts";
import type { TokenEndpoint } from "../auth/clientCredentials.ts";
import { ScimError } from "../scim/error.ts";
import { type Door, judged } from "./authentication.ts";
import { type Bodies, readBody, textBody } from "./body.ts";
import type { Env } from "./env.ts";
import { commonHeaders } from "./headers.ts";

const MAX_FORM = 16_384;

/** The token endpoint for OAuth 2.0 client credentials, RFC 6749 §3.2. Its responses and errors are OAuth's, not SCIM's. */
export function tokenEndpoint(app: Hono<Env>, { path, issue }: TokenEndpoint, door: Door, bodies: Bodies): void {
  const { failed, refused } = door;
  const oauthError = (c: HonoContext<Env>, status: 400 | 401 | 405 | 429 | 503, error: string, detail: string) =>
    c.json({ error, error_description: detail }, status, {
      ...commonHeaders(c),
      ...(status === 401 && { "WWW-Authenticate": 'Basic realm="token"' }),
      ...((status === 503 || status === 429) && { "Retry-After": "5" }),
    });

  app.use(path, readBody(bodies, MAX_FORM));
  app.post(path, async (c) => {
    const type = (c.req.header("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
    if (type !== "application/x-www-form-urlencoded")
      return oauthError(c, 400, "invalid_request", "Send a form: application/x-www-form-urlencoded.");
    const form = new URLSearchParams(textBody(c));
    try {
      const { answer } = await judged(c, door, async () => {
        const answer = await issue(form, c.req.header("authorization"));
        const isWrong = !answer.ok && answer.error === "invalid_client";
        return { answer, verdict: answer.ok ? "proven" : isWrong ? "failed" : "nothing" };
      });
      if (answer.ok) return c.json(answer.body, 200, commonHeaders(c));
      if (answer.error !== "invalid_client") return oauthError(c, 400, answer.error, answer.detail);
      failed("clientCredentials");
      refused({ status: 401, refusal: "client", requestId: c.get("requestId"), source: c.get("source") });
      return oauthError(c, 401, answer.error, answer.detail);
    } catch (error) {
      if (error instanceof ScimError && error.status === 429)
        return oauthError(c, 429, "temporarily_unavailable", error.message);
      if (!(error instanceof AuthUnavailable)) throw error;
      return oauthError(c, 503, "temporarily_unavailable", error.message);
    }
  });
  app.all(path, (c) => {
    c.header("Allow", "POST");
    return oauthError(c, 405, "invalid_request", "Request tokens with POST.");
  });
}
