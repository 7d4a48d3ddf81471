import type { Context, Hono } from "hono";
import type { ProviderAway } from "./api/sign-in.ts";
import { attempted, type Way } from "./attempt.ts";
import { BEGUN_MS, type BegunSignIns, type PendingSignIn } from "./begun.ts";
import { clearCookie, cookieOf, giveCookie } from "./cookies.ts";
import type { Identity, Operator } from "./env.ts";
import type { Provider } from "./oidc.ts";
import { isFromConsole } from "./origin.ts";
import { SignInProblem } from "./problem.ts";
import type { Person } from "./sessions.ts";

/** Maximum length of a path to return to, as it is in the cookie: percent-encoded. */
const MAX_PATH = 1000;
const CALLBACK = "/console/sign-in/callback";
const UNKNOWN = "This sign-in has expired, was finished already, or began in another browser. Sign in again.";

/** What a sign-in by a provider is made of. */
export interface ProviderParts {
  readonly provider: Provider;
  readonly begun: BegunSignIns;
}

/**
 * Sign-in by a provider. What it must be finished with is in the browser's cookie, so whoever comes back must have it, and nobody who only
 * begins sign-ins takes anything from others. The cookie forgets a sign-in when it comes back; that a code works once is the provider's part.
 * Any page can send a browser here. So whoever is signed in as somebody else is asked, and goes to the provider again if they agree.
 */
export function byProvider(app: Hono, { provider, begun }: ProviderParts, way: Way): void {
  const { url, sessions } = way;
  const keep = (c: Context, cookie: string | undefined) =>
    cookie === undefined ? clearCookie(c, url(), "begun") : giveCookie(c, url(), "begun", cookie, BEGUN_MS / 1000);
  const signedInAt = async (c: Context) => (await sessions.find(cookieOf(c, url(), "session"), false)).signedIn;
  const begin = async (c: Context, asAnother: boolean, kept: Pick<PendingSignIn, "path" | "replaces">) => {
    const { url: to, ...pending } = await provider.begin(`${url()}${CALLBACK}`, asAnother);
    keep(c, begun.add(cookieOf(c, url(), "begun"), { ...pending, ...kept }));
    return to;
  };
  app.get("/sign-in/oidc", async (c) => {
    const here = `${url()}${new URL(c.req.url).pathname}${new URL(c.req.url).search}`;
    // localhost is another host than 127.0.0.1 to cookies, and the provider sends the browser back to the configured one.
    if (url().startsWith("http:") && new URL(here).host !== c.req.header("host")) return c.redirect(here);
    return c.redirect(await begin(c, c.req.query("another") !== undefined, { path: pathIn(c.req.query("to"), url()) }));
  });
  app.post("/sign-in/oidc", async (c) => {
    if (!isFromConsole(c, url())) throw new SignInProblem(403, "The request does not come from the console's page.");
    const { to } = ((await c.req.json().catch(() => undefined)) ?? {}) as { readonly to?: unknown };
    const path = pathIn(typeof to === "string" ? to : undefined, url());
    const replaces = (await signedInAt(c))?.operator.session;
    return c.json({ url: await begin(c, false, { path, replaces }) } satisfies ProviderAway);
  });
  app.get("/sign-in/callback", async (c) => {
    const path = await attempted(c, way, "oidc", async () => {
      const { found, left } = begun.take(cookieOf(c, url(), "begun"), c.req.query("state"));
      if (!found) throw new SignInProblem(400, UNKNOWN);
      keep(c, left);
      const { path, replaces, ...expected } = found;
      const answer = new URL(`${CALLBACK}${new URL(c.req.url).search}`, url());
      const person = await provider.finish(answer, expected);
      const signedIn = await signedInAt(c);
      if (signedIn && !isSame(signedIn.identity, person) && signedIn.operator.session !== replaces)
        throw questionFor(signedIn.operator, person, path);
      return { person, value: path };
    });
    return c.redirect(path);
  });
}

const isSame = (one: Identity, other: Identity): boolean => one.issuer === other.issuer && one.sub === other.sub;

function questionFor({ name, role }: Operator, as: Omit<Person, "way">, to: string): SignInProblem {
  const message = `You are signed in as ${name}. Sign out first to become ${as.name}.`;
  return new SignInProblem(409, message, {
    question: { signedInAs: { name, role }, as: as.name, asRole: as.role, to },
  });
}

/** The console's path to return to; the first page if the given one is no path of the console. */
function pathIn(given: string | undefined, url: string): string {
  const found = given === undefined ? undefined : URL.parse(given, url);
  if (found?.origin !== url || !found.pathname.startsWith("/console/")) return "/console/";
  const path = found.pathname + found.search;
  return path.length > MAX_PATH ? "/console/" : path;
}
