import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { bearerToken } from "./bearer.ts";
import { type Authenticate, AuthUnavailable, type Caller, callerConfig } from "./caller.ts";

/** An address that keys, or secrets, travel to or from: https, or this machine. */
export const secureUrl = z
  .url()
  .refine((url) => /^https:|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(url), "keys are fetched by https");

/** Claims with the values that they must have. */
const claimsConfig = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({});

/** Settings of `auth` with Entra's tokens. */
export const entraConfig = z.strictObject({
  ...callerConfig,
  type: z.literal("entra").describe("Tokens that Microsoft Entra ID issues, where its Secret Token is left empty."),
  tenant: z.guid().describe("The tenant's id."),
  audience: z
    .string()
    .default("8adf8e6e-67b2-4cf2-a259-e3dc5476c621")
    .describe("Whom the token is for; Entra's provisioning service says this for applications of one's own."),
  authority: secureUrl
    .default("https://login.microsoftonline.com")
    .describe("Where the keys are; another one in national clouds."),
  claims: claimsConfig.describe(
    "What the token must say besides, to take tokens of one application alone: { azp: APPLICATION-ID }, { oid: OBJECT-ID }, { roles: Provision }.",
  ),
});

/** Settings of `auth` with tokens of any OpenID Connect provider. */
export const oidcConfig = z.strictObject({
  ...callerConfig,
  type: z.literal("oidc").describe("Tokens of any OpenID Connect issuer."),
  issuer: secureUrl.describe("The issuer, as its tokens name it."),
  audience: z.string().describe("Whom the token must be for."),
  keys: secureUrl.optional().describe("Where its keys are; asked of the issuer without it."),
  claims: claimsConfig.describe("What the token must say besides, such as { azp: entra-provisioning }."),
});

/** How far clocks may be apart, in seconds. */
const CLOCK_SECONDS = 60;
const FETCH_MS = 3000;
/** An unknown key is asked for no more often than this, in milliseconds: tokens of nobody must not make us ask. */
const COOLDOWN_MS = 10_000;
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

/** The keys that a provider publishes, read again when an unknown one is named. */
export const remoteKeys = (url: string): JWTVerifyGetKey =>
  createRemoteJWKSet(new URL(url), { timeoutDuration: FETCH_MS, cooldownDuration: COOLDOWN_MS });

/** Tokens of an Entra tenant, of the first version's issuer or the second's. */
export function entra(config: z.output<typeof entraConfig>): Authenticate {
  const { tenant, authority, audience, claims, name, may, rate } = config;
  const base = `${authority.replace(/\/$/, "")}/${tenant}`;
  return tokens({
    caller: { name, may, rate },
    issuers: [`https://sts.windows.net/${tenant}/`, `${base}/v2.0`],
    audience,
    keys: async () => remoteKeys(`${base}/discovery/v2.0/keys`),
    claims: { ...claims, tid: tenant },
  });
}

/** Tokens of an OpenID Connect issuer, whose keys its discovery document names. */
export function oidc(config: z.output<typeof oidcConfig>): Authenticate {
  const { issuer, audience, keys, claims, name, may, rate } = config;
  return tokens({
    caller: { name, may, rate },
    issuers: [issuer],
    audience,
    keys: async () => remoteKeys(keys ?? (await discoverKeys(issuer))),
    claims,
  });
}

interface Trusted {
  readonly caller: Caller;
  readonly issuers: string[];
  readonly audience: string;
  readonly keys: () => Promise<JWTVerifyGetKey>;
  readonly claims: JWTPayload;
}

function tokens({ caller, issuers, audience, keys, claims }: Trusted): Authenticate {
  const known = once(keys);
  return async ({ authorization }) => {
    const token = bearerToken(authorization);
    if (token === undefined || token.split(".").length !== 3) return undefined;
    const payload = await verified(token, known, { issuer: issuers, audience });
    return payload && Object.entries(claims).every(([claim, value]) => says(payload[claim], value))
      ? caller
      : undefined;
  };
}

/** Whether a claim has a value, or, of a list such as `roles`, has it among others. */
const says = (claim: unknown, value: unknown): boolean =>
  claim === value || (Array.isArray(claim) && claim.includes(value));

/** The payload of a token that is signed, in time and for us; undefined of any other. Rejects with `AuthUnavailable`. */
export async function verified(
  token: string,
  keys: () => Promise<JWTVerifyGetKey>,
  expected: { readonly issuer: string[]; readonly audience: string | string[]; readonly subject?: string },
): Promise<JWTPayload | undefined> {
  try {
    const options = { ...expected, algorithms: ALGORITHMS, clockTolerance: CLOCK_SECONDS, requiredClaims: ["exp"] };
    const { payload } = await jwtVerify(token, await keys(), options);
    return payload;
  } catch (error) {
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError))
      throw new AuthUnavailable("The keys that the token is to be checked by cannot be had.", { cause: error });
    // The key set was there, but is no key set.
    if (error instanceof errors.JWKSInvalid || error.code === "ERR_JOSE_GENERIC")
      throw new AuthUnavailable("The keys that the token is to be checked by cannot be read.", { cause: error });
    return undefined;
  }
}

/** Remembers what was got, not that it could not be got. */
function once<T>(get: () => Promise<T>): () => Promise<T> {
  let got: Promise<T> | undefined;
  return () => {
    got ??= get().catch((error) => {
      got = undefined;
      throw error;
    });
    return got;
  };
}

/** OpenID Connect Discovery 1.0 §4. */
async function discoverKeys(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS), redirect: "error" });
  const { jwks_uri: keys } = (await response.json()) as { jwks_uri?: unknown };
  return secureUrl.parse(keys);
}
