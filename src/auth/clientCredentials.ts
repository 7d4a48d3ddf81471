import { createHash } from "node:crypto";
import { decodeJwt, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { basicCredentials } from "./basic.ts";
import { bearerToken } from "./bearer.ts";
import { type Authenticate, type Caller, callerConfig } from "./caller.ts";
import { ALGORITHMS, CLOCK_SECONDS, verified } from "./jwt.ts";
import { issuerKeys, secureUrl } from "./keys.ts";
import { createReplayGuard } from "./replay.ts";
import { hashOf, isSecret, secretConfig, sha256 } from "./secret.ts";

/** Settings of `auth` with the gateway's own token endpoint, RFC 6749 §4.4. */
export const clientCredentialsConfig = z.strictObject({
  type: z
    .literal("clientCredentials")
    .describe("The gateway's own token endpoint: OAuth 2.0 client credentials, as Entra uses them."),
  path: z
    .string()
    .regex(/^(\/[A-Za-z0-9._~-]+)+$/, "a path, such as /oauth2/token")
    .default("/oauth2/token")
    .describe("Path of the token endpoint."),
  key: z
    .string()
    .meta({ secret: true })
    .min(32, "a key needs at least 32 characters")
    .describe(
      "Key that signs tokens, preferably as ${env:NAME} or ${file:PATH}. All gateways that serve together must use the same.",
    ),
  lifetime: z
    .int()
    .min(3600)
    .max(21_600)
    .default(3600)
    .describe("Lifetime of tokens in seconds, between 60 minutes and 6 hours."),
  clients: z
    .array(
      z.strictObject({
        ...callerConfig,
        id: z.string().min(1).describe("Client ID."),
        secrets: z
          .array(secretConfig)
          .default([])
          .describe("Valid secrets. With two, a secret can be replaced without a gap."),
        assertion: z
          .strictObject({
            issuer: z
              .string()
              .describe(
                "Issuer of the assertions: https://login.microsoftonline.com/TENANT/v2.0 for Entra, the client ID for private_key_jwt.",
              ),
            subject: z
              .string()
              .describe(
                "Subject of the assertions: the object ID of Entra's service principal, or the client ID for private_key_jwt.",
              ),
            audience: z
              .union([z.string(), z.array(z.string()).min(1)])
              .describe(
                "Audience of the assertions, or several of which one must match exactly. Entra uses [api://APP-ID, api://APP-ID/HOST]; with private_key_jwt it is the token endpoint's URL or the gateway's.",
              ),
            keys: secureUrl
              .optional()
              .describe("URL of the issuer's keys. Default: the `jwks_uri` of the issuer's metadata."),
          })
          .refine(({ issuer, keys }) => keys !== undefined || secureUrl.safeParse(issuer).success, {
            path: ["keys"],
            error: "set the URL of the keys: the issuer is not an https URL, so it has no metadata",
          })
          .optional()
          .describe("Signed assertion instead of a secret, RFC 7523: workload identity federation or private_key_jwt."),
      }),
    )
    .min(1)
    // A token identifies its client only by ID: of two, it would get the first one's permissions.
    .refine((clients) => new Set(clients.map(({ id }) => id)).size === clients.length, "two clients have the same ID"),
});
type Config = z.output<typeof clientCredentialsConfig>;

const ISSUER = "postern";
/** The only scope. The permissions of a caller are set by `may`. */
const SCOPE = "scim";
/** RFC 6749 §3.3. */
const SCOPES = /^[!#-[\]-~]+( [!#-[\]-~]+)*$/;
const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Parameters that may occur only once, RFC 6749 §3.2. Others, such as `resource`, may be repeated. */
const SINGLE = ["grant_type", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type"];
/** How far ahead an assertion may expire, in seconds: platforms issue them for up to a day. */
const MAX_ASSERTION_SECONDS = 86_400;

/** The response of a token endpoint, RFC 6749 §5. */
export type TokenAnswer =
  | {
      readonly ok: true;
      readonly body: { access_token: string; token_type: "Bearer"; expires_in: number; scope: string };
    }
  | { readonly ok: false; readonly error: TokenError; readonly detail: string };

type TokenError = "invalid_client" | "invalid_request" | "invalid_scope" | "unsupported_grant_type";

/** An endpoint that issues tokens for client credentials and recognises them. */
export interface TokenEndpoint {
  readonly path: string;
  /** Its RFC 8414 metadata, apart from addresses. */
  readonly metadata: Readonly<Record<string, readonly string[]>>;
  /** Answers a form and an optional Authorization header. Rejects with `AuthUnavailable`. */
  readonly issue: (form: URLSearchParams, authorization: string | undefined) => Promise<TokenAnswer>;
  readonly authenticate: Authenticate;
}

/**
 * OAuth 2.0 client credentials, RFC 6749 §4.4: with the secret in the Basic header or the form, or an assertion, RFC 7523 §2.2. Issued
 * tokens are signed and not stored, so they survive a restart and work with other gateways that have the key.
 */
export function clientCredentials(config: Config): TokenEndpoint {
  const key = createHash("sha256").update(config.key).digest();
  const clients = config.clients.map(({ id, secrets, assertion, name, may, rate }) => ({
    id,
    caller: { name, may, rate } satisfies Caller,
    hashes: secrets.map(hashOf),
    assertion: assertion && { ...assertion, known: issuerKeys(assertion.issuer, assertion.keys) },
  }));
  type Client = (typeof clients)[number];
  const isFirstUse = createReplayGuard();

  async function identify(form: URLSearchParams, authorization: string | undefined): Promise<Client | undefined> {
    const assertion = form.get("client_assertion");
    if (assertion !== null) {
      if (form.get("client_assertion_type") !== ASSERTION) return undefined;
      return asserted(assertion, form.get("client_id") ?? undefined);
    }
    const header = basicCredentials(authorization);
    // RFC 6749 §2.3.1: both are form-encoded before they are put into the header.
    const id = header ? formDecoded(header.name) : form.get("client_id");
    const secret = header ? formDecoded(header.password) : form.get("client_secret");
    if (!id || !secret) return undefined;
    const hash = sha256(secret);
    const client = clients.find((each) => each.id === id);
    // Unknown IDs are compared too, so that they take as long.
    const right = (client?.hashes ?? [sha256("nobody's")]).filter((each) => isSecret(each, hash));
    return client && right.length > 0 ? client : undefined;
  }

  async function asserted(assertion: string, id: string | undefined): Promise<Client | undefined> {
    const claims = safely(() => decodeJwt(assertion));
    // One issuer may be several clients, distinguished by audience.
    for (const client of clients) {
      if (client.assertion?.issuer !== claims?.iss || client.assertion?.subject !== claims?.sub) continue;
      if (!client.assertion || (id !== undefined && client.id !== id)) continue;
      const { issuer, subject, audience, known } = client.assertion;
      const payload = await verified(assertion, known, { issuer: [issuer], subject, audience });
      if (!payload) continue;
      const { jti, exp = 0 } = payload;
      if (exp > Date.now() / 1000 + MAX_ASSERTION_SECONDS + CLOCK_SECONDS) return undefined;
      // A client that signs for itself creates an assertion per request. Platforms reuse theirs.
      const isReplayed =
        issuer === subject && jti !== undefined && !isFirstUse({ issuer, jti, expires: exp + CLOCK_SECONDS });
      return isReplayed ? undefined : client;
    }
    return undefined;
  }

  // Endpoints may share a key and client IDs: a token is valid only for the endpoint that issued it.
  const audience = ISSUER + config.path;

  return {
    path: config.path,
    metadata: metadataOf(config),
    issue: async (form, authorization) => {
      const repeated = SINGLE.find((name) => form.getAll(name).length > 1);
      if (repeated !== undefined) return refusal("invalid_request", `${repeated} occurs more than once.`);
      if (form.has("client_assertion") && (form.has("client_secret") || basicCredentials(authorization)))
        return refusal("invalid_request", "Send either a secret or an assertion, not both.");
      const grant = form.get("grant_type");
      if (grant === null) return refusal("invalid_request", "grant_type is missing.");
      if (grant !== "client_credentials")
        return refusal("unsupported_grant_type", "Only client_credentials is supported.");
      const scope = form.get("scope");
      if (scope && !SCOPES.test(scope))
        return refusal("invalid_scope", "scope must be names separated by single spaces.");
      const client = await identify(form, authorization);
      if (!client) return refusal("invalid_client", "Invalid client ID, secret or assertion.");
      const { lifetime } = config;
      // Other requested scopes are dropped, and the response says so: RFC 6749 §3.3.
      const token = await new SignJWT({ scope: SCOPE })
        .setProtectedHeader({ alg: "HS256", typ: "at+jwt" })
        .setIssuer(ISSUER)
        .setAudience(audience)
        .setSubject(client.id)
        .setIssuedAt()
        .setExpirationTime(`${lifetime}s`)
        .sign(key);
      return { ok: true, body: { access_token: token, token_type: "Bearer", expires_in: lifetime, scope: SCOPE } };
    },
    authenticate: async ({ authorization }) => {
      const token = bearerToken(authorization);
      if (token === undefined || token.split(".").length !== 3) return undefined;
      const expected = { issuer: ISSUER, audience, algorithms: ["HS256"], typ: "at+jwt" };
      const verdict = await jwtVerify(token, key, expected).catch(() => undefined);
      return clients.find(({ id }) => id === verdict?.payload.sub)?.caller;
    },
  };
}

const refusal = (error: TokenError, detail: string): TokenAnswer => ({ ok: false, error, detail });

/** RFC 8414 §2: what the configured clients can use. There are no response types, since there is no authorization endpoint. */
function metadataOf({ clients }: Config): TokenEndpoint["metadata"] {
  const hasSecrets = clients.some(({ secrets }) => secrets.length > 0);
  const hasAssertions = clients.some(({ assertion }) => assertion !== undefined);
  return {
    response_types_supported: [],
    grant_types_supported: ["client_credentials"],
    scopes_supported: [SCOPE],
    token_endpoint_auth_methods_supported: [
      ...(hasSecrets ? ["client_secret_basic", "client_secret_post"] : []),
      ...(hasAssertions ? ["private_key_jwt"] : []),
    ],
    ...(hasAssertions && { token_endpoint_auth_signing_alg_values_supported: ALGORITHMS }),
  };
}

const formDecoded = (text: string): string => safely(() => decodeURIComponent(text.replaceAll("+", " "))) ?? text;

function safely<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
