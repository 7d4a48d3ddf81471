import { useEffect, useState } from "preact/hooks";
import type { PlayAnswer, PlayRequest } from "../../src/console/api/mappings.ts";
import { type ApiError, post } from "../api.ts";

/** How long somebody must pause while typing before it is tried, in milliseconds. */
const PAUSE_MS = 250;

/** What the last trial showed. It stays while the next one is awaited. */
export interface TrialState {
  readonly answer: PlayAnswer | undefined;
  readonly error: ApiError | undefined;
  readonly isWaiting: boolean;
}

/** Tries a request whenever it changes. Of several answers the last one counts. */
export function useTrial(request: PlayRequest | undefined): TrialState {
  const [state, setState] = useState<TrialState>({ answer: undefined, error: undefined, isWaiting: true });
  const key = request && JSON.stringify(request);
  useEffect(() => {
    if (key === undefined) return;
    const abort = new AbortController();
    setState((before) => ({ ...before, isWaiting: true }));
    const timer = setTimeout(() => {
      post<PlayAnswer>("/mappings/play", JSON.parse(key), abort.signal).then(
        (answer) => setState({ answer, error: undefined, isWaiting: false }),
        (error: unknown) => {
          if (!abort.signal.aborted) setState((before) => ({ ...before, error: error as ApiError, isWaiting: false }));
        },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key]);
  return state;
}
