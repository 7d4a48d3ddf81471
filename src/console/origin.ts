import type { Context, MiddlewareHandler } from "hono";
import { isSafe } from "./settings.ts";

/** Reports whether a request comes from a page of another site, as far as the browser says. */
export const isFromElsewhere = (c: Context): boolean =>
  !["same-origin", "none"].includes(c.req.header("sec-fetch-site") ?? "none");

/** Reports whether a request comes from a page of the console. Browsers send `Origin` with each POST. */
export function isFromConsole(c: Context, url: string): boolean {
  const origin = c.req.header("origin");
  if (origin === undefined || isFromElsewhere(c)) return false;
  // The host name is checked before, so it is this gateway's.
  return origin === url || URL.parse(origin)?.host === c.req.header("host");
}

/** Refuses requests that came in the clear from another machine: a console with an http address is for browsers on its own. */
export const safely =
  (url: () => string): MiddlewareHandler =>
  async (c, next) => {
    if (url().startsWith("https:") || isSafe(`http://${c.req.header("host")}`)) return next();
    return c.json(
      { error: `The console is at ${url()}. For other machines set console.url to an https address.` },
      421,
    );
  };
