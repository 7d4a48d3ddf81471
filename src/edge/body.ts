import type { Context as HonoContext, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { badRequest, ScimError } from "../scim/error.ts";
import type { Env } from "./env.ts";

/** Refuses a body that is larger than `bytes`, by its announced length or, without one, as soon as it is. */
export function limitBody(bytes: number): MiddlewareHandler {
  const limit = bodyLimit({
    maxSize: bytes,
    onError: () => {
      throw new ScimError(413, undefined, `The body is larger than the ${bytes} bytes that limits.body allows.`);
    },
  });
  return (c, next) => (c.req.method === "GET" ? next() : limit(c, next));
}

/** The body of a request as JSON. Throws 415 for another content type, 400 `invalidSyntax` for what is not JSON. */
export async function jsonBody(c: HonoContext<Env>): Promise<unknown> {
  const type = (c.req.header("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (type !== "application/scim+json" && type !== "application/json") {
    throw new ScimError(
      415,
      undefined,
      `The content type must be application/scim+json or application/json, not ${JSON.stringify(type)}.`,
    );
  }
  const body = parse(await c.req.text());
  if (isDeeperThan(MAX_DEPTH, body))
    throw badRequest("invalidSyntax", `The body is nested more than ${MAX_DEPTH} levels deep, which no resource is.`);
  return body;
}

/** No SCIM message is nested deeper than this; what walks through a body may go as deep as the body. */
const MAX_DEPTH = 32;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest("invalidSyntax", `The body is not JSON: ${(error as Error).message}`);
  }
}

const isDeeperThan = (levels: number, value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner)));
