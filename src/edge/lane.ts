import { setTimeout as sleep } from "node:timers/promises";
import type { MiddlewareHandler } from "hono";
import { tooMany } from "../scim/error.ts";
import type { Env } from "./env.ts";

/** Requests that are longer than this are dear: their body in bytes, their address in characters. */
const DEAR_BODY = 32_768;
const DEAR_ADDRESS = 1024;
/** No address is longer than this, and no query by POST does more than one of this length. */
const MAX_ADDRESS = 16_384;
/** What a dear request may take of the process's one thread, in milliseconds, for each of its bytes. */
const MS_PER_BYTE = 100 / 1_048_576;
const MS_PER_CHARACTER = 250 / 16_384;
/** Of a bulk request each byte: an operation of a hundred bytes takes about half a millisecond. */
const MS_PER_BULK_BYTE = 0.005;
/** A page is dear from so many resources on; and what each of them may take. */
const DEAR_PAGE = 500;
const MS_PER_RESOURCE = 0.02;
/** Of the thread's time the dear requests of a caller get one part in so many, while others are served. */
const SHARE = 16;
/** A caller counts as being there for so long after its last request, in milliseconds: its next one may wait before the door unseen. */
const PRESENT_MS = 60_000;
/** A dear request waits for so long at most, in milliseconds; then it is 429. */
const PATIENCE_MS = 4000;

/** The lane of dear requests, over all routes. */
export interface Lane {
  /** When each caller asked last, and from when on its next dear request may begin. */
  readonly callers: Map<string, { seen: number; freeAt: number }>;
}
/** A lane that nobody is in. */
export const createLane = (): Lane => ({ callers: new Map() });

/**
 * Lets a caller's dear requests begin one after the other, with pauses in which other callers are served: long bodies and long
 * filters take milliseconds of the one thread that all share, and nobody can be served within them. A caller that is alone does
 * not wait, and none waits for another's.
 */
export function inLane(lane: Lane): MiddlewareHandler<Env> {
  return async (c, next) => {
    const caller = c.get("caller") ?? "";
    const now = performance.now();
    const own = lane.callers.get(caller) ?? { seen: now, freeAt: 0 };
    own.seen = now;
    lane.callers.set(caller, own);
    const body = c.get("body")?.length ?? 0;
    // A query by POST has in its body what it would have in its address.
    const { path, url } = c.req;
    const cost = path.endsWith("/.search")
      ? costOf(0, body)
      : path.endsWith("/Bulk")
        ? body * MS_PER_BULK_BYTE
        : costOf(body, url.length) + costOfPage(Number(c.req.query("count") ?? 0));
    if (cost === 0 || !isShared(lane, caller, now)) return next();
    const begin = Math.max(now, own.freeAt);
    if (begin - now > PATIENCE_MS)
      throw tooMany("Requests of this length have to wait for others, and too many of them do. Send shorter ones.");
    own.freeAt = begin + cost * SHARE;
    if (begin > now) await sleep(begin - now);
    await next();
  };
}

/** What a request may take of the thread, in milliseconds; nothing for one that is not dear. */
function costOf(body: number, address: number): number {
  const dearBody = body > DEAR_BODY ? body * MS_PER_BYTE : 0;
  const dearAddress = address > DEAR_ADDRESS ? Math.min(address, MAX_ADDRESS) * MS_PER_CHARACTER : 0;
  return dearBody + dearAddress;
}

const costOfPage = (count: number): number => (count > DEAR_PAGE ? Math.min(count, 10_000) * MS_PER_RESOURCE : 0);

/** Whether anybody but the caller was served lately; those who were not are forgotten. */
function isShared({ callers }: Lane, caller: string, now: number): boolean {
  let isOther = false;
  for (const [name, { seen, freeAt }] of callers) {
    if (now - seen > PRESENT_MS && freeAt < now) callers.delete(name);
    else isOther ||= name !== caller && now - seen <= PRESENT_MS;
  }
  return isOther;
}
