import { hash, timingSafeEqual } from "node:crypto";
import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { every } from "hono/combine";
import { acting } from "./acting.ts";
import type { SignedOut } from "./api/me.ts";
import type { SignInWays } from "./api/sign-in.ts";
import { type SignInOptions, sourceIn } from "./attempt.ts";
import { begunSignIns } from "./begun.ts";
import { byLink } from "./by-link.ts";
import { byProvider } from "./by-provider.ts";
import type { SignIn } from "./console.ts";
import { clearCookie, cookieOf } from "./cookies.ts";
import type { ConsoleEnv } from "./env.ts";
import { createProvider } from "./oidc.ts";
import { isBackground, isFromConsole, isFromElsewhere, safely } from "./origin.ts";
import { answerProblem, SignInProblem } from "./problem.ts";
import { createSessions, hashed, type OtherSessions, type Sessions } from "./sessions.ts";
import type { OidcSettings } from "./settings.ts";
import { startedAs } from "./started.ts";
import { withProblems } from "./store.ts";

/** Maximum size of a body of whoever isn't signed in yet, in bytes. */
const MAX_BODY = 4096;

/** Signs people in by a provider or a link, keeps their sessions in the store, and tells requests apart by their cookie. */
export function createSignIn(given: SignInOptions): SignIn & { readonly sessions: OtherSessions } {
  const options = { ...given, store: withProblems(given.store, given.warn) };
  const { settings, warn } = options;
  const { oidc } = settings.signIn;
  const ways = { link: "link", oidc: oidc && wayOf(oidc) };
  const sessions = createSessions(options.store, settings.sessions, (way) => way === ways.link || way === ways.oidc);
  const endpoints = new Hono();
  endpoints.onError((error, c) => {
    if (error instanceof SignInProblem) return answerProblem(c, error, options.page);
    throw error;
  });
  endpoints.use("/sign-in/*", safely(options.url));
  endpoints.use(
    "/sign-in/*",
    bodyLimit({ maxSize: MAX_BODY, onError: (c) => c.json({ error: "The body is too large." }, 413) }),
  );
  endpoints.get("/sign-in/ways", (c) =>
    c.json({ oidc: oidc !== undefined, startedAs: startedAs() } satisfies SignInWays),
  );
  if (oidc) {
    const parts = { provider: createProvider(oidc, warn), begun: begunSignIns(oidc) };
    byProvider(endpoints, parts, { ...options, sessions, way: ways.oidc! });
  }
  byLink(endpoints, { ...options, sessions, way: ways.link });
  const identify = every(safely(options.url), identifying(sessions, options)) as MiddlewareHandler<ConsoleEnv>;
  const changing = fromConsole(options);
  const signOut = new Hono<ConsoleEnv>();
  signOut.post("/sign-out", identify, changing, async (c) => {
    await sessions.end(cookieOf(c, options.url(), "session"));
    clearCookie(c, options.url(), "session");
    await options.record({ event: "sign-out", by: acting.getStore(), source: sourceIn(c, options.sourceOf) });
    return c.body(null, 204);
  });
  endpoints.route("/", signOut);
  return { endpoints, identify, changing, idleMinutes: settings.sessions.idleMinutes, sessions: sessions.others };
}

/** Finds the session of a request's cookie. */
const identifying =
  (sessions: Sessions, { url }: SignInOptions): MiddlewareHandler<ConsoleEnv> =>
  async (c, next) => {
    if (isFromElsewhere(c)) return c.json({ error: "Requests from pages of other sites are not allowed." }, 403);
    const found = await sessions.find(cookieOf(c, url(), "session"), !isBackground(c)).catch((error) => {
      if (error instanceof SignInProblem) return error;
      throw error;
    });
    if (found instanceof SignInProblem) return answerProblem(c, found);
    const { signedIn, ended } = found;
    if (!signedIn) {
      const error = "You are not signed in, or your session is over. Sign in at /console/sign-in.";
      return c.json({ error, ...(ended && { ended }) } satisfies SignedOut, 401);
    }
    c.set("operator", signedIn.operator);
    return acting.run(signedIn.identity, next);
  };

/** Refuses what doesn't come from the console's own page. */
const fromConsole =
  ({ url }: SignInOptions): MiddlewareHandler<ConsoleEnv> =>
  async (c, next) => {
    if (!isFromConsole(c, url())) return c.json({ error: "The request does not come from the console's page." }, 403);
    const given = hash("sha256", c.req.header("x-postern-csrf") ?? "", "buffer");
    if (!timingSafeEqual(given, hash("sha256", c.var.operator.csrf, "buffer")))
      return c.json({ error: "The header X-Postern-CSRF is missing or not this session's. Reload the page." }, 403);
    return next();
  };

/** What people were signed in by, so that a change of provider or roles ends their sessions. Holds no secret. */
const wayOf = ({ issuer, clientId, roles }: OidcSettings): string =>
  hashed(JSON.stringify({ issuer, clientId, roles }));
