import { setTimeout as sleep } from "node:timers/promises";
import type { JournalEntry } from "./entry.ts";
import { called, displaysOf, namelessIn, placeOf } from "./names.ts";
import { fieldsOf, type JournalRow, rowOf } from "./row.ts";
import type { JournalStore } from "./store.ts";

/** Entries on their way to the store. */
export interface Queue {
  /** Takes an entry. It returns at once. */
  readonly put: (entry: JournalEntry) => void;
  /** Waits until all that was taken is kept, or can't be. From now on the store gets one try. */
  readonly close: () => Promise<void>;
}

/** How many entries, of how many bytes, wait to be kept. Beyond these they are dropped. */
const MAX_QUEUED = 5000;
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
/** What a waiting entry takes beside its texts, in bytes. */
const ROW_BYTES = 300;
/**
 * How long entries are collected before they are written together, in milliseconds: a few soon, and where many come, more of them, because a
 * large batch costs less than small ones.
 */
const COLLECT_MS = 100;
const FEW = 20;
const MAX_COLLECT_MS = 1000;
/** How many entries are written at a time. */
const BATCH = 1000;
/** How often entries are tried to be kept that the store did not take, and the wait between, in milliseconds. */
const TRIES = 20;
const RETRY_MS = 1000;

interface Queued {
  readonly row: JournalRow;
  readonly bytes: number;
  /** What the entry's resource is known by. */
  readonly display: string;
  /** The entry, where neither the request nor the answer says all names. */
  readonly nameless?: JournalEntry | undefined;
}

/** Opens a queue before a store. `dropped` is called for entries that are lost. */
export function createQueue(
  store: Pick<JournalStore, "append" | "displays">,
  dropped: (count: number, reason: string) => void,
): Queue {
  let queue: Queued[] = [];
  let bytes = 0;
  let writing: Promise<void> | undefined;
  let isClosing = false;

  const write = async () => {
    for (let ms = 0; ms < MAX_COLLECT_MS && !isClosing; ms += COLLECT_MS) {
      await sleep(COLLECT_MS);
      if (queue.length <= FEW || queue.length >= BATCH) break;
    }
    while (queue.length > 0) {
      const some = queue.slice(0, BATCH);
      const isKept = await keep(await named(some));
      if (!isKept) dropped(some.length, "the store did not take them");
      queue = queue.slice(some.length);
      bytes -= some.reduce((sum, each) => sum + each.bytes, 0);
    }
  };
  const keep = async (rows: readonly JournalRow[]): Promise<boolean> => {
    for (let attempt = 1; ; attempt++)
      try {
        await store.append(rows);
        return true;
      } catch {
        if (attempt >= TRIES || isClosing) return false;
        await sleep(RETRY_MS);
      }
  };
  /** Rows with what their resources are known by: from the entries before them, or from the store. */
  const named = async (some: readonly Queued[]): Promise<JournalRow[]> => {
    const unknown = some.flatMap(({ nameless }) => (nameless ? namelessIn(nameless) : []));
    if (unknown.length === 0) return some.map(({ row }) => row);
    const displays = await displaysOf(store, unknown);
    return some.map(({ row, display, nameless }) => {
      const entry = nameless && called(nameless, displays);
      const { route, type, resource } = fieldsOf(row);
      const name = entry?.display ?? display;
      for (const each of [type, ""]) if (name !== "") displays.set(placeOf({ route, type: each, id: resource }), name);
      return entry ? rowOf(entry) : row;
    });
  };

  return {
    put: (entry) => {
      const { display, resource, members } = entry;
      const row = rowOf(called(entry, new Map()));
      const size = row.reduce((sum, { length }) => sum + length, ROW_BYTES);
      if (queue.length >= MAX_QUEUED || bytes + size > MAX_QUEUED_BYTES)
        return dropped(1, "too many entries wait for the store");
      const isNameless = members !== undefined || (display === "" && resource !== "");
      queue.push({ row, bytes: size, display, nameless: isNameless ? entry : undefined });
      bytes += size;
      writing ??= write().finally(() => {
        writing = undefined;
      });
    },
    close: async () => {
      isClosing = true;
      while (writing) await writing;
    },
  };
}
