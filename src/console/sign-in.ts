import { hash, timingSafeEqual } from "node:crypto";
import { getConnInfo } from "@hono/node-server/conninfo";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { every } from "hono/combine";
import type { SignInWays } from "./api/sign-in.ts";
import type { SignIn } from "./console.ts";
import { clearCookie, cookieOf, giveCookie } from "./cookies.ts";
import type { ConsoleEnv } from "./env.ts";
import { useLink } from "./local.ts";
import { type Begun, createProvider, type Provider } from "./oidc.ts";
import { isFromConsole, isFromElsewhere, safely } from "./origin.ts";
import { answerProblem, type ProblemPage, SignInProblem } from "./problem.ts";
import { createSessions, hashed, isSecret, newSecret, type Person, type Sessions } from "./sessions.ts";
import type { ConsoleSettings, OidcSettings } from "./settings.ts";
import { type ConsoleStore, withProblems } from "./store.ts";

/** What sign-in works with. */
export interface SignInOptions {
  readonly settings: Pick<ConsoleSettings, "signIn" | "sessions">;
  /** The console's address, without a path. Called for each request: the port may be known only when the gateway listens. */
  readonly url: () => string;
  readonly store: ConsoleStore;
  /** Records who signed in or out, and who was refused. */
  readonly record: (event: SignInEvent) => Promise<void>;
  /** Runs an attempt of a source, later if it has failed often. Undefined, without an attempt, if too many are waiting. */
  readonly attempt: <T>(source: string, look: () => Promise<Attempt<T>>) => Promise<Attempt<T> | undefined>;
  readonly warn: (fields: object, message: string) => void;
  /** Shows people why they could not be signed in. */
  readonly page: ProblemPage;
}

/** The end of an attempt to sign in. `failed` counts against its source. */
export interface Attempt<T> {
  readonly verdict: "proven" | "failed" | "nothing";
  readonly value: T | SignInProblem;
}

/** What the audit log has of sign-in. */
export interface SignInEvent {
  readonly event: "sign-in" | "sign-out" | "refused";
  /** Who it is; absent from a refusal of somebody unknown. */
  readonly by?: string | undefined;
  readonly method?: "oidc" | "link";
  readonly source: string;
  readonly [field: string]: unknown;
}

/** How long somebody may take to sign in at the provider, in milliseconds. */
const BEGUN_MS = 600_000;
/** Maximum number of sign-ins that have begun. A new one replaces the oldest. */
const MAX_BEGUN = 1000;
const MAX_PATH = 1000;
/** Maximum size of a body of whoever isn't signed in yet, in bytes. */
const MAX_BODY = 4096;
const CALLBACK = "/console/sign-in/callback";
const UNKNOWN = "This sign-in has expired, was finished already, or began in another browser. Sign in again.";

/** What is kept while somebody is at the provider. */
interface Pending extends Begun {
  readonly path: string;
}

/** Signs people in by a provider or a link, keeps their sessions in the store, and tells requests apart by their cookie. */
export function createSignIn(given: SignInOptions): SignIn {
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
  endpoints.get("/sign-in/ways", (c) => c.json({ oidc: oidc !== undefined } satisfies SignInWays));
  if (oidc) byProvider(endpoints, createProvider(oidc, warn), { ...options, sessions, way: ways.oidc! });
  byLink(endpoints, { ...options, sessions, way: ways.link });
  const identify = every(safely(options.url), identifying(sessions, options)) as MiddlewareHandler<ConsoleEnv>;
  const changing = fromConsole(options);
  const signOut = new Hono<ConsoleEnv>();
  signOut.post("/sign-out", identify, changing, async (c) => {
    await sessions.end(cookieOf(c, options.url(), "session"));
    clearCookie(c, options.url(), "session");
    await options.record({ event: "sign-out", by: c.var.operator.name, source: sourceOf(c) });
    return c.body(null, 204);
  });
  endpoints.route("/", signOut);
  return { endpoints, identify, changing };
}

interface Way extends SignInOptions {
  readonly sessions: Sessions;
  readonly way: string;
}

