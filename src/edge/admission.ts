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
 * Delay before a refusal is sent, in milliseconds. Without it, clients that retry at once would cost more than the ones being
 * served. It varies, so that they do not all come again together.
 */
const holdMs = () => 1000 * (1 + Math.random());
/** Maximum number of delayed refusals. Beyond it, refusals are sent at once and close the connection. */
const MAX_HELD = 10_000;
/** Health is told whatever the load is. */
const HEALTH = ["/healthz", "/readyz"];

/** Reports whether another request can be admitted. */
export interface Load {
  readonly isFull: () => boolean;
  /** Called for each request that was shed. */
  readonly shed: () => void;
}

/**
 * Sheds excess load with 503 before doing any work, so that admitted requests stay fast. It stands before the router, because at ten
 * times the capacity refusing is most of the work.
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

/** While the process is about to end, each answer closes its connection, so that clients and balancers make theirs elsewhere. */
export const draining =
  (listener: RequestListener, isDraining: () => boolean): RequestListener =>
  (request, response) => {
    if (isDraining()) response.setHeader("Connection", "close");
    listener(request, response);
  };

/** Counts the requests that are worked on. */
export interface Admission {
  readonly counted: MiddlewareHandler<Env>;
  readonly inFlight: () => number;
}

/**
 * Counts requests from when they are there whole until their answers are written, or their clients gone. No caller has more than `ofOne`
 * at a time, so that there is always a place for the others. While the process is late and others are there, the one that has the most
 * has no more than a few: its next one is 503.
 */
export function countRequests(ofOne: number, isLate: () => boolean): Admission {
  const inFlightOf = new Map<string, number>();
  let inFlight = 0;
  const seen = new Map<string, number>();
  /** Whether anybody but the caller was there lately. */
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
      throw notNow(`${caller} has as many requests in flight as one caller may, ${most}. Try again later.`);
    const { outgoing } = c.env as unknown as HttpBindings;
    // A client that has gone while it waited is not served, and takes no place that nobody gives back.
    if (outgoing.closed || outgoing.destroyed) throw notNow("The client has gone.");
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

/** How many requests a caller may have in flight while the process is late: each holds up the others. */
const WHILE_LATE = 16;
/** A caller counts as being there for so long after its last request, in milliseconds: its next one may wait before the door unseen. */
const PRESENT_MS = 60_000;

/** A client waits five seconds for an answer: none is held back beyond this, in milliseconds since it came. */
const PATIENCE_MS = 4000;

/** Holds back the answer where the system behind has all that it can do; the request is not counted meanwhile. */
export const holdBack: MiddlewareHandler<Env> = async (c, next) => {
  const start = performance.now();
  await next();
  if (!(c.error instanceof BackendError) || c.error.failure.kind !== "busy") return;
  await sleep(Math.max(0, Math.min(holdMs(), PATIENCE_MS - (performance.now() - start))));
};

/** A body that was not read ends its connection: no request may follow it. */
function refuse(request: IncomingMessage, response: ServerResponse, ends: boolean): void {
  const hasBody = request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"]) > 0;
  const error = notNow("As many requests are in flight as may be: by limits.inFlight, or by what the connectors take.");
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

/** A longer address than any client needs: queries with long filters go by POST, /.search. */
const MAX_URL = 16_384;

/** Refuses addresses that are too long. */
export const limitAddress: MiddlewareHandler<Env> = async (c, next) => {
  if (c.req.url.length > MAX_URL)
    throw new ScimError(
      414,
      undefined,
      `The address is longer than ${MAX_URL} characters: send the query by POST to /.search.`,
    );
  await next();
};
