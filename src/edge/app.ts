import { randomUUID } from "node:crypto";
import { Hono, type MiddlewareHandler } from "hono";
import type { Authenticate } from "../auth/bearer.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Log } from "../observe/log.ts";
import { notFound, ScimError } from "../scim/error.ts";
import { builtInTypes, type ResourceType } from "../scim/schema.ts";
import { limitBody } from "./body.ts";
import { discovery } from "./discovery.ts";
import type { Env } from "./env.ts";
import { scimFailure } from "./errors.ts";
import { health, type Probe } from "./health.ts";
import { resources } from "./resources.ts";

/** A base path and the gateway that serves it. */
export interface Route {
  readonly base: string;
  readonly gateway: Gateway;
  /** The types as they are published: cut down to what is mapped. */
  readonly types: readonly ResourceType[];
}

export interface EdgeOptions {
  readonly routes: readonly Route[];
  readonly authenticate: readonly Authenticate[];
  readonly probes: readonly Probe[];
  readonly limits: { readonly body: number; readonly pageSize: number };
  readonly publicUrl: string | undefined;
  readonly log: Log;
}

/** The HTTP side of the gateway. Read it from top to bottom: that is the order in which a request goes through. */
export function createApp(options: EdgeOptions): Hono<Env> {
  const { log, publicUrl } = options;
  const app = new Hono<Env>();
  app.onError((error, c) => scimFailure(c, error, log));
  app.notFound((c) => scimFailure(c, notFound("There is nothing at this address."), log));

  app.use(requestLog(log));
  health(app, options.probes);
  for (const { base, gateway, types } of options.routes) {
    app.use(`${base}/*`, authenticated(options.authenticate));
    app.use(`${base}/*`, limitBody(options.limits.body));
    discovery(app, base, types, options.limits.pageSize, publicUrl);
    for (const type of new Set([
      ...builtInTypes,
      ...[...gateway.endpoints.values()].map(({ mapping }) => mapping.type),
    ])) {
      resources(app, base, type, gateway, publicUrl);
    }
  }
  return app;
}

/** A connector gets this long for all that one request asks of it; the client's patience is 5 seconds. */
const DEADLINE_MS = 4500;

/** One line a request: what was asked, how it ended, how long it took, and nothing of whom it was about. */
function requestLog(log: Log): MiddlewareHandler<Env> {
  return async (c, next) => {
    const start = performance.now();
    const given = c.req.header("x-request-id");
    const requestId = given && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
    c.set("requestId", requestId);
    c.set("notes", {});
    c.set("connectorMs", 0);
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new Error("the request ran out of time")), DEADLINE_MS);
    c.set("deadline", controller.signal);
    await next();
    clearTimeout(timer);
    if (!log.isLevelEnabled("info")) return;
    const line = {
      requestId,
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ms: rounded(performance.now() - start),
      connectorMs: rounded(c.get("connectorMs")),
      ...(c.get("caller") && { caller: c.get("caller") }),
      ...c.get("notes"),
    };
    log.info(line, "request");
    if (log.isLevelEnabled("debug")) log.debug({ requestId, query: c.req.query() }, "query");
  };
}

const rounded = (milliseconds: number) => Math.round(milliseconds * 100) / 100;

function authenticated(methods: readonly Authenticate[]): MiddlewareHandler<Env> {
  return async (c, next) => {
    const authorization = c.req.header("authorization");
    for (const method of methods) {
      const caller = method(authorization);
      if (!caller) continue;
      c.set("caller", caller.name);
      return next();
    }
    c.header("WWW-Authenticate", authorization ? 'Bearer realm="scim", error="invalid_token"' : 'Bearer realm="scim"');
    throw new ScimError(
      401,
      undefined,
      authorization
        ? "The bearer token is not one of those that are configured."
        : "Send the token as Authorization: Bearer ...",
    );
  };
}
