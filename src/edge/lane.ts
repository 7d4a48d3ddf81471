import { setTimeout as sleep } from "node:timers/promises";
import type { MiddlewareHandler } from "hono";
import { tooMany } from "../scim/error.ts";
import type { Env } from "./env.ts";

/** Thresholds above which a request counts as expensive: bytes of body, characters of URL. */
const DEAR_BODY = 32_768;
const DEAR_ADDRESS = 1024;
/** Maximum URL length. A query by POST costs no more than one of this length. */
const MAX_ADDRESS = 16_384;
/** Estimated time that an expensive request takes on the main thread, in milliseconds per byte. */
const MS_PER_BYTE = 100 / 1_048_576;
const MS_PER_CHARACTER = 250 / 16_384;
/** The same for bulk requests: an operation of a hundred bytes takes about half a millisecond. */
const MS_PER_BULK_BYTE = 0.005;
/** Pages of at least this many resources count as expensive, with this cost for each resource. */
const DEAR_PAGE = 500;
const MS_PER_RESOURCE = 0.02;
/** While others are active, expensive requests of one caller get this fraction of the thread's time. */
const SHARE = 16;
/** A caller counts as active for this long after its last request, in milliseconds. Its next request may be waiting in the network. */
const PRESENT_MS = 60_000;
/** Maximum wait of an expensive request, in milliseconds; then it is rejected with 429. */
const PATIENCE_MS = 4000;

/** The lane of expensive requests over all routes. */
export interface Lane {
  /** When each caller last sent a request, and when its next expensive one may start. */
  readonly callers: Map<string, { seen: number; freeAt: number }>;
}
/** An empty lane. */
export const createLane = (): Lane => ({ callers: new Map() });

/**
 * Runs a caller's expensive requests one after another, with pauses for other callers: long bodies and filters occupy the single main
 * thread. A caller that is alone does not wait, and callers do not wait for each other.
 */
export function inLane(lane: Lane): MiddlewareHandler<Env> {
  return async (c, next) => {
    const caller = c.get("caller") ?? "";
    const now = performance.now();
    const own = lane.callers.get(caller) ?? { seen: now, freeAt: 0 };
    own.seen = now;
    lane.callers.set(caller, own);
    const body = c.get("body")?.length ?? 0;
    // A query by POST carries in its body what would otherwise be in its URL.
    const { path, url } = c.req;
    const cost = path.endsWith("/.search")
      ? costOf(0, body)
      : path.endsWith("/Bulk")
        ? body * MS_PER_BULK_BYTE
        : costOf(body, url.length) + costOfPage(Number(c.req.query("count") ?? 0));
    if (cost === 0 || !isShared(lane, caller, now)) return next();
    const begin = Math.max(now, own.freeAt);
    if (begin - now > PATIENCE_MS)
      throw tooMany("Too many long requests are waiting. Send shorter ones, or try again later.");
    own.freeAt = begin + cost * SHARE;
    if (begin > now) await sleep(begin - now);
    await next();
  };
}

/** Estimated cost of a request on the main thread, in milliseconds; 0 for cheap ones. */
function costOf(body: number, address: number): number {
  const dearBody = body > DEAR_BODY ? body * MS_PER_BYTE : 0;
  const dearAddress = address > DEAR_ADDRESS ? Math.min(address, MAX_ADDRESS) * MS_PER_CHARACTER : 0;
  return dearBody + dearAddress;
}

const costOfPage = (count: number): number => (count > DEAR_PAGE ? Math.min(count, 10_000) * MS_PER_RESOURCE : 0);

/** Reports whether another caller was active recently, and forgets those that were not. */
function isShared({ callers }: Lane, caller: string, now: number): boolean {
  let isOther = false;
  for (const [name, { seen, freeAt }] of callers) {
    if (now - seen > PRESENT_MS && freeAt < now) callers.delete(name);
    else isOther ||= name !== caller && now - seen <= PRESENT_MS;
  }
  return isOther;
}
