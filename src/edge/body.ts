import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import { badRequest, notNow, ScimError } from "../scim/error.ts";
import type { Env } from "./env.ts";

/** A body has so long to arrive, in milliseconds, from when it is waited for. */
const BODY_MS = 10_000;
/** What bodies may hold in memory together, in bytes: those that are still coming, and those that are worked on. */
const MAX_HELD = 128 * 1024 * 1024;
/** How many bodies may be coming at a time, of all clients together and of one caller, or of one address that is nobody yet. */
const MAX_COMING = 1024;
const MAX_COMING_OF_ONE = 256;

/** Bodies in memory, over all routes. */
export interface Bodies {
  held: number;
  coming: number;
  readonly comingOf: Map<string, number>;
}
export const createBodies = (): Bodies => ({ held: 0, coming: 0, comingOf: new Map() });

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
    const sender = c.get("caller") ?? `from ${c.get("source")}`;
    const room = Number.isNaN(length) ? maxBytes : length;
    const comingOfOne = bodies.comingOf.get(sender) ?? 0;
    if (bodies.held + room > MAX_HELD || bodies.coming >= MAX_COMING || comingOfOne >= MAX_COMING_OF_ONE)
      throw notNow("As many bodies are on their way as may be. Try again later.");
    bodies.held += room;
    try {
      bodies.coming++;
      bodies.comingOf.set(sender, comingOfOne + 1);
      try {
        c.set("body", await received(incoming, maxBytes));
      } finally {
        bodies.coming--;
        const left = bodies.comingOf.get(sender)! - 1;
        if (left > 0) bodies.comingOf.set(sender, left);
        else bodies.comingOf.delete(sender);
      }
      await next();
    } finally {
      bodies.held -= room;
    }
  };
}

function received(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const end = (outcome: () => void) => {
      clearTimeout(timer);
      incoming.off("data", take).off("end", whole).off("close", gone).off("error", gone);
      outcome();
    };
    const refuse = (error: Error) => {
      incoming.pause();
      end(() => reject(error));
    };
    const late = () =>
      refuse(new ScimError(408, undefined, `The body did not arrive within ${BODY_MS / 1000} seconds. Send it again.`));
    const take = (part: Buffer) => {
      size += part.length;
      if (size > maxBytes) return refuse(tooLarge(maxBytes));
      parts.push(part);
    };
    const whole = () => end(() => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)));
    const gone = () => end(() => reject(new ScimError(400, undefined, "The connection ended within the body.")));
    const timer = setTimeout(late, BODY_MS);
    incoming.on("data", take).on("end", whole).on("close", gone).on("error", gone);
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
  const body = parse(textBody(c));
  if (isDeeperThan(MAX_DEPTH, body))
    throw badRequest("invalidSyntax", `The body is nested more than ${MAX_DEPTH} levels deep, which no resource is.`);
  return body;
}

/** No SCIM message is nested deeper than this; what walks through a body may go as deep as the body. */
const MAX_DEPTH = 32;

/** A number of so many digits, or with an exponent, may not be the one that is written. */
const MAY_BE_INEXACT = /[0-9.]{16}|\d[eE]/;

function parse(text: string): unknown {
  try {
    return MAY_BE_INEXACT.test(text) ? JSON.parse(text, exactly as Parameters<typeof JSON.parse>[1]) : JSON.parse(text);
  } catch (error) {
    if (error instanceof ScimError) throw error;
    throw badRequest("invalidSyntax", `The body is not JSON: ${(error as Error).message}`);
  }
}

/** Refuses numbers that JavaScript does not hold as they are written: an id, or a name, would silently be another one. */
function exactly(_: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== "number" || source === undefined) return value;
  const isHeld = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (isHeld) return value;
  throw badRequest(
    "invalidValue",
    `The number ${source.slice(0, 40)} cannot be kept exactly: send it as text, in quotes.`,
  );
}

const isDeeperThan = (levels: number, value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner)));
