import { useEffect, useState } from "preact/hooks";
import { common } from "../texts/common.ts";

/** Where a list stands: the cursor of the page that is shown, and the way there. */
export interface Paging {
  /** The cursor; undefined for the first page. */
  readonly at: string | undefined;
  readonly isFirst: boolean;
  readonly forward: (next: string) => void;
  readonly back: () => void;
}

/** Pages through a list; begins anew when what is listed changes. */
export function usePaging(listed: string): Paging {
  const [state, setState] = useState<{ readonly listed: string; readonly way: readonly string[] }>({ listed, way: [] });
  useEffect(() => setState({ listed, way: [] }), [listed]);
  const way = state.listed === listed ? state.way : [];
  return {
    at: way.at(-1),
    isFirst: way.length === 0,
    forward: (next) => setState({ listed, way: [...way, next] }),
    back: () => setState({ listed, way: way.slice(0, -1) }),
  };
}

/** Buttons for the next page and the one before; nothing if all fits on one. */
export function Pager({ paging, next }: { readonly paging: Paging; readonly next: string | undefined }) {
  if (paging.isFirst && next === undefined) return null;
  return (
    <div class="tools pager">
      <button type="button" disabled={paging.isFirst} onClick={paging.back}>
        {common.previous}
      </button>
      <button type="button" disabled={next === undefined} onClick={() => next !== undefined && paging.forward(next)}>
        {common.next}
      </button>
    </div>
  );
}
