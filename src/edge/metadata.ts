import type { Hono } from "hono";
import type { TokenEndpoint } from "../auth/clientCredentials.ts";
import type { Log } from "../observe/log.ts";
import type { Env } from "./env.ts";
import { commonHeaders } from "./headers.ts";
import { onlyMethods } from "./methods.ts";

const WELL_KNOWN = "/.well-known/oauth-authorization-server";

/**
 * Serves the metadata of the token endpoints, RFC 8414, without authentication. The first endpoint's issuer is the gateway's own address
 * (`publicUrl` or the request's); the others' is their endpoint's address. An issuer's path follows the well-known path (RFC 8414 §3.1),
 * and may be missing if a proxy removed it.
 */
export function tokenMetadata(
  app: Hono<Env>,
  endpoints: readonly TokenEndpoint[],
  publicUrl: string | undefined,
  log: Log,
): void {
  const own = publicUrl?.replace(/\/+$/, "");
  const prefix = own === undefined ? "" : new URL(own).pathname.replace(/\/$/, "");
  for (const [index, { path, metadata }] of endpoints.entries()) {
    const suffix = index === 0 ? "" : path;
    for (const address of new Set([WELL_KNOWN + prefix + suffix, WELL_KNOWN + suffix])) {
      app.get(address, (c) => {
        const base = own ?? c.get("origin");
        const document = { issuer: base + suffix, token_endpoint: base + path, ...metadata };
        return c.json(document, 200, commonHeaders(c));
      });
      onlyMethods(app, address, ["GET"], log);
    }
  }
}
