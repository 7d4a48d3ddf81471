import { createRequire } from "node:module";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

/** The server that holds shared counters. */
export interface SharedLimits {
  readonly url: string;
  readonly password?: string | undefined;
  /** CA of the server's certificate, PEM. Default: the system's CAs. */
  readonly ca?: string | undefined;
}

/** Counts points by key within a time window. */
export interface Limiter {
  /** Takes points. Reports whether enough were left. */
  readonly consume: (key: string, points?: number) => Promise<boolean>;
  /** Points taken within the window. */
  readonly consumed: (key: string) => Promise<number>;
}

/** Creates limiters. The name keeps their keys apart. */
export interface Limiters {
  readonly limiter: (name: string, window: { readonly points: number; readonly seconds: number }) => Limiter;
  /** Reports whether counters are currently shared; undefined if sharing is not configured. */
  readonly isShared: () => boolean | undefined;
  readonly close: () => void;
}

/** Counters in this process. */
export function memoryLimiters(): Limiters {
  return {
    limiter: (_, { points, seconds }) => limiterOf(new RateLimiterMemory({ points, duration: seconds })),
    isShared: () => undefined,
    close: () => {},
  };
}

/** Time limit of a query, idle time of a connection and interval of attempts, in milliseconds. */
const ASK_MS = 250;
const SILENT_MS = 1500;
const PING_MS = 500;
const MAX_RETRY_MS = 2000;
/** How long a failed server is left alone, in milliseconds. */
const AGAIN_MS = 2000;
/** A server counts as recovered after this long without failures, in milliseconds. */
const WELL_MS = 5000;

/** The client library uses as much memory as half of Node.js, so it is loaded only when needed. */
function clientOf({ url, password, ca }: SharedLimits, reconnectStrategy: false | ((retries: number) => number)) {
  const { createClient } = createRequire(import.meta.url)("@redis/client") as typeof import("@redis/client");
  return createClient({
    url,
    ...(password !== undefined && { password }),
    disableOfflineQueue: true,
    pingInterval: PING_MS,
    socket: {
      connectTimeout: SILENT_MS,
      socketTimeout: SILENT_MS,
      reconnectStrategy,
      ...(url.startsWith("rediss:") && { tls: true as const, ...(ca !== undefined && { ca }) }),
    },
  });
}

/** Reports whether the server refuses the gateway because of its password or permissions, which will not resolve itself. */
export const isRefusal = (error: Error): boolean => /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH)/.test(error.message);

/** Rejects if the server cannot be used. */
export async function probeShared(shared: SharedLimits): Promise<void> {
  const client = clientOf(shared, false);
  client.on("error", () => {});
  try {
    await client.connect();
    await client.ping();
  } finally {
    client.destroy();
  }
}

/** Counters in Valkey or Redis. Falls back to this process while the server is unavailable or slower than a quarter of a second. */
export function sharedLimiters(shared: SharedLimits, warn: (fields: object, message: string) => void): Limiters {
  const client = clientOf(shared, (retries) => Math.min(50 * 2 ** retries, MAX_RETRY_MS));
  let isAway = false;
  let failedAt = 0;
  const failed = (error: Error) => {
    failedAt = performance.now();
    if (!isAway) warn({ reason: error.message }, "shared limits unavailable: each gateway counts for itself");
    isAway = true;
  };
  const counted = () => {
    // A server that comes and goes is logged once.
    if (!isAway || performance.now() - failedAt < WELL_MS) return;
    warn({}, "shared limits available again");
    isAway = false;
  };
  client.on("error", failed);
  void client.connect().catch(() => {});
  return {
    limiter: (name, { points, seconds }) => {
      const window = { points, duration: seconds };
      const insurance = limiterOf(new RateLimiterMemory(window));
      const together = limiterOf(
        new RateLimiterRedis({
          ...window,
          keyPrefix: `postern:${name}`,
          storeClient: client,
          useRedisPackage: true,
          rejectIfRedisNotReady: true,
          // A key over its limit is refused from memory until the window ends.
          inMemoryBlockOnConsumed: points + 1,
        }),
      );
      const insured = async <T>(ask: (limiter: Limiter) => Promise<T>): Promise<T> => {
        if (isAway && performance.now() - failedAt < AGAIN_MS) return ask(insurance);
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error("no response in time")), ASK_MS);
        });
        try {
          const answer = await Promise.race([ask(together), late]);
          counted();
          return answer;
        } catch (error) {
          failed(error as Error);
          return ask(insurance);
        } finally {
          clearTimeout(timer);
        }
      };
      return {
        consume: (key, taken) => insured((limiter) => limiter.consume(key, taken)),
        consumed: (key) => insured((limiter) => limiter.consumed(key)),
      };
    },
    isShared: () => !isAway,
    close: () => client.destroy(),
  };
}

const limiterOf = (limiter: RateLimiterMemory | RateLimiterRedis): Limiter => ({
  consume: async (key, points = 1) => {
    try {
      await limiter.consume(key, points);
      return true;
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      return false;
    }
  },
  consumed: async (key) => (await limiter.get(key))?.consumedPoints ?? 0,
});
