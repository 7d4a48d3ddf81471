import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import { parseExactly } from "../json/exact.ts";
import { badRequest, notNow, ScimError } from "../scim/error.ts";
import type { Env } from "./env.ts";

/** Time limit for receiving a body, in milliseconds. */
const BODY_MS = 10_000;
/** Maximum memory for all request bodies together, in bytes, both arriving and in use. */
const MAX_HELD = 128 * 1024 * 1024;
/** Maximum share of that memory for one caller when several are active, and for all unauthenticated senders together. */
const SHARE_OF_ONE = 0.5;
const SHARE_OF_NOBODY = 0.1;
/** Maximum number of bodies arriving at once: per caller, for all unauthenticated senders, and per unauthenticated address. */
const MAX_COMING = 256;
const MAX_COMING_OF_ADDRESS = 32;

/** Usage of one sender. */
interface Share {
  held: number;
  coming: number;
}

/** Request bodies in memory over all routes: in total and per sender. */
export interface Bodies {
  readonly all: Share;
  readonly of: Map<string, Share>;
}
/** Starts with no bodies in memory. */
export const createBodies = (): Bodies => ({ all: { held: 0, coming: 0 }, of: new Map() });

/**
 * Reads the whole body before anything else is done, so that slow clients occupy no capacity. Throws 413 above `maxBytes`, by
 * Content-Length or while reading; 408 if the body arrives too slowly; 503 if bodies already use all their memory.
 */
export function readBody(bodies: Bodies, maxBytes: number): MiddlewareHandler<Env> {
  return async (c, next) => {
    const incoming = (c.env as unknown as HttpBindings).incoming as IncomingMessage;
    const length = Number(incoming.headers["content-length"] ?? Number.NaN);
    const hasBody = length > 0 || incoming.headers["transfer-encoding"] !== undefined;
    // Hono runs middleware twice for a URL that equals its own pattern.
    if (!hasBody || c.get("body")) return next();
    if (length > maxBytes) throw tooLarge(maxBytes);
    const caller = c.get("caller");
    // Unauthenticated senders share one allowance, so that they cannot displace known callers.
    const names = caller === undefined ? ["nobody", `from ${c.get("source")}`] : [`caller ${caller}`];
    const bounds = caller === undefined ? [MAX_COMING, MAX_COMING_OF_ADDRESS] : [MAX_COMING];
    const most = MAX_HELD * (caller === undefined ? SHARE_OF_NOBODY : SHARE_OF_ONE);
    const shares = [bodies.all, ...names.map((name) => shareOf(bodies, name))];
    const own = shares[1]!;
    const isFull = shares.slice(1).some(({ coming }, index) => coming >= bounds[index]!);
    // Count bytes received, not bytes announced: an announcement costs nothing.
    const take = (bytes: number): boolean => {
      if (bodies.all.held + bytes > MAX_HELD || own.held + bytes > most) return false;
      for (const share of shares) share.held += bytes;
      taken += bytes;
      return true;
    };
    let taken = 0;
    try {
      if (isFull || !take(0)) throw noRoom();
      for (const share of shares) share.coming++;
      try {
        c.set("body", await received(incoming, maxBytes, take));
      } finally {
        for (const share of shares) share.coming--;
      }
      await next();
    } finally {
      for (const share of shares) share.held -= taken;
      for (const name of names)
        if (bodies.of.get(name)?.held === 0 && bodies.of.get(name)?.coming === 0) bodies.of.delete(name);
    }
  };
}

/** Limits for draining the body of a refused request: milliseconds and bytes. */
const REST_MS = 2000;
const MAX_REST = 16 * 1024 * 1024;

/**
 * Drains an unwanted body before the response is sent. Closing the connection while bytes arrive resets it, and the client or load balancer
 * would see a broken connection instead of 401 or 413.
 */
export const readRest: MiddlewareHandler<Env> = async (c, next) => {
  await next();
  const incoming = (c.env as unknown as HttpBindings | undefined)?.incoming as IncomingMessage | undefined;
  if (!incoming || incoming.complete || incoming.destroyed) return;
  await new Promise<void>((resolve) => {
    let left = MAX_REST;
    const end = () => {
      clearTimeout(timer);
      incoming.off("data", arrived).off("end", end).off("close", end).off("error", end);
      resolve();
    };
    const arrived = (part: Buffer) => {
      left -= part.length;
      if (left < 0) end();
    };
    const timer = setTimeout(end, REST_MS);
    incoming.on("data", arrived).on("end", end).on("close", end).on("error", end);
    incoming.resume();
  });
};

