import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { CookieOptions } from "hono/utils/cookie";

/** The session's cookie, and the one that ties a sign-in to the browser that began it. */
export type ConsoleCookie = "session" | "browser";

const NAMES: Readonly<Record<ConsoleCookie, string>> = { session: "postern", browser: "postern-sign-in" };

const isSecure = (url: string): boolean => url.startsWith("https:");

/** The name: with https, browsers take a `__Host-` cookie only from this very host, and send it nowhere else. */
const nameOf = (url: string, cookie: ConsoleCookie): string => (isSecure(url) ? "__Host-" : "") + NAMES[cookie];

const optionsOf = (url: string): CookieOptions => ({
  path: "/",
  httpOnly: true,
  secure: isSecure(url),
  // Sign-in returns from another site; with Strict, the page after it would come without the cookie.
  sameSite: "Lax",
});

/** The value of a request's cookie. */
export const cookieOf = (c: Context, url: string, cookie: ConsoleCookie): string | undefined =>
  getCookie(c, nameOf(url, cookie)) || undefined;

/** Sets a cookie, for some seconds or until the browser closes. */
export const giveCookie = (c: Context, url: string, cookie: ConsoleCookie, value: string, maxAge?: number): void =>
  setCookie(c, nameOf(url, cookie), value, { ...optionsOf(url), ...(maxAge !== undefined && { maxAge }) });

/** Deletes a cookie. */
export const clearCookie = (c: Context, url: string, cookie: ConsoleCookie): void =>
  void deleteCookie(c, nameOf(url, cookie), optionsOf(url));
