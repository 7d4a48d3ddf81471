import type { JournalLine } from "../../journal/store.ts";

/** What waits to be sent to one browser. */
export interface Parcel {
  readonly rows: readonly JournalLine[];
  /** How many entries were lost, because the browser reads too slowly. */
  readonly lost: number;
  /** Whether so much came that the browser should load its list anew. */
  readonly isFlooded: boolean;
  /** Whether the store is away; undefined if that didn't change. */
  readonly isAway: boolean | undefined;
}

/** Keeps what one browser is to be sent, at most so many entries. */
export interface Outbox {
  readonly add: (parcel: Partial<Parcel>) => void;
  /** Ends it: whoever waits, or comes later, gets undefined. */
  readonly end: () => void;
  readonly isEnded: () => boolean;
  /** Takes all there is. If there is nothing, waits for so many milliseconds; the parcel is empty then. */
  readonly take: (ms: number) => Promise<Parcel | undefined>;
}

const EMPTY: Parcel = { rows: [], lost: 0, isFlooded: false, isAway: undefined };

/** Makes an outbox. Beyond `limit` entries, the oldest are lost, and counted. */
export function createOutbox(limit: number): Outbox {
  let parcel = EMPTY;
  let isEnded = false;
  let wake = () => {};
  return {
    add: ({ rows = [], lost = 0, isFlooded = false, isAway = parcel.isAway }) => {
      const all = [...parcel.rows, ...rows];
      const over = Math.max(0, all.length - limit);
      parcel = {
        rows: all.slice(over),
        lost: parcel.lost + lost + over,
        isFlooded: parcel.isFlooded || isFlooded,
        isAway,
      };
      wake();
    },
    end: () => {
      isEnded = true;
      wake();
    },
    isEnded: () => isEnded,
    take: async (ms) => {
      if (parcel === EMPTY && !isEnded)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      if (isEnded) return undefined;
      const taken = parcel;
      parcel = EMPTY;
      return taken;
    },
  };
}