/** Sign-in by a provider. Whoever comes back must have the cookie of the browser that left. */
function byProvider(app: Hono, provider: Provider, way: Way): void {
  const { url, store } = way;
  const ticketOf = (browser: string, state: string) => hashed(`${browser} ${state}`);
  app.get("/sign-in/oidc", async (c) => {
    const here = `${url()}${new URL(c.req.url).pathname}${new URL(c.req.url).search}`;
    // localhost is another host than 127.0.0.1 to cookies, and the provider sends the browser back to the configured one.
    if (url().startsWith("http:") && new URL(here).host !== c.req.header("host")) return c.redirect(here);
    const { url: to, ...begun } = await provider.begin(`${url()}${CALLBACK}`, c.req.query("another") !== undefined);
    // Kept by later sign-ins, so that two tabs don't disturb each other.
    const known = cookieOf(c, url(), "browser");
    const browser = isSecret(known) ? known : newSecret();
    const data: Pending = { ...begun, path: pathIn(c.req.query("to"), url()) };
    await store.addTicket(
      { id: ticketOf(browser, begun.state), kind: "oidc", data: JSON.stringify(data), expires: Date.now() + BEGUN_MS },
      MAX_BEGUN,
    );
    giveCookie(c, url(), "browser", browser, BEGUN_MS / 1000);
    return c.redirect(to);
  });
  app.get("/sign-in/callback", async (c) => {
    const path = await attempted(c, way, "oidc", async () => {
      const browser = cookieOf(c, url(), "browser");
      const state = c.req.query("state");
      const data = browser && state && (await store.takeTicket("oidc", ticketOf(browser, state)));
      if (!data) throw new SignInProblem(400, UNKNOWN);
      const { path, ...begun } = JSON.parse(data) as Pending;
      const answer = new URL(`${CALLBACK}${new URL(c.req.url).search}`, url());
      return { person: await provider.finish(answer, begun), value: path };
    });
    return c.redirect(path);
  });
}

/** Sign-in by a link of `postern console`. */
function byLink(app: Hono, way: Way): void {
  app.post("/sign-in/local", async (c) => {
    if (!isFromConsole(c, way.url()))
      throw new SignInProblem(403, "The request does not come from the console's page.");
    const body: unknown = await c.req.json().catch(() => undefined);
    await attempted(c, way, "link", async () => {
      const user = await useLink(way.store, (body as { readonly token?: unknown } | null | undefined)?.token);
      if (user === undefined)
        throw new SignInProblem(
          403,
          "This link was used already, or is older than ten minutes. Make a new one: postern console",
        );
      return { person: { name: `local:${user}`, role: "operator" }, value: undefined };
    });
    return c.body(null, 204);
  });
}

/** Runs an attempt: begins the session of whoever it proves, and records both outcomes. */
async function attempted<T>(
  c: Context,
  { attempt, record, sessions, way, url }: Way,
  method: "oidc" | "link",
  look: () => Promise<{ readonly person: Omit<Person, "way">; readonly value: T }>,
): Promise<T> {
  const source = sourceOf(c);
  const judged = await attempt<Awaited<ReturnType<typeof look>>>(source, async () => {
    try {
      return { verdict: "proven", value: await look() };
    } catch (error) {
      if (!(error instanceof SignInProblem)) throw error;
      // Only a link's token could be guessed. What a provider sends back is bound to a cookie, and any web page can have a browser ask for it.
      const isGuess = method === "link" && error.status < 500;
      return { verdict: isGuess ? ("failed" as const) : ("nothing" as const), value: error };
    }
  });
  if (!judged) throw new SignInProblem(429, "Too many attempts to sign in failed. Try again in a minute.");
  const { value } = judged;
  if (value instanceof SignInProblem) {
    const { status, person: by } = value;
    // An outage refuses nobody.
    if (status < 500)
      await record({ event: "refused", refusal: "sign-in", by, method, source, result: String(status) });
    throw value;
  }
  const { person } = value;
  const cookie = await sessions.begin({ ...person, way });
  await sessions.end(cookieOf(c, url(), "session"));
  giveCookie(c, url(), "session", cookie);
  await record({ event: "sign-in", by: person.name, role: person.role, method, source });
  return value.value;
}

/** Finds the session of a request's cookie. */
const identifying =
  (sessions: Sessions, { url }: SignInOptions): MiddlewareHandler<ConsoleEnv> =>
  async (c, next) => {
    if (isFromElsewhere(c)) return c.json({ error: "Requests from pages of other sites are not allowed." }, 403);
    const operator = await sessions.find(cookieOf(c, url(), "session")).catch((error) => {
      if (error instanceof SignInProblem) return error;
      throw error;
    });
    if (operator instanceof SignInProblem) return answerProblem(c, operator);
    if (!operator)
      return c.json({ error: "You are not signed in, or your session is over. Sign in at /console/sign-in." }, 401);
    c.set("operator", operator);
    return next();
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

/** The console's path to return to; the first page if the given one is no path of the console. */
function pathIn(given: string | undefined, url: string): string {
  const found = given === undefined || given.length > MAX_PATH ? undefined : URL.parse(given, url);
  return found?.origin === url && found.pathname.startsWith("/console/") ? found.pathname + found.search : "/console/";
}

const sourceOf = (c: Context): string => getConnInfo(c).remote.address ?? "";
