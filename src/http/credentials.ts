import { importPKCS8, SignJWT } from "jose";
import { ConnectorError, timedOut } from "../connector/error.ts";
import type { Answer, Proof, Transport } from "../connector/http.ts";
import { abortable } from "../connector/kit/deadline.ts";
import { compileExpression } from "../expression/compile.ts";
import type { AuthSettings, HttpSettings } from "./settings.ts";

/** How the gateway proves who it is. */
export interface Credentials {
  /** What goes with a request now. Rejects with a `ConnectorError`. */
  readonly proof: (signal: AbortSignal) => Promise<Proof>;
  /** Whether an answer says that what was sent no longer holds. */
  readonly isOver: (answer: Answer) => Promise<boolean>;
  /** Forgets what was kept; false where there is nothing that could be had anew. */
  readonly renew: (used: Proof) => boolean;
  /** What must never be shown, in any error or record. */
  readonly secrets: () => readonly string[];
}

/** Sends a request as it is, without credentials. */
export type Send = Transport["send"];

/** A token is waited for so long at the most, in milliseconds, by all who need it: whose request came first does not count. */
const GET_MS = 10_000;
/** Tokens are had anew this long before they run out, in milliseconds. */
const AHEAD_MS = 60_000;
const DEFAULT_LIFETIME = 3600;

/** The credentials that settings name; `send` sends what is needed to have them. */
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

interface Kept {
  readonly proof: Proof;
  readonly token: string;
  /** When it runs out, in milliseconds since 1970. */
  readonly until: number;
}

/** Keeps what is got until shortly before it runs out; those that come at the same time wait for the one call. */
function kept(
  secret: string | undefined,
  get: (signal: AbortSignal) => Promise<Kept>,
  more: readonly string[] = [],
  isOver: Credentials["isOver"] = async ({ status }) => status === 401,
): Credentials {
  let current: Kept | undefined;
  let coming: Promise<Kept> | undefined;
  return {
    proof: async (signal) => {
      if (current && Date.now() < current.until) return current.proof;
      coming ??= get(AbortSignal.timeout(GET_MS))
        .then((got) => {
          current = got;
          return got;
        })
        .finally(() => {
          coming = undefined;
        });
      const { proof } = await abortable(signal, coming).catch((error) => {
        throw error instanceof ConnectorError ? error : timedOut("What gives the API's tokens", error);
      });
      return proof;
    },
    isOver,
    renew: (used) => {
      // Another request may have renewed it meanwhile.
      if (current?.proof === used) current = undefined;
      return true;
    },
    secrets: () => [...(secret === undefined ? [] : [secret]), ...more, ...(current ? [current.token] : [])],
  };
}

/** Until when a token is used: a short one for half its life at least. */
const until = (seconds: number): number => Date.now() + Math.max(seconds * 500, seconds * 1000 - AHEAD_MS);

const bearer = (token: string, lifetime: number): Kept => ({
  proof: { headers: { authorization: `Bearer ${token}` } },
  token,
  until: until(lifetime),
});

type ClientCredentials = Extract<AuthSettings, { type: "clientCredentials" }>;
function clientToken(auth: ClientCredentials, send: Send, signal: AbortSignal): Promise<Kept> {
  const { clientId, clientSecret, scope, parameters, credentials, tokenUrl } = auth;
  const encode = encodeURIComponent;
  const basic = Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString("base64");
  const inHeader = credentials === "header";
  return askForToken(
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
): Promise<Kept> {
  const { algorithm, keyId, issuer, subject, audience, claims, lifetime, tokenUrl, scope } = auth;
  const key = await importPKCS8(auth.key, algorithm).catch(() => {
    throw new ConnectorError("unavailable", "auth.key is no private key in PKCS #8 that the algorithm can sign with.");
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
  return askForToken(
    tokenUrl,
    { grant_type: grant, assertion, ...(scope !== undefined && { scope }) },
    {},
    send,
    signal,
  );
}

async function askForToken(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
  send: Send,
  signal: AbortSignal,
): Promise<Kept> {
  const { status, body } = await send({ method: "POST", url, headers, form }, signal);
  const { access_token: token, expires_in: seconds, error } = (body ?? {}) as Record<string, unknown>;
  if (status !== 200 || typeof token !== "string") {
    const why = typeof error === "string" && /^\w+$/.test(error) ? `, ${error}` : "";
    throw new ConnectorError(
      "unavailable",
      `The token endpoint gave no token: status ${status}${why}. Look at auth in the configuration.`,
    );
  }
  return bearer(
    token,
    typeof seconds === "number" || typeof seconds === "string" ? Number(seconds) || DEFAULT_LIFETIME : DEFAULT_LIFETIME,
  );
}

/** A login call: gives sessions, made anew as often as it is asked. */
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
): (signal: AbortSignal) => Promise<Kept> {
  const expression = compileExpression(session);
  const url = `${base}${path}`;
  return async (signal) => {
    const answer = await send({ method, url, headers, ...(body && { body }) }, signal);
    const variables = { headers: answer.headers, cookies: answer.cookies, status: answer.status };
    const token = await expression.evaluate(answer.body, variables).catch(() => undefined);
    if (answer.status >= 400 || typeof token !== "string" || token === "")
      throw new ConnectorError(
        "unavailable",
        `The login call gave no session: status ${answer.status}. Look at auth in the configuration.`,
      );
    const proof = {
      ...(header !== undefined && { headers: { [header.toLowerCase()]: `${prefix}${token}` } }),
      ...(property !== undefined && { body: { [property]: `${prefix}${token}` } }),
    };
    return { proof, token, until: until(lifetime) };
  };
}

/** Whether an answer says that the session is over: by its status, or by what the configuration looks for. */
function overIn(source: string | undefined): Credentials["isOver"] {
  const over = source === undefined ? undefined : compileExpression(source);
  return async ({ status, headers, body }) => {
    if (status === 401) return true;
    return over !== undefined && (await over.evaluate(body, { status, headers }).catch(() => false)) === true;
  };
}

const lowered = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** All texts in a value: of a login's body, each may be a secret. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}
