import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { bearerToken } from "./bearer.ts";
import { type Authenticate, AuthUnavailable, type Caller, callerConfig } from "./caller.ts";
import { issuerKeys, remoteKeys, secureUrl } from "./keys.ts";

/** Claims with the values that they must have. */
const claimsConfig = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({});

/** The scope that tokens must carry. */
const scopeConfig = z
  .string()
  .regex(/^[!#-[\]-~]+$/, "one scope, such as scim")
  .optional()
  .describe("Scope that the token must carry, in `scope` or `scp`, such as scim. Default: not checked.");

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
  scope: scopeConfig,
});

/** Settings of `auth` with tokens of any OpenID Connect provider. */
export const oidcConfig = z.strictObject({
  ...callerConfig,
  type: z.literal("oidc").describe("Tokens of any OpenID Connect issuer."),
  issuer: secureUrl.describe("The issuer, as its tokens name it."),
  audience: z.string().describe("Whom the token must be for."),
  keys: secureUrl.optional().describe("Where its keys are; asked of the issuer without it."),
  claims: claimsConfig.describe("What the token must say besides, such as { azp: entra-provisioning }."),
  scope: scopeConfig,
});

/** How far clocks may be apart, in seconds. */
export const CLOCK_SECONDS = 60;
/** The algorithms by which tokens and assertions may be signed, RFC 7518. */
export const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

/** Tokens of an Entra tenant, of the first version's issuer or the second's. */
export function entra(config: z.output<typeof entraConfig>): Authenticate {
  const { authority, audience, claims, scope, name, may, rate } = config;
  // As tokens spell it.
  const tenant = config.tenant.toLowerCase();
  const base = `${authority.replace(/\/$/, "")}/${tenant}`;
  return tokens({
    caller: { name, may, rate },
    issuers: [`https://sts.windows.net/${tenant}/`, `${base}/v2.0`],
    audience,
    keys: async () => remoteKeys(`${base}/discovery/v2.0/keys`),
    claims: { ...claims, tid: tenant },
    scope,
  });
}

/** Tokens of an OpenID Connect issuer, whose keys its discovery document names. */
export function oidc(config: z.output<typeof oidcConfig>): Authenticate {
  const { issuer, audience, keys, claims, scope, name, may, rate } = config;
  return tokens({
    caller: { name, may, rate },
    issuers: [issuer],
    audience,
    keys: issuerKeys(issuer, keys),
    claims,
    scope,
  });
}

interface Trusted {
  readonly caller: Caller;
  readonly issuers: string[];
  readonly audience: string;
  readonly keys: () => Promise<JWTVerifyGetKey>;
  readonly claims: JWTPayload;
  readonly scope: string | undefined;
}

function tokens({ caller, issuers, audience, keys, claims, scope }: Trusted): Authenticate {
  return async ({ authorization }) => {
    const token = bearerToken(authorization);
    if (token === undefined || token.split(".").length !== 3) return undefined;
    const payload = await verified(token, keys, { issuer: issuers, audience });
    if (!payload || !isForAccess(token)) return undefined;
    if (!Object.entries(claims).every(([claim, value]) => says(payload[claim], value))) return undefined;
    return scope === undefined || scopesIn(payload).includes(scope) ? caller : undefined;
  };
}

/** Whether a token does not say by its `typ` that it is for something else, `logout+jwt` say: RFC 8725 §3.11, RFC 9068 §4. */
function isForAccess(token: string): boolean {
  const { typ } = decodeProtectedHeader(token);
  return typeof typ !== "string" || !/\+jwt$/i.test(typ) || /\bat\+jwt$/i.test(typ);
}

/** Whether a claim has a value, or, of a list such as `roles`, has it among others. */
const says = (claim: unknown, value: unknown): boolean =>
  claim === value || (Array.isArray(claim) && claim.includes(value));

/** The scopes of a token: RFC 9068 has them as one text in `scope`; Entra in `scp`, and others there as a list. */
const scopesIn = ({ scope, scp }: JWTPayload): string[] =>
  [scope, scp].flat().flatMap((each) => (typeof each === "string" ? each.split(" ") : []));

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
    // The key that the token names is broken: keys can be had, but not by this token.
    if (error instanceof DOMException && error.name === "DataError") return undefined;
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError))
      throw new AuthUnavailable("The keys that the token is to be checked by cannot be had.", { cause: error });
    // The key set was there, but is no key set.
    if (error instanceof errors.JWKSInvalid || error.code === "ERR_JOSE_GENERIC")
      throw new AuthUnavailable("The keys that the token is to be checked by cannot be read.", { cause: error });
    return undefined;
  }
}
