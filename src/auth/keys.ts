import { setTimeout as sleep } from "node:timers/promises";
import { createRemoteJWKSet, customFetch, type JWKSCacheInput, type JWTVerifyGetKey, jwksCache } from "jose";
import { z } from "zod";

const HERE = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Reports whether a URL is on this machine, without TLS. */
function isHere(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && HERE.has(hostname);
}

/** A URL for keys or secrets: https, or this machine. */
export const secureUrl = z
  .url()
  .refine(
    (url) => URL.canParse(url) && (new URL(url).protocol === "https:" || isHere(url)),
    "keys must be fetched over https",
  );

/** Time limit for fetching keys, all attempts together, in milliseconds. Callers wait only if there are no keys yet. */
const DEADLINE_MS = 3000;
/** Pauses before the second and third attempt, in milliseconds. */
const PAUSES_MS = [100, 400];
/** Keys older than this are refreshed in the background, in milliseconds, so that a withdrawn key is dropped soon. */
const FRESH_MS = 10 * 60_000;
/** If nobody has used the keys for this long, in milliseconds, callers wait for fresh ones: the old ones may have been withdrawn. */
const IDLE_MS = 3_600_000;
/** Metadata older than this is refreshed in the background, in milliseconds. */
const METADATA_MS = 3_600_000;
/** Maximum age of keys, in milliseconds. Until then they are used if the issuer is unavailable. */
const STALE_MS = 48 * 3_600_000;
/** Minimum time between fetches for unknown keys, in milliseconds: forged tokens must not cause a fetch each. */
const COOLDOWN_MS = 10_000;

/** Key sets by URL. They survive reloads, so that one during an issuer's outage refuses nobody. */
const sets = new Map<string, JWTVerifyGetKey>();

/**
 * The keys that an issuer publishes at a URL. jose fetches them once on first use, and again for an unknown key. In addition, keys older
 * than ten minutes are refreshed in the background and used for up to 48 hours, failed fetches are repeated within one time limit, and
 * failures are not repeated during the cooldown.
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
      // A failure matters only if there are no keys.
      const renewal = set.reload().catch(() => {});
      if (isIdle) await renewal;
    }
    return set(header, token);
  };
  sets.set(url, keys);
  return keys;
}

type Fetch = (url: string, options: { readonly signal: AbortSignal } & RequestInit) => Promise<Response>;

/** Remembers a failure during the cooldown, if `isSpared` says that the result can wait. */
function onceInAWhile(fetch: Fetch, isSpared: () => boolean): Fetch {
  let failure: { readonly error: unknown; readonly at: number } | undefined;
  return async (url, options) => {
    if (failure && isSpared() && Date.now() < failure.at + COOLDOWN_MS) throw failure.error;
    try {
      const response = await fetch(url, options);
      const problem = await problemOf(response);
      failure = problem === undefined ? undefined : { error: new Error(problem), at: Date.now() };
      return response;
    } catch (error) {
      failure = { error, at: Date.now() };
      throw error;
    }
  };
}

/** Why a response contains no keys, such as a login page with status 200; undefined if it is a key set. */
async function problemOf(response: Response): Promise<string | undefined> {
  if (response.status !== 200) return `HTTP ${response.status}`;
  const body = await response
    .clone()
    .json()
    .catch(() => undefined);
  return keySet.safeParse(body).success ? undefined : "the response is not a key set";
}

const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

/** Fetches up to three times, until the signal fires. 429 and 5xx are retried. */
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
 * The keys of an issuer: at the given URL, or located by its OpenID Connect or RFC 8414 metadata. Metadata is refreshed in the background
 * after an hour and, once per cooldown, if keys are unavailable or lack the requested one: they may have moved. A failure to locate them is
 * not remembered.
 */
export function issuerKeys(issuer: string, url?: string): () => Promise<JWTVerifyGetKey> {
  if (url !== undefined) return async () => remoteKeys(url);
  let found: string | undefined;
  let asking: Promise<string> | undefined;
  let askedAt = 0;
  const find = (): Promise<string> => {
    askedAt = Date.now();
    asking ??= discoverKeys(issuer)
      .then((address) => {
        found = address;
        return address;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  return async () => {
    const present = found ?? (await find());
    if (Date.now() >= askedAt + METADATA_MS) find().catch(() => {});
    return async (header, token) => {
      try {
        return await remoteKeys(present)(header, token);
      } catch (error) {
        if (Date.now() < askedAt + COOLDOWN_MS) throw error;
        const moved = await find().catch(() => present);
        if (moved === present) throw error;
        return remoteKeys(moved)(header, token);
      }
    };
  };
}

/** Locates an issuer's keys by OpenID Connect Discovery 1.0 §4 or RFC 8414 §3, whichever answers first. Rejects if neither does. */
async function discoverKeys(issuer: string): Promise<string> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const base = issuer.replace(/\/$/, "");
  const { origin, pathname } = new URL(base);
  const oauth = `${origin}/.well-known/oauth-authorization-server${pathname === "/" ? "" : pathname}`;
  const problems: string[] = [];
  for (const url of [`${base}/.well-known/openid-configuration`, oauth]) {
    try {
      return await keysNamedAt(url, issuer, signal);
    } catch (error) {
      problems.push(`${url}: ${(error as Error).message}`);
    }
  }
  throw new Error(`${issuer} has no metadata that locates its keys: ${problems.join("; ")}`);
}

/** The URL of the keys in an issuer's metadata. Rejects if the metadata is another issuer's, or the URL is not secure. */
async function keysNamedAt(url: string, issuer: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal, redirect: "error" });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status}`);
  }
  const metadata = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown } | null;
  // OpenID Connect Discovery 1.0 §4.3, RFC 8414 §3.3: the issuer must be identical.
  if (metadata?.issuer !== issuer) throw new Error("its issuer is a different one");
  const keys = secureUrl.safeParse(metadata.jwks_uri);
  if (!keys.success) throw new Error("its jwks_uri is missing or not an https URL");
  // A remote issuer must not direct requests to this machine.
  if (isHere(keys.data) && !isHere(issuer)) throw new Error("its jwks_uri is a URL of this machine");
  return keys.data;
}
