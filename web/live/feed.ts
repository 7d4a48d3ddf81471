import { useCallback, useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { LiveEvents, LiveList } from "../../src/console/api/live.ts";
import { type ApiError, get } from "../api.ts";
import { noRows, type Rows, rowsAfter } from "./rows.ts";

/**
 * How a list follows: it does; it connects for the first time, or anew; the journal's store is away; too many pages follow; it doesn't, as its
 * time is over.
 */
export type FeedState = "following" | "connecting" | "reconnecting" | "away" | "full" | "past";

/** A list of requests that follows what comes. */
export interface Feed extends Rows {
  /** The rows as they are, for a list that is left and come back to. */
  readonly kept: Rows;
  readonly state: FeedState;
  /** Why nothing could be loaded. It is tried again. */
  readonly error: ApiError | undefined;
  /** Why there is no place for one more page that follows, in the gateway's words. */
  readonly whyFull: string;
  readonly isLoadingOlder: boolean;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Loads the newest anew. */
  readonly reload: () => void;
  readonly older: () => void;
}

/** How long until a connection is tried again, in milliseconds. */
const AGAIN_MS = 2000;

const pathOf = (what: "" | "/stream", query: string, more: Readonly<Record<string, string | undefined>>) => {
  const all = new URLSearchParams(query);
  for (const [name, value] of Object.entries(more)) if (value !== undefined) all.set(name, value);
  return `/live${what}${all.size > 0 ? `?${all}` : ""}`;
};

/** What a list is of, and what it begins with. */
export interface FeedOptions {
  readonly query: string;
  readonly isPast: boolean;
  /** The rows that the list had when somebody left it. */
  readonly kept: Rows | undefined;
}

/** Requests by a query, newest first, and those that come. The query must not change: use a key. */
export function useFeed({ query, isPast, kept = noRows }: FeedOptions): Feed {
  const [rows, happen] = useReducer(rowsAfter, kept);
  const [state, setState] = useState<FeedState>(isPast ? "past" : "connecting");
  const [error, setError] = useState<ApiError>();
  const [whyFull, setWhyFull] = useState("");
  const [isLoadingOlder, setLoadingOlder] = useState(false);
  const [round, setRound] = useState(0);
  const newest = useRef(rows.newest);
  newest.current = rows.newest;
  const isLoaded = useRef(false);
  isLoaded.current ||= !rows.isStale;

  useEffect(() => {
    if (!rows.isStale) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    // What comes again by itself is nobody's wish.
    const isBackground = isLoaded.current || round > 0;
    get<LiveList>(pathOf("", query, {}), { signal: abort.signal, isBackground }).then(
      (list) => {
        setError(undefined);
        happen({ kind: "loaded", ...list });
      },
      (failure: unknown) => {
        if (abort.signal.aborted) return;
        setError(failure as ApiError);
        // What is wrong with the question stays so.
        if (![400, 401, 404].includes((failure as ApiError).status))
          timer = setTimeout(() => setRound((before) => before + 1), AGAIN_MS);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [rows.isStale, round, query]);

  const mayFollow = !isPast && isLoaded.current;
  useEffect(
    () => (mayFollow ? follow(query, { newest, happen, setState, setWhyFull }) : undefined),
    [mayFollow, query],
  );

  const older = useCallback(() => {
    const last = rows.rows.at(-1);
    if (!last || isLoadingOlder) return;
    setLoadingOlder(true);
    get<LiveList>(pathOf("", query, { before: last.id }))
      .then(
        (list) => {
          setError(undefined);
          happen({ kind: "older", ...list });
        },
        (failure: unknown) => setError(failure as ApiError),
      )
      .finally(() => setLoadingOlder(false));
  }, [rows.rows, isLoadingOlder, query]);

  return {
    ...rows,
    kept: rows,
    state,
    error,
    whyFull,
    isLoadingOlder,
    older,
    pause: () => happen({ kind: "paused" }),
    resume: () => happen({ kind: "resumed" }),
    reload: () => happen({ kind: "reset" }),
  };
}

interface Following {
  readonly newest: { readonly current: string | undefined };
  readonly happen: (event: Parameters<typeof rowsAfter>[1]) => void;
  readonly setState: (state: FeedState) => void;
  readonly setWhyFull: (why: string) => void;
}

/**
 * Follows what comes until the returned function is called, again after each failure, and only while the page is visible: browsers allow few
 * connections to one address. Nothing is lost between two connections.
 */
function follow(query: string, { newest, happen, setState, setWhyFull }: Following): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  const close = () => {
    attempt++;
    source?.close();
    source = undefined;
    clearTimeout(timer);
  };
  const open = () => {
    close();
    const opened = new EventSource(`/console/api${pathOf("/stream", query, { after: newest.current })}`);
    source = opened;
    const on = <Name extends keyof LiveEvents>(name: Name, take: (data: LiveEvents[Name]) => void) =>
      opened.addEventListener(name, ({ data }) => take(JSON.parse(data)));
    on("rows", (entries) => happen({ kind: "came", entries }));
    on("lost", ({ count }) => happen({ kind: "lost", count }));
    on("reset", () => happen({ kind: "reset" }));
    on("store", ({ isAway }) => setState(isAway ? "away" : "following"));
    opened.onopen = () => setState("following");
    opened.onerror = () => {
      close();
      const ended = attempt;
      const tell = (state: FeedState) => ended === attempt && setState(state);
      // Browsers don't say how a stream was refused. This also tells the console if the session is over; 503 is the store of sessions.
      get("/live/room", { isBackground: true }).then(
        () => tell("reconnecting"),
        ({ status, message }: ApiError) => {
          if (status === 429) setWhyFull(message);
          tell(status === 503 ? "away" : status === 429 ? "full" : "reconnecting");
        },
      );
      timer = setTimeout(open, AGAIN_MS);
    };
  };
  const turn = () => {
    if (document.hidden) close();
    else if (!source) open();
  };
  document.addEventListener("visibilitychange", turn);
  turn();
  return () => {
    document.removeEventListener("visibilitychange", turn);
    close();
  };
}
