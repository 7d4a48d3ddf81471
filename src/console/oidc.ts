import * as client from "openid-client";
import { SignInProblem } from "./problem.ts";
import { boundedFetch, PROVIDER_SECONDS } from "./provider-fetch.ts";
import { type RoleClaims, roleIn } from "./roles.ts";
import type { Person } from "./sessions.ts";
import type { OidcSettings } from "./settings.ts";

/** What a sign-in that has begun must be finished with. */
export interface Begun {
  readonly state: string;
  readonly nonce: string;
  /** PKCE's code verifier. */
  readonly verifier: string;
}

/** An OpenID Connect provider. All methods reject with a `SignInProblem`. */
export interface Provider {
  /** The address to send the browser to, and what to keep meanwhile. With `asAnother` the provider asks again who it is. */
  readonly begin: (redirectUri: string, asAnother: boolean) => Promise<Begun & { readonly url: string }>;
  /** Who came back: verifies the answer, exchanges its code, and reads the role. */
  readonly finish: (answer: URL, begun: Begun) => Promise<Omit<Person, "way">>;
}

/** Metadata older than this is asked for again, in milliseconds. Until that succeeds, the old is used. */
const METADATA_MS = 3_600_000;
const MAX_NAME = 200;

/** Called when the provider fails, with its own words, which people who sign in don't see. */
type Warn = (fields: object, message: string) => void;

