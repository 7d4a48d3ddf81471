import { ConnectorError, timedOut } from "../connector/error.ts";
import type { Answer, HttpRequest, Proof, Transport } from "../connector/http.ts";
import { abortable } from "../connector/kit/deadline.ts";

/** Sends a request without credentials. */
export type Send = Transport["send"];

/** A token or session, and what of it goes into each request. */
export interface Token {
  readonly proof: Proof;
  readonly token: string;
  /** When it is replaced, in milliseconds since 1970: some time before it expires. */
  readonly until: number;
}

/** Caches one token for all callers. */
export interface TokenCache {
  /** The current token, or a new one. Concurrent callers share one request. Rejects with a `ConnectorError`. */
  readonly proof: (signal: AbortSignal) => Promise<Proof>;
  /** Drops the token that a request was refused with, unless another caller has replaced it already. */
  readonly forget: (used: Proof) => void;
  /** The token, to keep it out of messages. */
  readonly current: () => string | undefined;
}

/** Maximum time to wait for a token, in milliseconds. It is the same for every caller, whatever their own time limits. */
const GET_MS = 10_000;
/** How long before its expiry a token is replaced, in milliseconds. */
const AHEAD_MS = 60_000;
const DEFAULT_LIFETIME = 3600;

/** A cache for the results of `get`. */
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
        throw error instanceof ConnectorError ? error : timedOut("The API's token endpoint", error);
      });
      return proof;
    },
    forget: (used) => {
      if (current?.proof === used) current = undefined;
    },
    current: () => current?.token,
  };
}

/** A bearer token with a lifetime in seconds. A short-lived one is used for at least half of it. */
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

/** Requests a token, RFC 6749 §5. `refused` makes the error for a response without a token. */
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
    `The token endpoint returned no token: status ${status}${why}. Check auth in the connector's configuration.`,
  );
}
