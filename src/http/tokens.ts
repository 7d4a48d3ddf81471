import { ConnectorError, timedOut } from "../connector/error.ts";
import type { Answer, HttpRequest, Proof, Transport } from "../connector/http.ts";
import { abortable } from "../connector/kit/deadline.ts";

/** Sends a request as it is, without credentials. */
export type Send = Transport["send"];

/** A token, or a session, with what of it goes into each request. */
export interface Token {
  readonly proof: Proof;
  readonly token: string;
  /** When it is replaced, in milliseconds since 1970: some time before it expires. */
  readonly until: number;
}

/** Keeps one token for everybody who needs it. */
export interface TokenCache {
  /** The current token, or a new one. Callers that come meanwhile wait for the same request. Rejects with a `ConnectorError`. */
  readonly proof: (signal: AbortSignal) => Promise<Proof>;
  /** Drops the token that a request was refused with, unless another caller has replaced it already. */
  readonly forget: (used: Proof) => void;
  /** The token, to keep it out of messages. */
  readonly current: () => string | undefined;
}

/** Maximum time to wait for a token, in milliseconds. It is the same for every caller: the deadline of whoever came first does not count. */
const GET_MS = 10_000;
/** How long before its expiry a token is replaced, in milliseconds. */
const AHEAD_MS = 60_000;
const DEFAULT_LIFETIME = 3600;

/** A cache for what `get` requests. */
export function cacheToken(get: (signal: AbortSignal) => Promise<Token>, now: () => number = Date.now): TokenCache {
  let current: Token | undefined;
  let coming: Promise<Token> | undefined;
  return {
    proof: async (signal) => {
      if (current && now() < current.until) return current.proof;
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
    forget: (used) => {
      if (current?.proof === used) current = undefined;
    },
    current: () => current?.token,
  };
}

/** A bearer token that expires in some seconds. One with a short life is used for half of it at least. */
export const bearer = (
  token: string,
  seconds: number,
  now: number = Date.now(),
  aheadMs: number = AHEAD_MS,
): Token => ({
  proof: { headers: { authorization: `Bearer ${token}` } },
  token,
  until: now + Math.max(seconds * 500, seconds * 1000 - aheadMs),
});

/** Asks a token endpoint, RFC 6749 §5. `refused` makes the error of an answer that holds no token. */
export async function askForToken(
  request: Pick<HttpRequest, "url" | "headers" | "form"> & { readonly method?: string },
  send: Send,
  signal: AbortSignal,
  refused: (answer: Answer) => Error = noToken,
): Promise<{ readonly token: string; readonly seconds: number; readonly body: Readonly<Record<string, unknown>> }> {
  const answer = await send({ method: "POST", ...request }, signal);
  const body = (answer.body ?? {}) as Record<string, unknown>;
  const { access_token: token, expires_in: seconds } = body;
  if (answer.status !== 200 || typeof token !== "string") throw refused(answer);
  return { token, seconds: Number(seconds) > 0 ? Number(seconds) : DEFAULT_LIFETIME, body };
}

function noToken({ status, body }: Answer): Error {
  const { error } = (body ?? {}) as Record<string, unknown>;
  const why = typeof error === "string" && /^\w+$/.test(error) ? `, ${error}` : "";
  return new ConnectorError(
    "unavailable",
    `The token endpoint gave no token: status ${status}${why}. Look at auth in the configuration.`,
  );
}
