import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpBindings } from "@hono/node-server";
import type { MiddlewareHandler } from "hono";
import { BackendError } from "../gateway/failure.ts";
import { errorBody, notNow, ScimError } from "../scim/error.ts";
import type { Env } from "./env.ts";
import { ALWAYS, RETRY_AFTER, SCIM_JSON } from "./headers.ts";

/**
 * Delay before a refusal is sent, in milliseconds. Without it, clients that retry at once would cost more than the ones being served. It
 * varies, to spread the retries.
 */
const holdMs = () => 1000 * (1 + Math.random());
/** Maximum number of delayed refusals. Beyond it, refusals are sent at once and close the connection. */
const MAX_HELD = 10_000;
/** Health checks are answered whatever the load is. */
const HEALTH = ["/healthz", "/readyz"];

/** Reports whether another request can be admitted. */
export interface Load {
  readonly isFull: () => boolean;
  /** Called for each request that was shed. */
  readonly shed: () => void;
}

/**
 * Sheds excess load with 503 before doing any work, so that admitted requests stay fast. It runs before the router: at ten times the
 * capacity, most work is refusing.
 */
export function shedding(listener: RequestListener, { isFull, shed }: Load): RequestListener {
  let held = 0;
  return (request, response) => {
    if (!isFull() || HEALTH.includes(request.url ?? "")) return listener(request, response);
    shed();
    if (held >= MAX_HELD) return refuse(request, response, true);
    held++;
    const timer = setTimeout(() => refuse(request, response, false), holdMs());
    response.once("close", () => {
      held--;
      clearTimeout(timer);
    });
  };
}

/** During shutdown each response closes its connection, so that clients and load balancers reconnect elsewhere. */
export const draining =
  (listener: RequestListener, isDraining: () => boolean): RequestListener =>
  (request, response) => {
    if (isDraining()) response.setHeader("Connection", "close");
    listener(request, response);
  };

/** Counts requests in flight. */
export interface Admission {
  readonly counted: MiddlewareHandler<Env>;
  readonly inFlight: () => number;
}

/**
 * Counts requests from when they have arrived whole until their responses are sent or their clients disconnect. No caller has more than
 * `ofOne` at a time, so that others are always admitted. While the event loop is late and several callers are active, the busiest one is
 * limited to a few requests; more are rejected with 503.
 */
export function countRequests(ofOne: number, isLate: () => boolean): Admission {
  const inFlightOf = new Map<string, number>();
  let inFlight = 0;
  const seen = new Map<string, number>();
  /** Reports whether another caller was active recently. */
  const isShared = (caller: string): boolean => {
    const now = performance.now();
    seen.set(caller, now);
    return [...seen].some(([name, at]) => name !== caller && now - at < PRESENT_MS);
  };
  const counted: MiddlewareHandler<Env> = async (c, next) => {
    const caller = c.get("caller") ?? "";
    const count = inFlightOf.get(caller) ?? 0;
    const hasMost = isShared(caller) && [...inFlightOf.values()].every((others) => others <= count);
    const most = hasMost && isLate() ? Math.min(ofOne, WHILE_LATE) : ofOne;
    if (count >= most)
      throw notNow(`${caller} already has ${most} requests in flight, the maximum for one caller. Try again later.`);
    const { outgoing } = c.env as unknown as HttpBindings;
    // If the client disconnected while waiting, nobody would release its slot.
    if (outgoing.closed || outgoing.destroyed) throw notNow("The client has disconnected.");
    inFlight++;
    inFlightOf.set(caller, count + 1);
    outgoing.once("close", () => {
      inFlight--;
      const left = inFlightOf.get(caller)! - 1;
      if (left > 0) inFlightOf.set(caller, left);
      else inFlightOf.delete(caller);
    });
    await next();
  };
  return { counted, inFlight: () => inFlight };
}

/** Maximum requests in flight of one caller while the event loop is late. */
const WHILE_LATE = 16;
/** A caller counts as active for this long after its last request, in milliseconds. Its next request may be waiting in the network. */
const PRESENT_MS = 60_000;

/** Clients time out after five seconds. No response is delayed beyond this, in milliseconds since the request arrived. */
const PATIENCE_MS = 4000;

/** Delays the response while the backend is saturated. The request does not count as in flight meanwhile. */
export const holdBack: MiddlewareHandler<Env> = async (c, next) => {
  const start = performance.now();
  await next();
  if (!(c.error instanceof BackendError) || c.error.failure.kind !== "busy") return;
  await sleep(Math.max(0, Math.min(holdMs(), PATIENCE_MS - (performance.now() - start))));
};

/** A request whose body was not read must close its connection. */
function refuse(request: IncomingMessage, response: ServerResponse, ends: boolean): void {
  const hasBody = request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"]) > 0;
  const error = notNow("Too many requests in flight (limits.inFlight, or a connector's limit). Try again later.");
  response
    .writeHead(error.status, {
      ...ALWAYS,
      "Content-Type": SCIM_JSON,
      "Retry-After": RETRY_AFTER,
      "X-Request-Id": randomUUID(),
      ...((ends || hasBody) && { Connection: "close" }),
    })
    .end(JSON.stringify(errorBody(error)));
}

/** Longer than any client needs: long queries can use POST /.search. */
const MAX_URL = 16_384;

/** Rejects URLs that are too long. */
export const limitAddress: MiddlewareHandler<Env> = async (c, next) => {
  if (c.req.url.length > MAX_URL)
    throw new ScimError(
      414,
      undefined,
      `The URL is longer than ${MAX_URL} characters: send the query by POST to /.search.`,
    );
  await next();
};
