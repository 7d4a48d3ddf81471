import type { Entry, Order, Position, SearchRequest } from "../../src/connector/connector.ts";
import { positionOf } from "../../src/connector/reference.ts";
import type { Kind } from "./kind.ts";

/** What a page is asked by. */
type Listing = Pick<SearchRequest, "kind" | "where" | "orderBy" | "offset">;

/** Where pages that are asked for by index start, for a while. */
export interface Pages {
  /** The position behind which a page starts, where the page before it was given lately. */
  readonly before: (listing: Listing) => { readonly orderBy: Order; readonly after: Position } | undefined;
  /** Takes note of where the page behind a whole one starts. */
  readonly note: (listing: Listing, kind: Kind, found: readonly Entry[]) => void;
}

const KEPT_MS = 60_000;
const MAX_KEPT = 1000;

/**
 * Clients that page by index ask for one page after the other. A database goes through all rows before an offset; behind
 * the last row of the page before it goes to the next one at once, and what comes or goes meanwhile shifts nothing.
 */
export function createPages(): Pages {
  const kept = new Map<string, { orderBy: Order; after: Position; expires: number }>();
  const nameOf = ({ kind, where, orderBy }: Listing, offset: number) => JSON.stringify([kind, where, orderBy, offset]);
  return {
    before: (listing) => {
      const { offset = 0 } = listing;
      const found = offset > 0 ? kept.get(nameOf(listing, offset)) : undefined;
      return found && found.expires > Date.now() ? found : undefined;
    },
    note: (listing, { key }, found) => {
      const { offset = 0, orderBy = { attr: key.attr, descending: false } } = listing;
      const last = found.at(-1);
      if (last?.[key.attr] === undefined) return;
      const name = nameOf(listing, offset + found.length);
      kept.delete(name);
      kept.set(name, { orderBy, after: positionOf(last, orderBy.attr, key.attr), expires: Date.now() + KEPT_MS });
      if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
    },
  };
}
