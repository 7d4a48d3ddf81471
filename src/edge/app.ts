import { randomUUID } from "node:crypto";
import { Hono, type Context as HonoContext, type MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { getPath } from "hono/utils/url";
import type { Log } from "../observe/log.ts";
import { tracedRequest } from "../observe/trace.ts";
import { notFound } from "../scim/error.ts";
import { builtInTypes, type ResourceType } from "../scim/schema.ts";
import { type Admission, holdBack, limitAddress } from "./admission.ts";
import { scimFailure } from "./answers.ts";
import { authentication, type Door } from "./authentication.ts";
import { type Bodies, readBody, readRest } from "./body.ts";
import { discovery } from "./discovery.ts";
import type { Env } from "./env.ts";
import { health, type Readiness } from "./health.ts";
import { inLane, type Lane } from "./lane.ts";
import { tokenMetadata } from "./metadata.ts";
import { allowedOnly, origin, type Trust } from "./origin.ts";
import { resources } from "./resources.ts";
import { root } from "./root.ts";
import type { Served } from "./served.ts";
import { tokenEndpoint } from "./token.ts";

/** What the HTTP application needs. */
export interface EdgeOptions {
  readonly routes: readonly Served[];
  readonly door: Door;
  readonly trust: Trust;
  /** Counts requests in flight. */
  readonly admission: Admission;
  readonly bodies: Bodies;
  readonly lane: Lane;
  /** Called for each completed request. */
  readonly answered: (request: Answered) => void;
  /** Called for each request that was refused, or failed, before it came to an operation. */
  readonly refused?: ((request: RefusedRequest) => void) | undefined;
  readonly readiness: Readiness;
  /** Time limit of an operation, in milliseconds. */
  readonly operationMs: number;
  /** The gateway's address as clients see it; undefined to use the request's own. */
  readonly publicUrl: string | undefined;
  readonly log: Log;
}

/** A completed request, labelled with low-cardinality names for metrics. */
export interface Answered {
  readonly route: string;
  readonly operation: string;
  readonly status: number;
  readonly seconds: number;
  /** How long of that the backend was waited for, in milliseconds. */
  readonly backendMs: number;
}

/** A request that came to no operation. */
export interface RefusedRequest {
  /** When it came, in milliseconds since 1970, and how long it took. */
  readonly at: number;
  readonly ms: number;
  readonly route: string;
  /** What was asked for, as there are handlers, `POST /Users`. */
  readonly operation: string;
  readonly status: number;
  readonly source: string;
  readonly caller: string | undefined;
  readonly requestId: string;
}

/** The HTTP side of the gateway. A request passes through the middleware in the order of the code. */
export function createApp(options: EdgeOptions): Hono<Env> {
  const { log, routes, door, admission, bodies, lane } = options;
  const app = new Hono<Env>({ getPath: (request) => canonicalPath(getPath(request), routes) });
  app.onError((error, c) => scimFailure(c, error, log));
  app.notFound((c) => scimFailure(c, notFound("No such endpoint. Check the base path and the resource type."), log));

  app.use(readRest);
  app.use(holdBack);
  app.use(origin(options.trust));
  app.use(requestLog(options));
  health(app, options.readiness, options.trust.allowed);
  app.use(allowedOnly(options.trust, door.refused));
  app.use(limitAddress);
  for (const endpoint of door.chain.endpoints) tokenEndpoint(app, endpoint, door, bodies);
  tokenMetadata(app, door.chain.endpoints, options.publicUrl, log);
  for (const served of routes) {
    const { base } = served.route;
    app.use(
      `${base}/*`,
      authentication(door, base),
      readBody(bodies, served.limits.body),
      inLane(lane),
      admission.counted,
    );
    root(app, served);
    discovery(app, served);
    for (const type of typesOf(served)) resources(app, type, served);
  }
  return app;
}

/** The route's own types and the RFC's, so that a route that serves only users still answers a search for groups. */
const typesOf = ({ route }: Served): ResourceType[] => {
  const own = [...route.endpoints.values()].map(({ mapping }) => mapping.type);
  return [...own, ...builtInTypes.filter(({ name }) => !route.endpoints.has(name))];
};

const ownEndpoints = ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/Bulk", "/Me"];

/**
 * Normalises the path: canonical endpoint case, no trailing slash, none twice behind the base. Some clients get these wrong, and Entra
 * appends `/Users` to a Tenant URL that ends in a slash.
 */
function canonicalPath(path: string, routes: readonly Served[]): string {
  const served = routes.find(({ route: { base } }) => path === base || path.startsWith(`${base}/`));
  if (!served) return path;
  const parts = path.slice(served.route.base.length).split("/");
  while (parts.at(-1) === "") parts.pop();
  const [segment, ...rest] = parts.slice(parts.findIndex((each) => each !== ""));
  if (segment === undefined) return served.route.base;
  const endpoints = [...ownEndpoints, ...typesOf(served).map(({ endpoint }) => endpoint)];
  const endpoint = endpoints.find((each) => each.toLowerCase() === `/${segment.toLowerCase()}`);
  return [`${served.route.base}${endpoint ?? `/${segment}`}`, ...rest].join("/");
}

/** Logs one line per request: what was requested, the result and the duration, but no personal data. */
function requestLog({ log, routes, answered, refused, operationMs }: EdgeOptions): MiddlewareHandler<Env> {
  return async (c, next) => {
    const start = performance.now();
    c.set("receivedAt", start);
    const given = c.req.header("x-request-id");
    const requestId = given && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
    c.set("requestId", requestId);
    c.set("notes", {});
    c.set("connectorMs", 0);
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new Error("request timed out")), operationMs);
    c.set("deadline", controller.signal);
    c.set("operationMs", operationMs);
    await tracedRequest(c.req.raw.headers, `${c.req.method} request`, async (span) => {
      await next();
      const { route, operation } = labelsOf(c, routes);
      if (span.isRecording()) {
        span.updateName(operation);
        span.setAttributes({
          "http.request.method": c.req.method,
          "http.route": route,
          "http.response.status_code": c.res.status,
          "postern.request_id": requestId,
        });
      }
      const { status } = c.res;
      const ms = performance.now() - start;
      answered({ route, operation, status, seconds: ms / 1000, backendMs: c.get("connectorMs") });
      if (refused && status >= 400 && route !== "" && !c.get("isJournaled")) {
        const { source, caller } = c.var;
        refused({ at: Date.now() - Math.round(ms), ms, route, operation, status, source, caller, requestId });
      }
    });
    clearTimeout(timer);
    if (!log.isLevelEnabled("info")) return;
    const line = {
      requestId,
      method: c.req.method,
      path: printable(c.req.path),
      status: c.res.status,
      ms: rounded(performance.now() - start),
      connectorMs: rounded(c.get("connectorMs")),
      source: c.get("source"),
      ...(c.get("caller") && { caller: c.get("caller") }),
      ...c.get("notes"),
    };
    log.info(line, "request");
    if (log.isLevelEnabled("debug")) log.debug({ requestId, query: c.req.query() }, "query");
  };
}

/** Removes control characters beyond ASCII, which a terminal might obey. JSON escapes those in ASCII. */
const printable = (text: string): string => text.replace(/[\x7f-\x9f\u2028\u2029]/g, encodeURIComponent);

/** The route and the operation, as labels with few values. */
function labelsOf(c: HonoContext<Env>, routes: readonly Served[]): { route: string; operation: string } {
  const path = routePath(c, -1);
  const route = routes.find(({ route: { base } }) => path === base || path.startsWith(`${base}/`))?.route.base;
  if (route === undefined)
    return { route: "", operation: ["/healthz", "/readyz"].includes(path) ? `GET ${path}` : "other" };
  const end = path.slice(route.length) || "/";
  return { route, operation: end.endsWith("*") ? "other" : `${c.req.method} ${end}` };
}

const rounded = (milliseconds: number) => Math.round(milliseconds * 100) / 100;
