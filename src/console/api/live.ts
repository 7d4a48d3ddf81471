import type { JournalEntry } from "../../journal/entry.ts";
import type { JournalLine } from "../../journal/store.ts";

/** Entries of the journal, for the browser. */
export type { JournalEntry, JournalLine };

/** `GET /console/api/live`: entries of the journal, newest first. */
export interface LiveList {
  readonly entries: readonly JournalLine[];
  /** Whether there are older ones: ask with `before`, the id of the last. */
  readonly hasOlder: boolean;
}

/** `GET /console/api/live/choices`: what entries can be filtered by. */
export interface LiveChoices {
  readonly routes: readonly string[];
  readonly types: readonly string[];
}

/** `GET /console/api/live/entry/ID`: one entry, with the same request for the command line where it came to an operation. */
export interface LiveEntry {
  readonly entry: JournalEntry;
  readonly commands: { readonly curl: string; readonly explain: string } | undefined;
}

/** What `GET /console/api/live/stream` sends, by the names of its events. */
export interface LiveEvents {
  /** Entries, some of which may have been sent before. */
  readonly rows: readonly JournalLine[];
  /** Entries that were left out, because they weren't read fast enough. */
  readonly lost: { readonly count: number };
  /** More came than can be sent: the list must be loaded anew. */
  readonly reset: Record<string, never>;
  /** Whether the journal's store is away. */
  readonly store: { readonly isAway: boolean };
}
