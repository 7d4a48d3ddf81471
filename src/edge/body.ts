import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import { parseExactly } from "../json/exact.ts";
import { badRequest, notNow, ScimError } from "../scim/error.ts";
import type { Env } from "./env.ts";

/** A body has so long to arrive, in milliseconds, from when it is waited for. */
const BODY_MS = 10_000;
/** What bodies may hold in memory together, in bytes: those that are still coming, and those that are worked on. */
const MAX_HELD = 128 * 1024 * 1024;
/** Of several callers none has more than this part of that memory, and all who are nobody yet have this part together. */
const SHARE_OF_ONE = 0.5;
const SHARE_OF_NOBODY = 0.1;
/** How many bodies may be coming at a time of one caller, of all who are nobody yet, and of one address of theirs. */
const MAX_COMING = 256;
const MAX_COMING_OF_ADDRESS = 32;

/** What a sender's bodies take. */
interface Share {
  held: number;
  coming: number;
}

/** Bodies in memory, over all routes, in all and by who sends them. */
export interface Bodies {
  readonly all: Share;
  readonly of: Map<string, Share>;
}
/** No body has arrived yet. */
export const createBodies = (): Bodies => ({ all: { held: 0, coming: 0 }, of: new Map() });

/**
 * Reads the whole body before anything else is done for the request, so that a client that sends slowly, or never ends, takes
 * no place from others. Throws 413 for more than `maxBytes`, by the announced length or as soon as it is more; 408 where it does
 * not arrive in time; 503 where bodies hold all the memory that they may.
 */
export function readBody(bodies: Bodies, maxBytes: number): MiddlewareHandler<Env> {
  return async (c, next) => {
    const incoming = (c.env as unknown as HttpBindings).incoming as IncomingMessage;
    const length = Number(incoming.headers["content-length"] ?? Number.NaN);
    const hasBody = length > 0 || incoming.headers["transfer-encoding"] !== undefined;
    // Hono runs middleware twice for an address that is written as its own pattern.
    if (!hasBody || c.get("body")) return next();
    if (length > maxBytes) throw tooLarge(maxBytes);
    const caller = c.get("caller");
    // Those who are nobody yet have one share together, so that they take no place from callers that are known.
    const names = caller === undefined ? ["nobody", `from ${c.get("source")}`] : [`caller ${caller}`];
    const bounds = caller === undefined ? [MAX_COMING, MAX_COMING_OF_ADDRESS] : [MAX_COMING];
    const most = MAX_HELD * (caller === undefined ? SHARE_OF_NOBODY : SHARE_OF_ONE);
    const shares = [bodies.all, ...names.map((name) => shareOf(bodies, name))];
    const own = shares[1]!;
    const isFull = shares.slice(1).some(({ coming }, index) => coming >= bounds[index]!);
    // What has arrived counts, not what was announced: an announcement costs nothing.
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

/** What of a refused request's body is read on for nothing: for so long, in milliseconds, and so many bytes. */
const REST_MS = 2000;
const MAX_REST = 16 * 1024 * 1024;

/**
 * Reads the rest of a body that nobody wanted before its answer is sent. A connection that is closed while bytes are still coming is
 * reset, and the reset takes the answer with it: the client, or the balancer before it, sees a broken connection instead of 401 or 413.
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

const noRoom = () => notNow("As many bodies are on their way as may be. Try again later.");

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
    const gone = () => end(() => reject(new ScimError(400, undefined, "The connection ended within the body.")));
    const timer = setTimeout(late, BODY_MS);
    incoming.on("data", arrived).on("end", whole).on("close", gone).on("error", gone);
  });
}

const tooLarge = (maxBytes: number) =>
  new ScimError(413, undefined, `The body is larger than the ${maxBytes} bytes that are allowed (limits.body).`);

/** The body of a request as text. Throws 400 `invalidSyntax` for bytes that are not UTF-8. */
export function textBody(c: HonoContext<Env>): string {
  const bytes = c.get("body") ?? Buffer.alloc(0);
  if (!isUtf8(bytes)) throw badRequest("invalidSyntax", "The body is not UTF-8.");
  return bytes.toString("utf8").replace(/^\ufeff/, "");
}

/**
 * The body of a request as JSON. Throws 415 for another content type, 400 `invalidSyntax` for what is not JSON, and 400
 * `invalidValue` for a number that would be another one here.
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
    throw badRequest("invalidSyntax", `The body is nested more than ${MAX_DEPTH} levels deep, which no resource is.`);
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(body))
    throw badRequest("invalidValue", "The body holds one half of a surrogate pair, which is no character.");
  return body;
}

/** No SCIM message is nested deeper than this; what walks through a body may go as deep as the body. */
const MAX_DEPTH = 32;

function parse(text: string): unknown {
  try {
    return parseExactly(text, inexact);
  } catch (error) {
    if (error instanceof ScimError) throw error;
    throw badRequest("invalidSyntax", `The body is not JSON: ${(error as Error).message}`);
  }
}

/** Refuses a number that JavaScript does not hold as it is written: an id, or a name, would silently be another one. */
function inexact(source: string): never {
  throw badRequest(
    "invalidValue",
    `The number ${source.slice(0, 40)} cannot be kept exactly: send it as text, in quotes.`,
  );
}

/** Whether all texts are Unicode: an escape can write half a character, which no system behind keeps as it is. */
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
