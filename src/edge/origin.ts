import type { TLSSocket } from "node:tls";
import type { HttpBindings } from "@hono/node-server";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import type { ShownCertificate } from "../auth/caller.ts";
import { forbidden } from "../scim/error.ts";
import { type Networks, sourceOf } from "./addresses.ts";
import type { Refused } from "./authentication.ts";
import type { Env } from "./env.ts";

/** Trusted proxies and allowed networks. */
export interface Trust {
  /** Proxies whose `X-Forwarded-*` headers are trusted. */
  readonly proxies: Networks;
  /** Networks that may connect; undefined for any. */
  readonly allowed: Networks | undefined;
}

/** Records where a request comes from, the address it used and its client certificate. */
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

/** With several values, the last is from the nearest proxy. */
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

/** Refuses requests from outside the allowed networks. */
export function allowedOnly({ allowed }: Trust, refused: Refused): MiddlewareHandler<Env> {
  return (c, next) => {
    const source = c.get("source");
    if (allowed && !allowed.has(source)) {
      refused({ status: 403, refusal: "network", requestId: c.get("requestId"), source });
      throw forbidden(`Requests from ${source} are not allowed: the address is in none of server.networks.`, "network");
    }
    return next();
  };
}
