import { randomUUID } from "node:crypto";
import { Hono, type MiddlewareHandler } from "hono";
import { getPath } from "hono/utils/url";
import type { Authenticate } from "../auth/bearer.ts";
import { OPERATION_MS } from "../gateway/context.ts";
import type { Log } from "../observe/log.ts";
import { notFound, ScimError } from "../scim/error.ts";
import { builtInTypes, type ResourceType } from "../scim/schema.ts";
import { limitBody } from "./body.ts";
import { discovery } from "./discovery.ts";
import type { Env } from "./env.ts";
import { scimFailure } from "./errors.ts";
import { health, type Probe } from "./health.ts";
import { resources } from "./resources.ts";
import { root } from "./root.ts";
import type { Served } from "./served.ts";

export interface EdgeOptions {
  readonly routes: readonly Served[];
  readonly authenticate: readonly Authenticate[];
  readonly probes: readonly Probe[];
  readonly log: Log;
}

/** The HTTP side of the gateway. Read it from top to bottom: that is the order in which a request goes through. */
export function createApp(options: EdgeOptions): Hono<Env> {
  const { log, routes } = options;
  const app = new Hono<Env>({ getPath: (request) => canonicalPath(getPath(request), routes) });
  app.onError((error, c) => scimFailure(c, error, log));
  app.notFound((c) => scimFailure(c, notFound("There is nothing at this address."), log));

  app.use(requestLog(log));
  health(app, options.probes);
  for (const served of routes) {
    app.use(`${served.base}/*`, authenticated(options.authenticate));
    app.use(`${served.base}/*`, limitBody(served.limits.body));
    root(app, served);
    discovery(app, served);
    for (const type of typesOf(served)) resources(app, type, served);
  }
  return app;
}

/** The route's own types, and the RFC's: a route that serves users only still answers a search for groups. */
const typesOf = ({ gateway }: Served): ResourceType[] => {
  const own = [...gateway.endpoints.values()].map(({ mapping }) => mapping.type);
  return [...own, ...builtInTypes.filter(({ name }) => !gateway.endpoints.has(name))];
};

const ownEndpoints = ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/Bulk", "/Me"];

/** The path with its endpoint spelt as it is defined, and without a slash at its end: clients are not all exact. */
function canonicalPath(path: string, routes: readonly Served[]): string {
  const served = routes.find(({ base }) => path === base || path.startsWith(`${base}/`));
  if (!served) return path;
  const [, segment = "", ...rest] = path.slice(served.base.length).split("/");
  while (rest.at(-1) === "") rest.pop();
  if (segment === "") return rest.length === 0 ? served.base : path;
  const endpoints = [...ownEndpoints, ...typesOf(served).map(({ endpoint }) => endpoint)];
  const endpoint = endpoints.find((each) => each.toLowerCase() === `/${segment.toLowerCase()}`);
  return [`${served.base}${endpoint ?? `/${segment}`}`, ...rest].join("/");
}

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
    const timer = setTimeout(() => controller.abort(new Error("the request ran out of time")), OPERATION_MS);
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
