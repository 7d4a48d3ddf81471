import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { CookieOptions } from "hono/utils/cookie";

/** The session's cookie, and the one with the sign-ins that the browser has begun. */
export type ConsoleCookie = "session" | "begun";

const NAMES: Readonly<Record<ConsoleCookie, string>> = { session: "postern", begun: "postern-sign-in" };

const isSecure = (url: string): boolean => url.startsWith("https:");

/**
 * The name at a console's address. It has the port, because cookies do not tell ports of a host apart, and each may have a gateway. With
 * https, browsers take a `__Host-` cookie only from this very host, and send it nowhere else.
 */
export function cookieName(url: string, cookie: ConsoleCookie): string {
  const { port } = new URL(url);
  return (isSecure(url) ? "__Host-" : "") + NAMES[cookie] + (port === "" ? "" : `-${port}`);
}

const optionsOf = (url: string): CookieOptions => ({
  path: "/",
  httpOnly: true,
  secure: isSecure(url),
  // Sign-in returns from another site; with Strict, the page after it would come without the cookie.
  sameSite: "Lax",
});

/** The value of a request's cookie. */
export const cookieOf = (c: Context, url: string, cookie: ConsoleCookie): string | undefined =>
  getCookie(c, cookieName(url, cookie)) || undefined;

/** Sets a cookie, for some seconds or until the browser closes. */
export const giveCookie = (c: Context, url: string, cookie: ConsoleCookie, value: string, maxAge?: number): void =>
  setCookie(c, cookieName(url, cookie), value, { ...optionsOf(url), ...(maxAge !== undefined && { maxAge }) });

/** Deletes a cookie. */
export const clearCookie = (c: Context, url: string, cookie: ConsoleCookie): void =>
  void deleteCookie(c, cookieName(url, cookie), optionsOf(url));
