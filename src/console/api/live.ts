import type { JournalEntry } from "../../journal/entry.ts";
import type { JournalLine } from "../../journal/store.ts";

/** An entry of the journal, for the browser. */
export type { JournalEntry };

/** An entry as lists show it, in the order of the times at which they were answered. */
export interface LiveLine extends Omit<JournalLine, "members"> {
  /** When it was answered, in milliseconds since 1970. */
  readonly answered: number;
}

/** `GET /console/api/live`: entries of the journal, newest first. */
export interface LiveList {
  readonly entries: readonly LiveLine[];
  /** Whether there are older ones: ask with `before`, the id of the last. */
  readonly hasOlder: boolean;
}

/** `GET /console/api/live/choices`: what entries can be filtered by. */
export interface LiveChoices {
  readonly routes: readonly string[];
  readonly types: readonly string[];
  /** Those that the configuration knows: clients and syncs. Requests from before may have others. */
  readonly callers: readonly string[];
}

/** `GET /console/api/live/request/ID`: the newest entries of one request, by its ID. A bulk request has many. */
export interface LiveRequest {
  /** The ids of the entries, two at most. */
  readonly entries: readonly string[];
}

/** `GET /console/api/live/entry/ID`: one entry, with the same request for the command line where it came to an operation. */
export interface LiveEntry {
  readonly entry: JournalEntry;
  /** When it was answered, in milliseconds since 1970. */
  readonly answered: number;
  /** Where the connectors of failed steps ask, by their names. Those that the configuration has no longer are left out. */
  readonly servers: Readonly<Record<string, { readonly type: string; readonly address: string | undefined }>>;
  readonly commands: { readonly curl: string; readonly explain: string } | undefined;
}

/** What `GET /console/api/live/stream` sends, by the names of its events. */
export interface LiveEvents {
  /** Entries, some of which may have been sent before. */
  readonly rows: readonly LiveLine[];
  /** Entries that were left out, because they weren't read fast enough. */
  readonly lost: { readonly count: number };
  /** More came than can be sent: the list must be loaded anew. */
  readonly reset: Record<string, never>;
  /** Whether the journal's store is away. */
  readonly store: { readonly isAway: boolean };
}
