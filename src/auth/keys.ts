import { setTimeout as sleep } from "node:timers/promises";
import { createRemoteJWKSet, customFetch, type JWKSCacheInput, type JWTVerifyGetKey, jwksCache } from "jose";
import { z } from "zod";

const HERE = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether an address is one of this machine, without TLS. */
function isHere(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && HERE.has(hostname);
}

/** An address that keys, or secrets, travel to or from: https, or this machine. */
export const secureUrl = z
  .url()
  .refine(
    (url) => URL.canParse(url) && (new URL(url).protocol === "https:" || isHere(url)),
    "keys are fetched by https",
  );

/** Deadline for keys, all attempts together, in milliseconds. Callers wait for it only where there are no keys yet. */
const DEADLINE_MS = 3000;
/** Pauses before the second and the third attempt, in milliseconds. */
const PAUSES_MS = [100, 400];
/** Keys older than this are fetched again in the background, in milliseconds: a key that was withdrawn should not serve for long. */
const FRESH_MS = 10 * 60_000;
/** Where nobody has asked for the keys for so long, in milliseconds, callers wait for the answer: they may have been withdrawn long ago. */
const IDLE_MS = 3_600_000;
/** Metadata older than this is fetched again in the background, in milliseconds. */
const METADATA_MS = 3_600_000;
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
      const problem = await problemOf(response);
      failure = problem === undefined ? undefined : { error: new Error(problem), at: Date.now() };
      return response;
    } catch (error) {
      failure = { error, at: Date.now() };
      throw error;
    }
  };
}

/** Why an answer gives no keys, a login page with status 200 say; undefined where it is a key set. */
async function problemOf(response: Response): Promise<string | undefined> {
  if (response.status !== 200) return `HTTP ${response.status}`;
  const body = await response
    .clone()
    .json()
    .catch(() => undefined);
  return keySet.safeParse(body).success ? undefined : "the answer is no key set";
}

const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

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
 * again in the background after an hour, and, once in the cooldown, where the keys cannot be had or do not have the one that is asked
 * for: they may have moved. A failure to find them at all is not remembered.
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

/**
 * The address of an issuer's keys, by OpenID Connect Discovery 1.0 §4 or RFC 8414 §3: by the first of the two that names it. Rejects
 * where neither does.
 */
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
  throw new Error(`${issuer} has no metadata that names its keys: ${problems.join("; ")}`);
}

/** The address of the keys in an issuer's metadata. Rejects where it is another issuer's, or names none that is safe. */
async function keysNamedAt(url: string, issuer: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal, redirect: "error" });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status}`);
  }
  const metadata = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown } | null;
  // OpenID Connect Discovery 1.0 §4.3, RFC 8414 §3.3: identical, or somebody else's.
  if (metadata?.issuer !== issuer) throw new Error("its issuer is another one");
  const keys = secureUrl.safeParse(metadata.jwks_uri);
  if (!keys.success) throw new Error("its jwks_uri is missing, or no https address");
  // An issuer elsewhere has no say in what is asked of this machine.
  if (isHere(keys.data) && !isHere(issuer)) throw new Error("its jwks_uri is an address of this machine");
  return keys.data;
}
