import type { Context, MiddlewareHandler } from "hono";
import { isSafe } from "./settings.ts";

/** Reports whether a request comes from a page of another site, as far as the browser says. */
export const isFromElsewhere = (c: Context): boolean =>
  !["same-origin", "none"].includes(c.req.header("sec-fetch-site") ?? "none");

/**
 * Reports whether a request comes from a page of the console. Browsers send `Origin` with each POST. The console may be reached under
 * several names of this gateway, which were checked before, but by one scheme: a page that came in the clear is not the console's.
 */
export function isFromConsole(c: Context, url: string): boolean {
  const origin = c.req.header("origin");
  if (origin === undefined || isFromElsewhere(c)) return false;
  return origin === url || origin === `${new URL(url).protocol}//${c.req.header("host")}`;
}

/**
 * Reports whether a request is the page's own doing: it asks again by the clock, or follows a stream. Such requests don't keep a session
 * from being idle.
 */
export const isBackground = (c: Context): boolean =>
  c.req.header("x-postern-background") === "true" || c.req.header("accept") === "text/event-stream";

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
