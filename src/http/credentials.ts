import { importPKCS8, SignJWT } from "jose";
import { ConnectorError } from "../connector/error.ts";
import type { Answer, Proof } from "../connector/http.ts";
import { compileExpression } from "../expression/compile.ts";
import type { AuthSettings, HttpSettings } from "./settings.ts";
import { askForToken, bearer, cacheToken, type Send, type Token } from "./tokens.ts";

/** How the gateway authenticates to the API. */
export interface Credentials {
  /** The credentials for a request. Rejects with a `ConnectorError`. */
  readonly proof: (signal: AbortSignal) => Promise<Proof>;
  /** Reports whether a response says that the credentials are no longer valid. */
  readonly isOver: (answer: Answer) => Promise<boolean>;
  /** Drops cached credentials; false if there is nothing to renew. */
  readonly renew: (used: Proof) => boolean;
  /** Texts that must never appear in errors or records. */
  readonly secrets: () => readonly string[];
}

/** The configured credentials; `send` sends the requests needed to get them. */
export function credentialsOf({ auth, url }: Pick<HttpSettings, "auth" | "url">, send: Send): Credentials {
  switch (auth.type) {
    case "none":
      return fixed({}, []);
    case "basic": {
      const { username, password } = auth;
      const encoded = Buffer.from(`${username}:${password}`).toString("base64");
      return fixed({ headers: { authorization: `Basic ${encoded}` } }, [password, encoded]);
    }
    case "bearer":
      return fixed({ headers: { authorization: `Bearer ${auth.token}` } }, [auth.token]);
    case "apiKey":
      return fixed({ headers: lowered(auth.headers), query: auth.query, body: auth.body }, [
        ...Object.values(auth.headers),
        ...Object.values(auth.query),
        ...Object.values(auth.body),
      ]);
    case "clientCredentials":
      return kept(auth.clientSecret, (signal) => clientToken(auth, send, signal));
    case "jwt":
      return kept(auth.key, (signal) => signedToken(auth, send, signal));
    case "login":
      return kept(undefined, sessionsOf(auth, url, send), texts(auth.body), overIn(auth.over));
  }
}

const fixed = (proof: Proof, secrets: readonly string[]): Credentials => ({
  proof: async () => proof,
  isOver: async () => false,
  renew: () => false,
  secrets: () => secrets,
});

/** Token credentials, cached until shortly before they expire. */
function kept(
  secret: string | undefined,
  get: (signal: AbortSignal) => Promise<Token>,
  more: readonly string[] = [],
  isOver: Credentials["isOver"] = async ({ status }) => status === 401,
): Credentials {
  const cache = cacheToken(get);
  return {
    proof: cache.proof,
    isOver,
    renew: (used) => {
      cache.forget(used);
      return true;
    },
    secrets: () => [secret, ...more, cache.current()].filter((each) => each !== undefined),
  };
}

type ClientCredentials = Extract<AuthSettings, { type: "clientCredentials" }>;
function clientToken(auth: ClientCredentials, send: Send, signal: AbortSignal): Promise<Token> {
  const { clientId, clientSecret, scope, parameters, credentials, tokenUrl } = auth;
  const encode = encodeURIComponent;
  const basic = Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString("base64");
  const inHeader = credentials === "header";
  return granted(
    tokenUrl,
    {
      grant_type: "client_credentials",
      ...(scope !== undefined && { scope }),
      ...(!inHeader && { client_id: clientId, client_secret: clientSecret }),
      ...parameters,
    },
    inHeader ? { authorization: `Basic ${basic}` } : {},
    send,
    signal,
  );
}

async function signedToken(
  auth: Extract<AuthSettings, { type: "jwt" }>,
  send: Send,
  signal: AbortSignal,
): Promise<Token> {
  const { algorithm, keyId, issuer, subject, audience, claims, lifetime, tokenUrl, scope } = auth;
  const key = await importPKCS8(auth.key, algorithm).catch(() => {
    throw new ConnectorError("unavailable", "auth.key is not a PKCS #8 private key that fits the algorithm.");
  });
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(keyId !== undefined && { kid: keyId }) })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setJti(crypto.randomUUID())
    .setExpirationTime(`${lifetime}s`);
  if (subject !== undefined) jwt.setSubject(subject);
  const assertion = await jwt.sign(key);
  if (tokenUrl === undefined) return bearer(assertion, lifetime);
  const grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  return granted(tokenUrl, { grant_type: grant, assertion, ...(scope !== undefined && { scope }) }, {}, send, signal);
}

async function granted(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
  send: Send,
  signal: AbortSignal,
): Promise<Token> {
  const { token, seconds } = await askForToken({ url, form, headers }, send, signal);
  return bearer(token, seconds);
}

/** Sessions from a login call, renewed as needed. */
function sessionsOf(
  {
    path,
    method,
    headers,
    body,
    header,
    property,
    prefix,
    lifetime,
    session,
  }: Extract<AuthSettings, { type: "login" }>,
  base: string,
  send: Send,
): (signal: AbortSignal) => Promise<Token> {
  const expression = compileExpression(session);
  const url = `${base}${path}`;
  return async (signal) => {
    const answer = await send({ method, url, headers, ...(body && { body }) }, signal);
    const variables = { headers: answer.headers, cookies: answer.cookies, status: answer.status };
    const token = await expression.evaluate(answer.body, variables).catch(() => undefined);
    if (answer.status >= 400 || typeof token !== "string" || token === "")
      throw new ConnectorError(
        "unavailable",
        `The login call returned no session: status ${answer.status}. Check auth in the connector's configuration.`,
      );
    const proof = {
      ...(header !== undefined && { headers: { [header.toLowerCase()]: `${prefix}${token}` } }),
      ...(property !== undefined && { body: { [property]: `${prefix}${token}` } }),
    };
    return { ...bearer(token, lifetime), proof };
  };
}

/** Reports whether a response says that the session has expired: by status, or by the configured expression. */
function overIn(source: string | undefined): Credentials["isOver"] {
  const over = source === undefined ? undefined : compileExpression(source);
  return async ({ status, headers, body }) => {
    if (status === 401) return true;
    return over !== undefined && (await over.evaluate(body, { status, headers }).catch(() => false)) === true;
  };
}

const lowered = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** All texts in a login body: any of them may be a secret. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}
