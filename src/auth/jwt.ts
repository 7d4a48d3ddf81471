import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { bearerToken } from "./bearer.ts";
import { type Authenticate, AuthUnavailable, type Caller, callerConfig } from "./caller.ts";
import { issuerKeys, remoteKeys, secureUrl } from "./keys.ts";

/** Required claims and their values. */
const claimsConfig = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({});

/** The scope that tokens must have. */
const scopeConfig = z
  .string()
  .regex(/^[!#-[\]-~]+$/, "one scope, such as scim")
  .optional()
  .describe("Scope that the token must have in `scope` or `scp`, such as scim. Default: not checked.");

/** Settings of `auth` with tokens from Entra. */
export const entraConfig = z.strictObject({
  ...callerConfig,
  type: z.literal("entra").describe("Tokens that Microsoft Entra ID issues if its Secret Token field is left empty."),
  tenant: z.guid().describe("Tenant ID."),
  audience: z
    .string()
    .default("8adf8e6e-67b2-4cf2-a259-e3dc5476c621")
    .describe(
      "Audience of the token. This default is what Entra's provisioning service uses for non-gallery applications.",
    ),
  authority: secureUrl
    .default("https://login.microsoftonline.com")
    .describe("Authority with the tenant's keys. National clouds have others."),
  claims: claimsConfig.describe(
    "Further required claims, to accept only tokens of one application: { azp: APPLICATION-ID }, { oid: OBJECT-ID }, { roles: Provision }.",
  ),
  scope: scopeConfig,
});

/** Settings of `auth` with tokens from any OpenID Connect provider. */
export const oidcConfig = z.strictObject({
  ...callerConfig,
  type: z.literal("oidc").describe("Tokens from any OpenID Connect issuer."),
  issuer: secureUrl.describe("Issuer, as in its tokens."),
  audience: z.string().describe("Audience that the token must have."),
  keys: secureUrl.optional().describe("URL of the issuer's keys. Default: from the issuer's metadata."),
  claims: claimsConfig.describe("Further required claims, such as { azp: entra-provisioning }."),
  scope: scopeConfig,
});

/** Maximum clock difference, in seconds. */
export const CLOCK_SECONDS = 60;
/** Accepted signature algorithms for tokens and assertions, RFC 7518. */
export const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

/** Tokens of an Entra tenant, from the v1.0 or v2.0 issuer. */
export function entra(config: z.output<typeof entraConfig>): Authenticate {
  const { authority, audience, claims, scope, name, may, rate } = config;
  // As spelled in tokens.
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

/** Tokens of an OpenID Connect issuer, whose discovery document locates its keys. */
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

/** Reports whether a token's `typ` permits its use for access, unlike `logout+jwt`: RFC 8725 §3.11, RFC 9068 §4. */
function isForAccess(token: string): boolean {
  const { typ } = decodeProtectedHeader(token);
  return typeof typ !== "string" || !/\+jwt$/i.test(typ) || /\bat\+jwt$/i.test(typ);
}

/** Reports whether a claim equals a value or, as a list like `roles`, contains it. */
const says = (claim: unknown, value: unknown): boolean =>
  claim === value || (Array.isArray(claim) && claim.includes(value));

/** The scopes of a token: RFC 9068 uses text in `scope`; Entra uses `scp`, and others a list. */
const scopesIn = ({ scope, scp }: JWTPayload): string[] =>
  [scope, scp].flat().flatMap((each) => (typeof each === "string" ? each.split(" ") : []));

/** The payload of a valid token for this audience; undefined for any other. Rejects with `AuthUnavailable`. */
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
    // The key that the token names is broken: keys are available, but not for this token.
    if (error instanceof DOMException && error.name === "DataError") return undefined;
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError))
      throw new AuthUnavailable("The keys for verifying the token are unavailable. Try again later.", { cause: error });
    // The key set was fetched but is invalid.
    if (error instanceof errors.JWKSInvalid || error.code === "ERR_JOSE_GENERIC")
      throw new AuthUnavailable("The keys for verifying the token are invalid.", { cause: error });
    return undefined;
  }
}
