import { setTimeout as sleep } from "node:timers/promises";
import type { Caller } from "../auth/caller.ts";
import { type Limiter, type Limiters, memoryLimiters } from "./limiters.ts";

/** Failed authentications per minute and source before it is slowed down. */
const FREE_FAILURES = 10;
/** Delay before credentials are checked for a source that has failed too often, in milliseconds. */
const SLOW_MS = 1000;
/** Maximum number of requests delayed at a time, in total and per source; more are rejected. */
const MAX_SLOWED = 200;
const MAX_SLOWED_OF_ONE = 20;
/** Maximum number of requests of one source that wait for earlier ones to be checked. */
const MAX_WAITING = 1000;

/** The result of checking credentials; `nothing` if there were none, or the check could not be made. */
export type Verdict = "proven" | "failed" | "nothing";

/** Rate-limit and failure counters, over all routes and the token endpoint. They survive configuration reloads. */
export interface Throttle {
  /**
   * Checks credentials with `look` and returns its result. A source that has failed too often waits first, whether its credentials are
   * right or wrong, which limits guessing to twenty attempts a second. Pending checks count until they finish, so parallel guesses gain
   * nothing. A connection that has authenticated before does not wait, but has one request checked at a time. Returns undefined, unchecked,
   * if too many requests are waiting.
   */
  readonly judge: <T extends { readonly verdict: Verdict }>(
    source: string,
    connection: object | undefined,
    look: () => Promise<T>,
  ) => Promise<T | undefined>;
  /** Reports whether a caller may do this many more operations in this second. */
  readonly isWithinRate: (caller: Caller, operations?: number) => Promise<boolean>;
}

/** Counts with the given limiters, by default in this process. */
export function createThrottle({ limiter }: Pick<Limiters, "limiter"> = memoryLimiters()): Throttle {
  const failures = limiter("failures", { points: FREE_FAILURES, seconds: 60 });
  const rates = new Map<number, Limiter>();
  const slowedOf = new Map<string, number>();
  const provenFor = new WeakMap<object, string>();
  const lastOn = new WeakMap<object, Promise<unknown>>();
  /** Pending checks by source, and the requests waiting for one of them to finish. */
  const looking = new Map<string, { count: number; waiting: (() => void)[] }>();
  let slowed = 0;

  /** Waits for as long as a source with too many failures must; false if too many are waiting. */
  const slow = async (source: string): Promise<boolean> => {
    const ofOne = slowedOf.get(source) ?? 0;
    if (slowed >= MAX_SLOWED || ofOne >= MAX_SLOWED_OF_ONE) return false;
    slowed++;
    slowedOf.set(source, ofOne + 1);
    await sleep(SLOW_MS);
    slowed--;
    const left = slowedOf.get(source)! - 1;
    if (left > 0) slowedOf.set(source, left);
    else slowedOf.delete(source);
    return true;
  };

  /** Waits until a source may be checked, and counts the check. */
  const admit = async (source: string): Promise<boolean> => {
    for (;;) {
      const failed = await failures.consumed(source);
      if (failed >= FREE_FAILURES && !(await slow(source))) return false;
      const own = looking.get(source) ?? { count: 0, waiting: [] };
      looking.set(source, own);
      if (failed >= FREE_FAILURES || failed + own.count < FREE_FAILURES) {
        own.count++;
        return true;
      }
      if (own.waiting.length >= MAX_WAITING) return false;
      await new Promise<void>((resolve) => own.waiting.push(resolve));
    }
  };
  const judged = (source: string): void => {
    const own = looking.get(source)!;
    own.count--;
    for (const go of own.waiting.splice(0)) go();
    if (own.count === 0) looking.delete(source);
  };

  const looked = async <T extends { readonly verdict: Verdict }>(
    source: string,
    connection: object | undefined,
    look: () => Promise<T>,
  ): Promise<T> => {
    const found = await look();
    if (found.verdict === "failed") {
      if (connection) provenFor.delete(connection);
      await failures.consume(source);
    } else if (found.verdict === "proven" && connection) provenFor.set(connection, source);
    return found;
  };

  return {
    judge: async (address, connection, look) => {
      const source = networkOf(address);
      if (connection && provenFor.get(connection) === source) {
        const before = lastOn.get(connection);
        const turn = (async () => {
          await before;
          return provenFor.get(connection) === source ? looked(source, connection, look) : undefined;
        })();
        lastOn.set(
          connection,
          turn.catch(() => {}),
        );
        const found = await turn;
        if (found) return found;
      }
      if (!(await admit(source))) return undefined;
      // A slow check, for example at an unresponsive issuer, does not hold up others: it is no way to guess fast.
      let isCounted = true;
      const uncount = () => {
        if (isCounted) judged(source);
        isCounted = false;
      };
      const late = setTimeout(uncount, SLOW_MS);
      try {
        return await looked(source, connection, look);
      } finally {
        clearTimeout(late);
        uncount();
      }
    },
    isWithinRate: async ({ name, rate }, operations = 1) => {
      if (rate === undefined) return true;
      const known = rates.get(rate) ?? limiter(`rate:${rate}`, { points: rate, seconds: 1 });
      rates.set(rate, known);
      return known.consume(name, operations);
    },
  };
}

/** What counts as one source: an IPv4 address, or an IPv6 /64, of which a client may use every address. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = (text: string) => text.split(":").filter((each) => each !== "");
  const before = groups(head);
  const gap = tail === undefined ? 0 : 8 - before.length - groups(tail).length;
  const all = [...before, ...Array.from({ length: Math.max(0, gap) }, () => "0"), ...groups(tail ?? "")];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
