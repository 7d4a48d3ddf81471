import { readFile } from "node:fs/promises";
import { ConnectorError, SettingError } from "../connector/error.ts";
import type { Answer, Proof } from "../connector/http.ts";
import type { Files } from "../connector/kit/files.ts";
import { askForToken, bearer, cacheToken, type Send, type Token } from "../http/tokens.ts";
import { readIdentity, signedAssertion } from "./certificate.ts";
import type { Clock } from "./clock.ts";
import { type Env, identityRequest } from "./managed-identity.ts";
import type { EntraSettings } from "./settings.ts";
import { signInProblem } from "./sign-in.ts";

/** Access tokens for Graph. */
export interface Tokens {
  /** The proof that goes with a request. Rejects with a `ConnectorError`: `denied` if the credential is at fault. */
  readonly proof: (signal: AbortSignal) => Promise<Proof>;
  /** Drops the token that a request was refused with. */
  readonly forget: (used: Proof) => void;
  /** The application permissions that the current token carries, if it can be read. */
  readonly roles: () => readonly string[] | undefined;
  /** A text without tokens and secrets. */
  readonly clean: (text: string) => string;
}

/** What tokens are obtained with. */
export interface TokenServices {
  readonly files: Files;
  readonly clock: Clock;
  readonly env: Env;
  /** Sends to the login address. */
  readonly login: Send;
  /** Sends to this machine, past any proxy. */
  readonly local: Send;
}

const CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** A token is replaced this long before it expires, in milliseconds: an upload that waits for its turn must not find it expired. */
const AHEAD_MS = 300_000;
const MAX_TOKEN_BYTES = 65_536;

/** Tokens for Graph, by the credential of the settings. Reads a certificate at once, so that a wrong one stops the start: throws a `SettingError`. */
export function openTokens(settings: EntraSettings, services: TokenServices): Tokens {
  const { credential } = settings;
  if (credential.certificate !== undefined && credential.key !== undefined)
    readIdentity(services.files, { certificate: credential.certificate, key: credential.key });
  const cache = cacheToken((signal) => request(settings, services, signal), services.clock.now);
  const secrets = () => [credential.secret, cache.current()].filter((each) => each !== undefined && each.length > 3);
  return {
    proof: cache.proof,
    forget: cache.forget,
    roles: () => rolesIn(cache.current()),
    clean: (text) => secrets().reduce<string>((cleaned, secret) => cleaned.replaceAll(secret!, "***"), text),
  };
}

async function request(settings: EntraSettings, services: TokenServices, signal: AbortSignal): Promise<Token> {
  const { clock } = services;
  const { token, seconds, body } =
    settings.credential.managedIdentity === undefined
      ? await signIn(settings, services, signal)
      : await identityToken(settings, services, signal);
  // App Service says when it expires, and not for how long it holds.
  const until = body.expires_in === undefined ? Number(body.expires_on) : Number.NaN;
  const holds = Number.isFinite(until) ? until - clock.now() / 1000 : seconds;
  return bearer(token, holds, clock.now(), AHEAD_MS);
}

/** The client credentials grant, with whatever proves who the client is. */
async function signIn(settings: EntraSettings, services: TokenServices, signal: AbortSignal) {
  const { tenant, client = "", login, graph } = settings;
  const url = `${login}/${tenant}/oauth2/v2.0/token`;
  const form = {
    grant_type: "client_credentials",
    client_id: client,
    scope: `${graph}/.default`,
    ...(await proofOfClient(settings, url, services)),
  };
  return askForToken(
    { url, form },
    (each, ends) => services.login({ ...each, isProof: true }, ends),
    signal,
    (answer) => signInProblem(answer, settings),
  );
}

async function proofOfClient(
  { credential, client = "" }: EntraSettings,
  audience: string,
  { files, clock }: TokenServices,
): Promise<Record<string, string>> {
  const { secret, certificate, key, federatedToken } = credential;
  if (secret !== undefined) return { client_secret: secret };
  const assertion =
    federatedToken !== undefined
      ? await tokenIn(files.path(federatedToken))
      : await signedAssertion(identityNow(files, certificate!, key!), { client, audience, now: clock.now() });
  return { client_assertion_type: CLIENT_ASSERTION, client_assertion: assertion };
}

function identityNow(files: Files, certificate: string, key: string) {
  try {
    return readIdentity(files, { certificate, key });
  } catch (error) {
    throw error instanceof SettingError ? new ConnectorError("denied", `${error.message}.`) : error;
  }
}

/** The token of another issuer: whoever put it there replaces it before it expires. */
async function tokenIn(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new ConnectorError("denied", `credential.federatedToken: ${path} cannot be read (${error.code}).`);
  });
  const token = text.trim();
  if (token === "" || token.length > MAX_TOKEN_BYTES || /\s/.test(token))
    throw new ConnectorError("denied", `credential.federatedToken: ${path} holds no token.`);
  return token;
}

async function identityToken({ graph, credential }: EntraSettings, { env, local }: TokenServices, signal: AbortSignal) {
  const { managedIdentity } = credential;
  const client = typeof managedIdentity === "string" ? managedIdentity : undefined;
  const request = await identityRequest({ resource: graph, client }, env, local, signal);
  return askForToken(request, (each, ends) => local({ ...each, isProof: true }, ends), signal, identityProblem);
}

function identityProblem({ status, body }: Answer): ConnectorError {
  const { error } = (body ?? {}) as Record<string, unknown>;
  const code = typeof error === "string" && /^\w+$/.test(error) ? `, ${error}` : "";
  const isBusy = status === 404 || status === 410 || status === 429 || status >= 500;
  return new ConnectorError(
    isBusy ? "unavailable" : "denied",
    isBusy
      ? `The managed identity endpoint answered ${status}${code}. It may be starting; try again in a minute.`
      : `The managed identity endpoint answered ${status}${code}. Check that the identity in credential.managedIdentity is assigned to this machine.`,
  );
}

/** The permissions in a token's payload. Graph's tokens are JWTs so far, which is not promised: they are read for advice only. */
function rolesIn(token: string | undefined): readonly string[] | undefined {
  try {
    const { roles } = JSON.parse(Buffer.from(token!.split(".")[1]!, "base64url").toString());
    return Array.isArray(roles) ? roles.map(String) : [];
  } catch {
    return undefined;
  }
}
