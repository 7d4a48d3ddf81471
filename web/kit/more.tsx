import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, get, useLoaded } from "../api.ts";

/** Pages that were loaded one after the other. */
export interface Pages<Page> {
  readonly pages: readonly Page[];
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  /** Loads the page at a path, and adds it. */
  readonly add: (path: string) => void;
  /** Loads the first page anew. */
  readonly reload: () => void;
}

/** Loads a first page, anew whenever its path changes, and the following ones as they are asked for. */
export function usePages<Page>(first: string | undefined): Pages<Page> {
  const { data, error, reload } = useLoaded<Page>(first);
  const [more, setMore] = useState<{ readonly of?: Page; readonly pages: readonly Page[] }>({ pages: [] });
  const [failed, setFailed] = useState<ApiError>();
  const [isAdding, setAdding] = useState(false);
  const adding = useRef<AbortController>(undefined);
  // What is awaited belongs to this list: once another is shown, it is of no use.
  useEffect(
    () => () => {
      adding.current?.abort();
      setFailed(undefined);
      setAdding(false);
    },
    [first, data],
  );
  const add = (path: string) => {
    if (data === undefined || isAdding) return;
    adding.current = new AbortController();
    const { signal } = adding.current;
    setAdding(true);
    setFailed(undefined);
    get<Page>(path, { signal })
      .then(
        (page) =>
          signal.aborted ||
          setMore((before) => ({ of: data, pages: before.of === data ? [...before.pages, page] : [page] })),
        (problem: unknown) => signal.aborted || setFailed(problem as ApiError),
      )
      .finally(() => signal.aborted || setAdding(false));
  };
  const following = more.of === data ? more.pages : [];
  return {
    pages: data === undefined ? [] : [data, ...following],
    error: error ?? failed,
    isLoading: isAdding || (first !== undefined && data === undefined && error === undefined),
    add,
    reload,
  };
}