function shareOf({ of }: Bodies, name: string): Share {
  const share = of.get(name) ?? { held: 0, coming: 0 };
  of.set(name, share);
  return share;
}

const noRoom = () => notNow("Too many request bodies are arriving. Try again later.");

function received(incoming: IncomingMessage, maxBytes: number, take: (bytes: number) => boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const end = (outcome: () => void) => {
      clearTimeout(timer);
      incoming.off("data", arrived).off("end", whole).off("close", gone).off("error", gone);
      outcome();
    };
    const refuse = (error: Error) => {
      incoming.pause();
      end(() => reject(error));
    };
    const late = () =>
      refuse(new ScimError(408, undefined, `The body did not arrive within ${BODY_MS / 1000} seconds. Send it again.`));
    const arrived = (part: Buffer) => {
      size += part.length;
      if (size > maxBytes) return refuse(tooLarge(maxBytes));
      if (!take(part.length)) return refuse(noRoom());
      parts.push(part);
    };
    const whole = () => end(() => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)));
    const gone = () =>
      end(() => reject(new ScimError(400, undefined, "The connection ended before the body was complete.")));
    const timer = setTimeout(late, BODY_MS);
    incoming.on("data", arrived).on("end", whole).on("close", gone).on("error", gone);
  });
}

const tooLarge = (maxBytes: number) =>
  new ScimError(413, undefined, `The body exceeds the maximum of ${maxBytes} bytes (limits.body).`);

/** The body as text. Throws 400 `invalidSyntax` if it is not UTF-8. */
export function textBody(c: HonoContext<Env>): string {
  const bytes = c.get("body") ?? Buffer.alloc(0);
  if (!isUtf8(bytes)) throw badRequest("invalidSyntax", "The body is not valid UTF-8.");
  return bytes.toString("utf8").replace(/^\ufeff/, "");
}

/**
 * The body as JSON. Throws 415 for another content type, 400 `invalidSyntax` for invalid JSON, and 400 `invalidValue` for a number that
 * cannot be represented exactly.
 */
export function jsonBody(c: HonoContext<Env>): unknown {
  const type = (c.req.header("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (type !== "application/scim+json" && type !== "application/json") {
    throw new ScimError(
      415,
      undefined,
      `The content type must be application/scim+json or application/json, not ${JSON.stringify(type)}.`,
    );
  }
  const text = textBody(c);
  const body = parse(text);
  if (isDeeperThan(MAX_DEPTH, body))
    throw badRequest(
      "invalidSyntax",
      `The body is nested more than ${MAX_DEPTH} levels deep. No SCIM resource needs that.`,
    );
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(body))
    throw badRequest("invalidValue", "The body contains half of a surrogate pair, which is not a valid character.");
  return body;
}

/** SCIM messages are never deeper. The limit also protects recursive code. */
const MAX_DEPTH = 32;

function parse(text: string): unknown {
  try {
    return parseExactly(text, inexact);
  } catch (error) {
    if (error instanceof ScimError) throw error;
    throw badRequest("invalidSyntax", `The body is not valid JSON: ${(error as Error).message}`);
  }
}

/** Rejects numbers that JavaScript cannot represent exactly: an ID would silently become another one. */
function inexact(source: string): never {
  throw badRequest(
    "invalidValue",
    `The number ${source.slice(0, 40)} cannot be represented exactly: send it as a string.`,
  );
}

/** Reports whether all strings are valid Unicode. An escape can write half a surrogate pair, which backends do not store faithfully. */
const isWellFormed = (value: unknown): boolean =>
  typeof value === "string"
    ? value.isWellFormed()
    : typeof value !== "object" ||
      value === null ||
      Object.entries(value).every(([name, inner]) => name.isWellFormed() && isWellFormed(inner));

const isDeeperThan = (levels: number, value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner)));
