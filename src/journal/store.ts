import type { JournalEntry } from "./entry.ts";
import type { JournalRow } from "./row.ts";

/** What entries are looked for by. All that is given must hold. */
export interface JournalQuery {
  /** Times, in milliseconds since 1970: from this one on, and before that one. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  readonly route?: string | undefined;
  readonly caller?: string | undefined;
  readonly type?: string | undefined;
  readonly action?: string | undefined;
  readonly result?: "success" | "failure" | undefined;
  readonly requestId?: string | undefined;
  /** The id of a resource. */
  readonly resource?: string | undefined;
  /** A resource that an entry is about itself, or as a member of the group that it is about. Without a type, any with this id. */
  readonly about?: About | undefined;
  /** A part of what people know a resource by, whatever the case; or its whole id, or a request's. */
  readonly search?: string | undefined;
  /** Only entries before the one with this id, or, oldest first, behind it. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** How many entries to give, at most 1000. */
  readonly limit: number;
}

/** A resource that entries are looked for by. */
export interface About {
  readonly id: string;
  readonly type?: string | undefined;
}

/** An entry as lists show it, without its request and steps. */
export type JournalLine = Omit<JournalEntry, "request" | "steps">;

/** How much of the journal is kept. */
export interface Kept {
  readonly days: number;
  readonly megabytes: number;
}

/** Where the journal is kept. Everything rejects while the store cannot be asked. */
export interface JournalStore {
  /** Keeps entries, by `rowOf`; when it resolves, they outlive the process. Those that are there already are left as they are. */
  readonly append: (rows: readonly JournalRow[]) => Promise<void>;
  /** Entries without their details: newest first, or oldest first if `after` is given. */
  readonly search: (query: JournalQuery) => Promise<readonly JournalLine[]>;
  /** The ids of what a search finds, in the same order: up to 10,000 of them. */
  readonly ids: (query: JournalQuery) => Promise<readonly string[]>;
  /** Entries without their details, by their ids, in the order of these. Those that are no longer there are left out. */
  readonly lines: (ids: readonly string[]) => Promise<readonly JournalLine[]>;
  /** One entry, whole. */
  readonly get: (id: string) => Promise<JournalEntry | undefined>;
  /** What resources were known by last, by their ids. An empty type is any. */
  readonly displays: (route: string, type: string, ids: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  /** Forgets what is older, or more, than is to be kept, oldest first; says how many entries. `now` is in milliseconds since 1970. */
  readonly forget: (kept: Kept, now: number) => Promise<number>;
  readonly close: () => Promise<void>;
}
