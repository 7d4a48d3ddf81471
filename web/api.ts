import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { SessionEnd, SignedOut } from "../src/console/api/me.ts";

/** A refusal, or no answer (status 0). The message is the gateway's own. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

let csrf = "";

/** Sets the token that changes are sent with. */
export const setToken = (token: string): void => {
  csrf = token;
};

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/console/api${path}`, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "");
  }
  const json: unknown = await response.json().catch(() => undefined);
  if (response.ok) return json as T;
  if (response.status === 401)
    dispatchEvent(new CustomEvent<SignedOutDetail>(SIGNED_OUT, { detail: (json ?? {}) as SignedOut }));
  throw new ApiError(response.status, (json as { error?: string } | undefined)?.error ?? response.statusText);
}

/** The event that nobody is signed in any more, or yet. Its detail says why a session is over. */
export const SIGNED_OUT = "postern-signed-out";
/** Why nobody is signed in; null if somebody has just signed out. */
export type SignedOutDetail = { readonly ended?: SessionEnd | undefined } | null;

/** How something is asked. */
interface Asking {
  readonly signal?: AbortSignal | undefined;
  /** Whether the page asks by itself, as by the clock. The session is idle then. */
  readonly isBackground?: boolean;
}

const BACKGROUND = { "X-Postern-Background": "true" };

/** Reads from the console's API. `path` begins behind `/console/api`. Throws an `ApiError`. */
export const get = <T>(path: string, { signal, isBackground = false }: Asking = {}): Promise<T> =>
  ask<T>(path, { signal: signal ?? null, headers: isBackground ? BACKGROUND : {} });

/** Sends to the console's API. Throws an `ApiError`. */
export const post = <T>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> =>
  ask<T>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Postern-CSRF": csrf },
    body: JSON.stringify(body),
    signal: signal ?? null,
  });

/** What a page asked for: while the first answer is awaited both are undefined; data stays when a later question fails. */
export interface Loaded<T> {
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  readonly reload: () => void;
}

/** When what was read is read again. */
interface Again {
  /** After so many milliseconds, while the page is visible. */
  readonly every?: number;
  /** When this changes. */
  readonly version?: string;
}

/** Reads from the API, again whenever the path changes and as is asked for. */
export function useLoaded<T>(path: string | undefined, { every, version }: Again = {}): Loaded<T> {
  const [state, setState] = useState<{ path?: string; data?: T; error?: ApiError }>({});
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const before = useRef<string>(undefined);
  useEffect(() => {
    if (path === undefined) return;
    // Of another page, or at somebody's wish. All else is news that the page fetches by itself.
    const wish = `${round} ${path}`;
    const isWished = before.current !== wish;
    before.current = wish;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (isBackground: boolean) => {
      try {
        const data = await get<T>(path, { signal: abort.signal, isBackground });
        if (!abort.signal.aborted) setState({ path, data });
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((before) => ({ ...(before.path === path && before), path, error: error as ApiError }));
      }
      loadLater();
    };
    const loadLater = () => {
      if (every === undefined || abort.signal.aborted) return;
      timer = setTimeout(() => (document.hidden ? loadLater() : load(true)), every);
    };
    void load(!isWished);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [path, every, version, round]);
  const isOfPath = state.path === path;
  return { data: isOfPath ? state.data : undefined, error: isOfPath ? state.error : undefined, reload };
}
