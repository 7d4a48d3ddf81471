import type { TLSSocket } from "node:tls";
import type { HttpBindings } from "@hono/node-server";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import type { ShownCertificate } from "../auth/caller.ts";
import { forbidden } from "../scim/error.ts";
import { type Networks, sourceOf } from "./addresses.ts";
import type { Refused } from "./authentication.ts";
import type { Env } from "./env.ts";

/** Whose word is taken, and who may come at all. */
export interface Trust {
  /** Proxies whose `X-Forwarded-*` is believed. */
  readonly proxies: Networks;
  /** Where requests may come from; undefined for anywhere. */
  readonly allowed: Networks | undefined;
}

/** Notes where a request comes from, by which address it came, and which certificate was shown with it. */
export function origin({ proxies }: Trust): MiddlewareHandler<Env> {
  return (c, next) => {
    const socket = (c.env as HttpBindings | undefined)?.incoming?.socket;
    const peer = socket?.remoteAddress ?? "";
    const isBelieved = proxies.has(peer);
    c.set("source", sourceOf(peer, c.req.header("x-forwarded-for"), proxies));
    const isEncrypted = (socket as TLSSocket | undefined)?.encrypted === true;
    const scheme = (isBelieved && forwarded(c, "x-forwarded-proto")) || (isEncrypted ? "https" : "http");
    const host = (isBelieved && forwarded(c, "x-forwarded-host")) || c.req.header("host") || "localhost";
    c.set("origin", `${scheme}://${host}`);
    const certificate = isEncrypted ? shownCertificate(socket as TLSSocket) : undefined;
    if (certificate) c.set("certificate", certificate);
    return next();
  };
}

/** The last of several is the nearest proxy's own word. */
const forwarded = (c: HonoContext<Env>, name: string): string | undefined =>
  c.req.header(name)?.split(",").at(-1)?.trim() || undefined;

function shownCertificate(socket: TLSSocket): ShownCertificate | undefined {
  if (!socket.authorized) return undefined;
  const { subject, fingerprint256 } = socket.getPeerCertificate();
  if (!subject || !fingerprint256) return undefined;
  const parts = Object.entries(subject).flatMap(([type, value]) =>
    [value].flat().map((each) => [type, String(each)] as const),
  );
  return { subject: parts, fingerprint: fingerprint256 };
}

/** Refuses requests that come from outside of the networks that may. */
export function allowedOnly({ allowed }: Trust, refused: Refused): MiddlewareHandler<Env> {
  return (c, next) => {
    const source = c.get("source");
    if (allowed && !allowed.has(source)) {
      refused({ status: 403, refusal: "network", requestId: c.get("requestId"), source });
      throw forbidden(`Requests from ${source} are not taken: it is in none of server.networks.`, "network");
    }
    return next();
  };
}