/** Signs people in with a provider, by the authorization code flow with PKCE. The provider is asked when it is first needed. */
export function createProvider(settings: OidcSettings, warn: Warn): Provider {
  const configuration = remembered(() => discovered(settings));
  const asked = async <T>(ask: (configuration: client.Configuration) => Promise<T>): Promise<T> => {
    try {
      return await ask(await configuration());
    } catch (error) {
      if (error instanceof SignInProblem) throw error;
      throw problemOf(error as Error, warn);
    }
  };
  return {
    begin: (redirectUri, asAnother) =>
      asked(async (provider) => {
        const begun = {
          state: client.randomState(),
          nonce: client.randomNonce(),
          verifier: client.randomPKCECodeVerifier(),
        };
        const url = client.buildAuthorizationUrl(provider, {
          redirect_uri: redirectUri,
          scope: [...new Set(["openid", ...settings.scopes])].join(" "),
          state: begun.state,
          nonce: begun.nonce,
          code_challenge: await client.calculatePKCECodeChallenge(begun.verifier),
          code_challenge_method: "S256",
          ...(asAnother && { prompt: "login" }),
        });
        return { ...begun, url: url.href };
      }),
    finish: (answer, { state, nonce, verifier }) =>
      asked(async (provider) => {
        const tokens = await client.authorizationCodeGrant(provider, answer, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        const claims = await withUserInfo(provider, settings, tokens);
        const person = { name: nameIn(claims, settings.name), issuer: settings.issuer, sub: claims.sub };
        return { ...person, role: roleIn(claims, settings.roles, person) };
      }),
  };
}

async function discovered(settings: OidcSettings): Promise<client.Configuration> {
  const { issuer, clientId, clientSecret, clientAuthentication } = settings;
  const isPlain = new URL(issuer).protocol === "http:";
  const found = await client.discovery(new URL(issuer), clientId, undefined, undefined, {
    timeout: PROVIDER_SECONDS,
    [client.customFetch]: boundedFetch,
    // The settings allow http on this machine alone.
    execute: isPlain ? [client.allowInsecureRequests] : [],
  });
  const metadata = found.serverMetadata();
  // RFC 6749 §2.3.1: providers support basic, unless their metadata says otherwise.
  const methods = metadata.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
  const isBasic =
    clientAuthentication === undefined ? methods.includes("client_secret_basic") : clientAuthentication === "basic";
  const authentication = isBasic ? client.ClientSecretBasic(clientSecret) : client.ClientSecretPost(clientSecret);
  const configuration = new client.Configuration(metadata, clientId, undefined, authentication);
  configuration.timeout = PROVIDER_SECONDS;
  configuration[client.customFetch] = boundedFetch;
  if (isPlain) client.allowInsecureRequests(configuration);
  // Verifies the signature of ID tokens, too, although they come from the provider itself.
  client.enableNonRepudiationChecks(configuration);
  return configuration;
}

/** Remembers an answer for an hour. Asks once at a time. */
function remembered<T>(ask: () => Promise<T>): () => Promise<T> {
  let known: { readonly value: T; readonly at: number } | undefined;
  let asking: Promise<T> | undefined;
  const renew = (): Promise<T> => {
    asking ??= ask()
      .then((value) => {
        known = { value, at: Date.now() };
        return value;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  return async () => {
    if (!known) return renew();
    const { value, at } = known;
    return at + METADATA_MS > Date.now() ? value : renew().catch(() => value);
  };
}

/** The claims of the ID token; with those of the UserInfo endpoint, if the ID token has no roles. */
async function withUserInfo(
  provider: client.Configuration,
  { roles, name }: OidcSettings,
  tokens: Awaited<ReturnType<typeof client.authorizationCodeGrant>>,
): Promise<RoleClaims> {
  const claims = tokens.claims()!;
  if (claims[roles.claim] !== undefined || !provider.serverMetadata().userinfo_endpoint) return claims;
  const more = await client.fetchUserInfo(provider, tokens.access_token, claims.sub);
  return { ...claims, [roles.claim]: more[roles.claim], [name]: claims[name] ?? more[name] };
}

/** The name that the page and the audit log show. */
function nameIn(claims: RoleClaims, claim: string): string {
  const given = typeof claims[claim] === "string" ? claims[claim] : "";
  const name = (given.trim() || claims.sub).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?").slice(0, MAX_NAME);
  // Names of `postern console` begin like that.
  return /^local:/i.test(name) ? `oidc:${name}` : name;
}

/** A failure in words for whoever signs in. The provider's own words go to the log. */
function problemOf(error: Error, warn: Warn): SignInProblem {
  const { cause } = error;
  if (error instanceof client.AuthorizationResponseError)
    return new SignInProblem(
      403,
      `The identity provider refused the sign-in: ${shown(error.error_description ?? error.error)}`,
      {
        cause,
      },
    );
  if (error instanceof client.ResponseBodyError) {
    warn(
      { error: error.error, reason: shown(error.error_description ?? "") },
      "the console's identity provider refused a code",
    );
    const hint =
      error.error === "invalid_client"
        ? "Check clientId and clientSecret in console.signIn.oidc."
        : "Sign in again; an address of this page is good for one use.";
    return new SignInProblem(
      400,
      `The identity provider refused to finish the sign-in (${shown(error.error)}). ${hint}`,
      { cause },
    );
  }
  const { code = "" } = error as { code?: string };
  const isCheck = error instanceof client.ClientError && !UNREACHABLE.includes(code);
  const reason = shown([error.message, (cause as Error | undefined)?.message].filter(Boolean).join(": "));
  warn(
    { code, reason },
    isCheck
      ? "an answer of the console's identity provider is invalid"
      : "the console's identity provider can't be reached",
  );
  return isCheck
    ? new SignInProblem(
        400,
        "The identity provider's answer is not valid for this sign-in. Sign in again; the gateway's log has the reason.",
        { cause },
      )
    : new SignInProblem(503, "The identity provider can't be reached. Try again, or use a link of: postern console", {
        cause,
      });
}

/** Codes of openid-client for a provider that doesn't answer, or not as one. */
const UNREACHABLE = ["OAUTH_TIMEOUT", "OAUTH_ABORT", "OAUTH_RESPONSE_IS_NOT_CONFORM", "OAUTH_RESPONSE_IS_NOT_JSON"];

const shown = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").slice(0, 300);
