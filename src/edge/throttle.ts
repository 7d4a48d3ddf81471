import { setTimeout as sleep } from "node:timers/promises";
import type { Caller } from "../auth/caller.ts";
import { type Limiter, type Limiters, memoryLimiters } from "./limiters.ts";

/** Failed authentications of one source within a minute after which it is slowed down. */
const FREE_FAILURES = 10;
/** How long a request of a source that failed too often waits before its credentials are looked at, in milliseconds. */
const SLOW_MS = 1000;
/** The most requests that wait so at a time, in all and of one source; others are turned away. */
const MAX_SLOWED = 200;
const MAX_SLOWED_OF_ONE = 20;
/** The most requests of one source that wait for others of it to be looked at. */
const MAX_WAITING = 1000;

/** What looking at a request's credentials found; `nothing` where there were none, or nobody could say. */
export type Verdict = "proven" | "failed" | "nothing";

/** Rate-limit and failure counters, over all routes and the token endpoint. They survive configuration reloads. */
export interface Throttle {
  /**
   * Looks at credentials by `look`, and gives what that gives. Where a source has failed too often it waits before, for right and
   * wrong ones alike: who guesses learns no more than twenty answers a second. What is being looked at counts until it is judged,
   * so that many guesses at once are no way around. A connection that has proven itself for the source does not wait, and has one
   * request looked at at a time. Gives undefined, without a look, where too many wait already.
   */
  readonly judge: <T extends { readonly verdict: Verdict }>(
    source: string,
    connection: object | undefined,
    look: () => Promise<T>,
  ) => Promise<T | undefined>;
  /** Reports whether a caller may do so many more operations in this second. */
  readonly isWithinRate: (caller: Caller, operations?: number) => Promise<boolean>;
}

/** Counts by limiters: in this process, where nothing else is said. */
export function createThrottle({ limiter }: Pick<Limiters, "limiter"> = memoryLimiters()): Throttle {
  const failures = limiter("failures", { points: FREE_FAILURES, seconds: 60 });
  const rates = new Map<number, Limiter>();
  const slowedOf = new Map<string, number>();
  const provenFor = new WeakMap<object, string>();
  const lastOn = new WeakMap<object, Promise<unknown>>();
  /** How many of a source are looked at, and who waits for one of them to be judged. */
  const looking = new Map<string, { count: number; waiting: (() => void)[] }>();
  let slowed = 0;

  /** Waits as long as a source that failed too often has to; false where too many wait. */
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

  /** Waits until a source may be looked at, and counts it as such. */
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
      // A look that takes long, at an issuer that does not answer, keeps nobody else from being looked at: it is no way to guess fast.
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

/** Who counts as one source: an IPv4 address, or the 64 bits of an IPv6 one that a network has, of which it may use every address. */
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
