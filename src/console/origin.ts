import type { Context } from "hono";

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
