import { useCallback, useEffect, useState } from "preact/hooks";

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
  if (response.status === 401) dispatchEvent(new Event("postern-signed-out"));
  throw new ApiError(response.status, (json as { error?: string } | undefined)?.error ?? response.statusText);
}

/** Reads from the console's API. `path` begins behind `/console/api`. Throws an `ApiError`. */
export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => ask<T>(path, { signal: signal ?? null });

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
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      try {
        const data = await get<T>(path, abort.signal);
        if (!abort.signal.aborted) setState({ path, data });
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((before) => ({ ...(before.path === path && before), path, error: error as ApiError }));
      }
      loadLater();
    };
    const loadLater = () => {
      if (every === undefined || abort.signal.aborted) return;
      timer = setTimeout(() => (document.hidden ? loadLater() : load()), every);
    };
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [path, every, version, round]);
  const isOfPath = state.path === path;
  return { data: isOfPath ? state.data : undefined, error: isOfPath ? state.error : undefined, reload };
}
