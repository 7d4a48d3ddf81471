import { idOfTime } from "../../journal/entry.ts";
import type { JournalLine, JournalStore } from "../../journal/store.ts";

/** What those who follow the journal are told: new entries; that more came than can be followed; that the store is away, or back. */
export type TailEvent =
  | { readonly kind: "rows"; readonly rows: readonly JournalLine[] }
  | { readonly kind: "flooded" }
  | { readonly kind: "store"; readonly isAway: boolean };

/** The end of the journal, as all gateways with the same store write it. */
export interface Tail {
  /** Calls a listener for each event until the returned function is called. The store is asked only while somebody follows. */
  readonly follow: (listener: (event: TailEvent) => void) => () => void;
}

/** How often the store is asked for new entries, in milliseconds: once for all who follow. */
const EVERY_MS = 1000;
/** Entries are written a moment after they got their id. So each look begins this long before the previous one, in milliseconds. */
const LATE_MS = 3000;
/** How late entries may be, in milliseconds: by gateways that couldn't reach the store, or by clocks that are behind. */
export const VERY_LATE_MS = 120_000;
/** How many looks there are for each that looks for the very late. */
const ROUNDS = 10;
/** How many entries one question returns, and one event tells of at most. */
export const PAGE = 1000;
/** How many questions are asked in one look. */
const MAX_PAGES = 5;

/** Follows the end of a journal. */
export function createTail({ search }: Pick<JournalStore, "search">): Tail {
  const listeners = new Set<(event: TailEvent) => void>();
  const seen = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  let isAway = false;
  let round = 0;
  /** The time up to which entries were looked for. */
  let covered = 0;

  const tell = (event: TailEvent) => {
    for (const listener of listeners) listener(event);
  };
  /** Tells of the entries from one time until another that weren't seen. Returns whether these were all. */
  const look = async (from: number, until?: number): Promise<boolean> => {
    let after = idOfTime(from);
    for (let page = 0; page < MAX_PAGES; page++) {
      const found = await search({ after, until, limit: PAGE });
      const rows = found.filter(({ id }) => !seen.has(id));
      for (const { id } of rows) seen.add(id);
      if (rows.length > 0) tell({ kind: "rows", rows });
      if (found.length < PAGE) return true;
      after = found.at(-1)!.id;
    }
    return false;
  };
  const turn = async () => {
    const now = Date.now();
    if (!(await look(covered - LATE_MS))) tell({ kind: "flooded" });
    covered = now;
    if (++round % ROUNDS !== 0) return;
    await look(now - VERY_LATE_MS, now - LATE_MS);
    const forgotten = idOfTime(now - 2 * VERY_LATE_MS);
    for (const id of seen) if (id < forgotten) seen.delete(id);
  };
  const setAway = (is: boolean) => {
    if (isAway === is) return;
    isAway = is;
    tell({ kind: "store", isAway });
  };
  const poll = async () => {
    if (isLooking) return;
    isLooking = true;
    try {
      await turn();
      setAway(false);
    } catch {
      setAway(true);
    } finally {
      isLooking = false;
    }
    if (listeners.size > 0) timer = setTimeout(poll, EVERY_MS).unref();
  };

  return {
    follow: (listener) => {
      const isFirst = listeners.size === 0;
      listeners.add(listener);
      if (isAway) listener({ kind: "store", isAway });
      if (isFirst) {
        covered = Date.now();
        void poll();
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) clearTimeout(timer);
      };
    },
  };
}
