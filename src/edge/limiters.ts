import { createRequire } from "node:module";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

/** Where shared counts are, and how they are reached. */
export interface SharedLimits {
  readonly url: string;
  readonly password?: string | undefined;
  /** The authority of its certificate, PEM; the system's without it. */
  readonly ca?: string | undefined;
}

/** Counts points by key within a window of time. */
export interface Limiter {
  /** Takes points. Reports whether there were as many left. */
  readonly consume: (key: string, points?: number) => Promise<boolean>;
  /** How many points were taken within the window. */
  readonly consumed: (key: string) => Promise<number>;
}

/** Makes limiters, by a name that tells their keys apart. */
export interface Limiters {
  readonly limiter: (name: string, window: { readonly points: number; readonly seconds: number }) => Limiter;
  /** Whether counts are shared at this time; undefined where they are not to be. */
  readonly isShared: () => boolean | undefined;
  readonly close: () => void;
}

/** Counts in this process. */
export function memoryLimiters(): Limiters {
  return {
    limiter: (_, { points, seconds }) => limiterOf(new RateLimiterMemory({ points, duration: seconds })),
    isShared: () => undefined,
    close: () => {},
  };
}

/** How long one question may take, how long a connection may be silent, and how often it is tried, in milliseconds. */
const ASK_MS = 250;
const SILENT_MS = 1500;
const PING_MS = 500;
const MAX_RETRY_MS = 2000;
/** A server that failed is not asked for so long, in milliseconds. */
const AGAIN_MS = 2000;
/** A server counts as well again when nothing has failed for so long, in milliseconds. */
const WELL_MS = 5000;

/** The client library takes as much memory as half of Node.js: it is loaded where it is needed. */
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

/** Whether the server is there, and does not let the gateway in: a password, or rights, that will not mend by themselves. */
export const isRefusal = (error: Error): boolean => /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH)/.test(error.message);

/** Rejects where the server cannot be asked. */
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

/** Counts in Valkey or Redis; in this process while that is away, or does not answer within a quarter of a second. */
export function sharedLimiters(shared: SharedLimits, warn: (fields: object, message: string) => void): Limiters {
  const client = clientOf(shared, (retries) => Math.min(50 * 2 ** retries, MAX_RETRY_MS));
  let isAway = false;
  let failedAt = 0;
  const failed = (error: Error) => {
    failedAt = performance.now();
    if (!isAway) warn({ reason: error.message }, "shared limits cannot be counted: each gateway counts for itself");
    isAway = true;
  };
  const counted = () => {
    // A server that comes and goes is told of once.
    if (!isAway || performance.now() - failedAt < WELL_MS) return;
    warn({}, "shared limits are counted again");
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
          timer = setTimeout(() => reject(new Error("no answer in time")), ASK_MS);
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
