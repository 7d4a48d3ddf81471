import { idOfTime, timeOfId } from "../../journal/entry.ts";
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
/** How many entries one event tells of at most. */
export const PAGE = 1000;
/** How many ids one question returns, and how many questions one look asks. What is behind these comes with the next look. */
const IDS = 10_000;
const MAX_QUESTIONS = 20;
/** How many ids are remembered: those of two minutes with 4,000 entries a second. */
const MAX_SEEN = 500_000;

/**
 * Follows the end of a journal. Each look begins before the previous one, so it asks for ids first, which cost little, and reads only
 * entries that weren't told.
 */
export function createTail({ ids, lines }: Pick<JournalStore, "ids" | "lines">): Tail {
  const listeners = new Set<(event: TailEvent) => void>();
  /** The ids that were told, in the order in which they were. */
  const seen = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  let isAway = false;
  let round = 0;
  /** The time up to which entries were looked for, and that of the last id that isn't remembered any more. */
  let covered = 0;
  let forgotten = 0;

  const tell = (event: TailEvent) => {
    for (const listener of listeners) listener(event);
  };
  /** Tells of the entries from one time until another that weren't told. Returns up to which time. */
  const look = async (from: number, until: number): Promise<number> => {
    let after = idOfTime(from);
    for (let question = 0; question < MAX_QUESTIONS; question++) {
      const found = await ids({ after, until, limit: IDS });
      const news = found.filter((id) => !seen.has(id));
      for (let at = 0; at < news.length; at += PAGE) {
        const some = news.slice(at, at + PAGE);
        const rows = await lines(some);
        for (const id of some) seen.add(id);
        if (rows.length > 0) tell({ kind: "rows", rows });
      }
      if (found.length < IDS) return until;
      after = found.at(-1)!;
    }
    return timeOfId(after);
  };
  const forget = (before: string) => {
    for (const id of seen) {
      if (id >= before && seen.size <= MAX_SEEN) break;
      seen.delete(id);
      forgotten = Math.max(forgotten, timeOfId(id));
    }
  };
  const turn = async () => {
    const now = Date.now();
    if (covered < now - VERY_LATE_MS) {
      tell({ kind: "flooded" });
      covered = now;
    }
    // Clocks of other gateways may be ahead.
    const reached = await look(covered - LATE_MS, now + VERY_LATE_MS);
    covered = Math.min(reached, now);
    if (++round % ROUNDS !== 0) return;
    await look(Math.max(now - VERY_LATE_MS, forgotten + 1), now - LATE_MS);
    forget(idOfTime(now - 1.5 * VERY_LATE_MS));
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
