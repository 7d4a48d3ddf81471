import type { Context, Hono } from "hono";
import { attempted, type Way } from "./attempt.ts";
import { BEGUN_MS, type BegunSignIns } from "./begun.ts";
import { clearCookie, cookieOf, giveCookie } from "./cookies.ts";
import type { Provider } from "./oidc.ts";
import { SignInProblem } from "./problem.ts";

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
 */
export function byProvider(app: Hono, { provider, begun }: ProviderParts, way: Way): void {
  const { url } = way;
  const keep = (c: Context, cookie: string | undefined) =>
    cookie === undefined ? clearCookie(c, url(), "begun") : giveCookie(c, url(), "begun", cookie, BEGUN_MS / 1000);
  app.get("/sign-in/oidc", async (c) => {
    const here = `${url()}${new URL(c.req.url).pathname}${new URL(c.req.url).search}`;
    // localhost is another host than 127.0.0.1 to cookies, and the provider sends the browser back to the configured one.
    if (url().startsWith("http:") && new URL(here).host !== c.req.header("host")) return c.redirect(here);
    const { url: to, ...pending } = await provider.begin(`${url()}${CALLBACK}`, c.req.query("another") !== undefined);
    keep(c, begun.add(cookieOf(c, url(), "begun"), { ...pending, path: pathIn(c.req.query("to"), url()) }));
    return c.redirect(to);
  });
  app.get("/sign-in/callback", async (c) => {
    const path = await attempted(c, way, "oidc", async () => {
      const { found, left } = begun.take(cookieOf(c, url(), "begun"), c.req.query("state"));
      if (!found) throw new SignInProblem(400, UNKNOWN);
      keep(c, left);
      const { path, ...expected } = found;
      const answer = new URL(`${CALLBACK}${new URL(c.req.url).search}`, url());
      return { person: await provider.finish(answer, expected), value: path };
    });
    return c.redirect(path);
  });
}

/** The console's path to return to; the first page if the given one is no path of the console. */
function pathIn(given: string | undefined, url: string): string {
  const found = given === undefined || given.length > MAX_PATH ? undefined : URL.parse(given, url);
  return found?.origin === url && found.pathname.startsWith("/console/") ? found.pathname + found.search : "/console/";
}
