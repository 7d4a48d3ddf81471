import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { MiddlewareHandler } from "hono";
import { errorBody, notNow, ScimError } from "../scim/error.ts";
import type { Env } from "./env.ts";
import { ALWAYS, RETRY_AFTER, SCIM_JSON } from "./headers.ts";

/**
 * How long a refusal is held back, in milliseconds: a client that asks again at once must not cost more than one that is served.
 * Not all as long, so that they do not come again together.
 */
const holdMs = () => 1000 * (1 + Math.random());
/** The most refusals that are held back at a time; beyond that they are answered at once, and end their connection. */
const MAX_HELD = 10_000;
/** Health is told whatever the load is. */
const HEALTH = ["/healthz", "/readyz"];

/** Whether there is a place for one request more. */
export interface Load {
  readonly isFull: () => boolean;
  /** Is told of each request that was refused. */
  readonly shed: () => void;
}

/**
 * Refuses what is too much, with 503, before anything is done for it, so that the requests within are answered in time. It
 * stands before the router, because at ten times the capacity refusing is most of the work.
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

/** Counts the requests that are worked on. */
export function counting(): { readonly counted: MiddlewareHandler<Env>; readonly inFlight: () => number } {
  let inFlight = 0;
  const counted: MiddlewareHandler<Env> = async (_, next) => {
    inFlight++;
    try {
      await next();
    } finally {
      inFlight--;
    }
  };
  return { counted, inFlight: () => inFlight };
}

/** A client waits five seconds for an answer: none is held back beyond this, in milliseconds since it came. */
const PATIENCE_MS = 4000;

/** Holds back the answer where the system behind has all that it can do; the request is not counted meanwhile. */
export const holdBack: MiddlewareHandler<Env> = async (c, next) => {
  const start = performance.now();
  await next();
  if ((c.error?.cause as { kind?: string } | undefined)?.kind !== "busy") return;
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
