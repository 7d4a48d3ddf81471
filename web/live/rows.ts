import type { LiveLine, LiveList } from "../../src/console/api/live.ts";

/** What a list of requests holds, and what it waits for. */
export interface Rows {
  /** Newest first, each once. */
  readonly rows: readonly LiveLine[];
  readonly hasOlder: boolean;
  /** Whether the newest must be loaded: at first, and when too much came to follow. */
  readonly isStale: boolean;
  readonly isPaused: boolean;
  /** What came while the list was paused. */
  readonly held: readonly LiveLine[];
  /** How many requests could not be shown, because this browser read too slowly. */
  readonly lost: number;
  /** The newest entry that came, shown or not: what a stream continues behind. */
  readonly newest: string | undefined;
  /** How many rows are kept: more once older ones were asked for. */
  readonly limit: number;
}

/** What happens to a list of requests. */
export type RowsEvent =
  | ({ readonly kind: "loaded" | "older" } & LiveList)
  | { readonly kind: "came"; readonly entries: readonly LiveLine[] }
  | { readonly kind: "lost"; readonly count: number }
  | { readonly kind: "reset" | "paused" | "resumed" };

/** How many rows a list that follows keeps, and how many it has room for when older ones are loaded. */
const MAX_FOLLOWED = 500;
export const MAX_ROWS = 5000;

/** A list that has loaded nothing yet. */
export const noRows: Rows = {
  rows: [],
  hasOlder: false,
  isStale: true,
  isPaused: false,
  held: [],
  lost: 0,
  newest: undefined,
  limit: MAX_FOLLOWED,
};

/** The list after something happened. Entries may come twice, and in any order. */
export function rowsAfter(before: Rows, event: RowsEvent): Rows {
  switch (event.kind) {
    case "loaded": {
      const after = { ...noted(before, event.entries), isStale: false, hasOlder: event.hasOlder };
      const loaded = { ...after, rows: event.entries };
      return shown(loaded, following(loaded, before.rows));
    }
    case "older": {
      const limit = Math.min(MAX_ROWS, Math.max(before.limit, before.rows.length + event.entries.length));
      return shown({ ...before, limit, hasOlder: event.hasOlder }, event.entries);
    }
    case "came": {
      const after = noted(before, event.entries);
      if (!before.isPaused) return shown(after, following(before, event.entries));
      const news = event.entries.filter((entry) => !before.rows.some(({ id }) => id === entry.id));
      const held = merged(before.held, news);
      // Too many to be kept: they are loaded when the list goes on.
      return held.length > MAX_ROWS ? { ...after, held: held.slice(0, MAX_ROWS) } : { ...after, held };
    }
    case "lost":
      return { ...before, lost: before.lost + event.count };
    case "reset":
      return { ...noRows, isPaused: before.isPaused, newest: before.newest };
    case "paused":
      return { ...before, isPaused: true };
    case "resumed":
      return before.held.length >= MAX_ROWS
        ? { ...noRows, newest: before.newest }
        : shown({ ...before, isPaused: false, held: [] }, following(before, before.held));
  }
}

/** Entries that follow on the last row. One that was kept late may belong among those that aren't loaded, and is loaded with them. */
function following({ rows, hasOlder }: Rows, entries: readonly LiveLine[]): readonly LiveLine[] {
  const last = rows.at(-1);
  return hasOlder && last ? entries.filter(({ id }) => id > last.id) : entries;
}

const noted = (rows: Rows, entries: readonly LiveLine[]): Rows => ({
  ...rows,
  newest: entries.reduce((last, { id }) => (last === undefined || id > last ? id : last), rows.newest),
});

function shown(rows: Rows, entries: readonly LiveLine[]): Rows {
  const all = merged(rows.rows, entries);
  // What is cut off can be loaded again.
  return all.length > rows.limit ? { ...rows, rows: all.slice(0, rows.limit), hasOlder: true } : { ...rows, rows: all };
}

/** Two lists as one: each entry once, newest first. */
function merged(some: readonly LiveLine[], others: readonly LiveLine[]): readonly LiveLine[] {
  if (others.length === 0) return some;
  const all = new Map([...some, ...others].map((entry) => [entry.id, entry]));
  return [...all.values()].sort((one, other) => (one.id < other.id ? 1 : -1));
}
