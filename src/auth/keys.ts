import { setTimeout as sleep } from "node:timers/promises";
import { createRemoteJWKSet, customFetch, type JWKSCacheInput, type JWTVerifyGetKey, jwksCache } from "jose";
import { z } from "zod";

/** An address that keys, or secrets, travel to or from: https, or this machine. */
export const secureUrl = z
  .url()
  .refine((url) => /^https:|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(url), "keys are fetched by https");

/** Deadline for keys, all attempts together, in milliseconds. Callers wait for it only where there are no keys yet. */
const DEADLINE_MS = 3000;
/** Pauses before the second and the third attempt, in milliseconds. */
const PAUSES_MS = [100, 400];
/** Keys older than this are fetched again in the background, in milliseconds: a key that was withdrawn should not serve for long. */
const FRESH_MS = 10 * 60_000;
/** Where nobody has asked for the keys for so long, in milliseconds, callers wait for the answer: they may have been withdrawn long ago. */
const IDLE_MS = 3_600_000;
/** Keys older than this are not used, in milliseconds. Until then they outlast an issuer that does not answer. */
const STALE_MS = 48 * 3_600_000;
/** Minimum time between two fetches for unknown keys, in milliseconds: tokens of nobody must not make us ask for each. */
const COOLDOWN_MS = 10_000;

/** Key sets by their address. They outlive a configuration, so that a reload while the issuer is away refuses nobody. */
const sets = new Map<string, JWTVerifyGetKey>();

/**
 * The keys that an issuer publishes at a URL. jose fetches them, one fetch at a time, when they are first needed, and again when a
 * token names an unknown one; what is added here is that keys older than ten minutes are renewed in the background and serve for 48 hours meanwhile,
 * that a fetch that fails is tried again within one deadline, and that a failure is not repeated during the cooldown.
 */
export function remoteKeys(url: string): JWTVerifyGetKey {
  const present = sets.get(url);
  if (present) return present;
  const cache: JWKSCacheInput = {};
  let triedAt = 0;
  const set = createRemoteJWKSet(new URL(url), {
    timeoutDuration: DEADLINE_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: STALE_MS,
    [jwksCache]: cache,
    [customFetch]: onceInAWhile(
      (...request) => {
        triedAt = Date.now();
        return fetchWithRetries(...request);
      },
      () => cache.uat !== undefined,
    ),
  });
  const keys: JWTVerifyGetKey = async (header, token) => {
    if (set.fresh && Date.now() >= cache.uat! + FRESH_MS) {
      const isIdle = Date.now() >= triedAt + IDLE_MS;
      // A failure is told where there are no keys any more.
      const renewal = set.reload().catch(() => {});
      if (isIdle) await renewal;
    }
    return set(header, token);
  };
  sets.set(url, keys);
  return keys;
}

type Fetch = (url: string, options: { readonly signal: AbortSignal } & RequestInit) => Promise<Response>;

/** Remembers a failure for the cooldown, where `isSpared` says that its answer can wait. */
function onceInAWhile(fetch: Fetch, isSpared: () => boolean): Fetch {
  let failure: { readonly error: unknown; readonly at: number } | undefined;
  return async (url, options) => {
    if (failure && isSpared() && Date.now() < failure.at + COOLDOWN_MS) throw failure.error;
    try {
      const response = await fetch(url, options);
      failure = response.status === 200 ? undefined : { error: new Error(`HTTP ${response.status}`), at: Date.now() };
      return response;
    } catch (error) {
      failure = { error, at: Date.now() };
      throw error;
    }
  };
}

/** Fetches, up to three times, within the deadline of the signal; answers that are worth another attempt are 429 and 5xx. */
const fetchWithRetries: Fetch = async (url, options) => {
  for (let attempt = 0; ; attempt++) {
    const pause = PAUSES_MS[attempt];
    try {
      const response = await fetch(url, options);
      const isPassing = response.status === 429 || response.status >= 500;
      if (!isPassing || pause === undefined) return response;
      await response.body?.cancel();
    } catch (error) {
      if (options.signal.aborted || pause === undefined) throw error;
    }
    await sleep(pause, undefined, { signal: options.signal }).catch(() => {
      throw options.signal.reason;
    });
  }
};

/**
 * The keys of an issuer: at a URL, or, without one, where its metadata says, OpenID Connect's or RFC 8414's. The metadata is fetched
 * once; a failure is not remembered.
 */
export function issuerKeys(issuer: string, url?: string): () => Promise<JWTVerifyGetKey> {
  if (url !== undefined) return async () => remoteKeys(url);
  let found: Promise<string> | undefined;
  return async () => {
    found ??= discoverKeys(issuer).catch((error) => {
      found = undefined;
      throw error;
    });
    return remoteKeys(await found);
  };
}

/** The address of an issuer's keys, by OpenID Connect Discovery 1.0 §4 or RFC 8414 §3. Rejects where neither is there. */
async function discoverKeys(issuer: string): Promise<string> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const base = issuer.replace(/\/$/, "");
  const { origin, pathname } = new URL(base);
  const oauth = `${origin}/.well-known/oauth-authorization-server${pathname === "/" ? "" : pathname}`;
  for (const url of [`${base}/.well-known/openid-configuration`, oauth]) {
    const response = await fetch(url, { signal, redirect: "error" });
    if (!response.ok) {
      await response.body?.cancel();
      continue;
    }
    const { jwks_uri: keys } = (await response.json()) as { jwks_uri?: unknown };
    return secureUrl.parse(keys);
  }
  throw new Error(`${issuer} has no metadata`);
}
