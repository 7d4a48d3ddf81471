import { setImmediate as next, setTimeout as sleep } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { JournalEntry } from "./entry.ts";
import { entryOf, type Happened, type Rendering } from "./render.ts";
import type { JournalStore, Kept } from "./store.ts";

/** The journal of what was asked and done. */
export interface Journal {
  /** Takes an operation that has ended. It returns at once: rendering and keeping it come behind the answer. */
  readonly happened: (happened: Happened) => void;
  /** Takes a request that came to no operation: refused at the door, or understood by no endpoint. Of these only so many a minute are kept. */
  readonly refused: (entry: JournalEntry) => void;
  readonly store: Pick<JournalStore, "search" | "get" | "displays">;
  /** Waits until all that was taken is kept, or can't be, and closes the store. */
  readonly close: () => Promise<void>;
}

/** What the journal is made with. */
export interface JournalOptions extends Rendering {
  readonly store: JournalStore;
  readonly kept: Kept;
  /** Called for entries that are lost: too many wait, or the store cannot be asked. */
  readonly dropped: (count: number, reason: string) => void;
  /** Called if old entries could not be deleted. It is tried again later. */
  readonly unforgotten: (error: Error) => void;
}

/** How many operations wait to be rendered, and how many entries, of how many bytes, to be kept. Beyond these they are dropped. */
const MAX_WAITING = 2000;
const MAX_QUEUED = 5000;
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
/** How long entries are collected before they are written together, in milliseconds, and how many are written at a time. */
const COLLECT_MS = 150;
const BATCH = 500;
/** How often entries are tried to be kept that the store did not take, and the wait between, in milliseconds. */
const TRIES = 20;
const RETRY_MS = 1000;
/** How many requests that came to no operation are kept a minute. */
const REFUSED_A_MINUTE = 120;
const FORGET_MS = 5 * 60_000;
/** How many displays of resources are remembered. */
const MAX_DISPLAYS = 5000;

interface Queued {
  readonly entry: JournalEntry;
  readonly bytes: number;
}

/** Opens a journal over a store. */
export function createJournal({ store, kept, dropped, unforgotten, ...rendering }: JournalOptions): Journal {
  const waiting: Happened[] = [];
  let queue: Queued[] = [];
  let bytes = 0;
  let isRendering = false;
  let writing: Promise<void> | undefined;
  let isClosing = false;
  const displays = new LRUCache<string, string>({ max: MAX_DISPLAYS });
  const refusals = { minute: 0, count: 0 };

  const put = (entry: JournalEntry) => {
    const size = sizeOf(entry);
    if (queue.length >= MAX_QUEUED || bytes + size > MAX_QUEUED_BYTES)
      return dropped(1, "too many entries wait for the store");
    queue.push({ entry, bytes: size });
    bytes += size;
    writing ??= write().finally(() => {
      writing = undefined;
    });
  };
  const renderAll = async () => {
    isRendering = true;
    while (waiting.length > 0) {
      // Requests are served in between.
      await next();
      try {
        put(await entryOf(waiting.shift()!, rendering));
      } catch (error) {
        dropped(1, `it cannot be rendered: ${(error as Error).message}`);
      }
    }
    isRendering = false;
  };
  const write = async () => {
    if (!isClosing) await sleep(COLLECT_MS);
    while (queue.length > 0) {
      const some = queue.slice(0, BATCH);
      const isKept = await keep(await named(some.map(({ entry }) => entry)));
      if (!isKept) dropped(some.length, "the store did not take them");
      queue = queue.slice(some.length);
      bytes -= some.reduce((sum, each) => sum + each.bytes, 0);
    }
  };
  const keep = async (entries: readonly JournalEntry[]): Promise<boolean> => {
    for (let attempt = 1; ; attempt++)
      try {
        await store.append(entries);
        return true;
      } catch {
        if (attempt >= TRIES || isClosing) return false;
        await sleep(RETRY_MS);
      }
  };
  /** Entries with what their resources are known by, where a request does not say it. */
  const named = async (entries: readonly JournalEntry[]): Promise<readonly JournalEntry[]> => {
    const keyOf = ({ route, type, resource }: JournalEntry) => `${route}\0${type}\0${resource}`;
    for (const entry of entries)
      if (entry.display !== "" && entry.resource !== "") displays.set(keyOf(entry), entry.display);
    const missing = entries.filter(
      (entry) => entry.display === "" && entry.resource !== "" && !displays.has(keyOf(entry)),
    );
    for (const [of, some] of Map.groupBy(missing, ({ route, type }) => `${route}\0${type}`)) {
      const [route = "", type = ""] = of.split("\0");
      const ids = [...new Set(some.map(({ resource }) => resource))];
      const known = await store.displays(route, type, ids).catch(() => new Map<string, string>());
      for (const id of ids) displays.set(`${of}\0${id}`, known.get(id) ?? "");
    }
    return entries.map((entry) => {
      const display = entry.display || displays.get(keyOf(entry)) || "";
      const sentence =
        display !== "" && entry.resource !== ""
          ? // A function, because a name may hold what a replacement text means something by, such as $&.
            entry.sentence.replace(`${entry.type} ${entry.resource}`, () => `${entry.type} ${display}`)
          : entry.sentence;
      return { ...entry, display, sentence };
    });
  };
  const forgetting = setInterval(
    () => void store.forget(kept, Date.now()).catch((error) => unforgotten(error)),
    FORGET_MS,
  ).unref();

  return {
    happened: (happened) => {
      if (waiting.length >= MAX_WAITING) return dropped(1, "too many operations wait to be rendered");
      waiting.push(happened);
      if (!isRendering) void renderAll();
    },
    refused: (entry) => {
      const minute = Math.floor(entry.at / 60_000);
      if (refusals.minute !== minute) Object.assign(refusals, { minute, count: 0 });
      if (refusals.count++ >= REFUSED_A_MINUTE) return dropped(1, "too many requests are refused");
      put(entry);
    },
    store,
    close: async () => {
      isClosing = true;
      clearInterval(forgetting);
      while (isRendering || writing) await (writing ?? sleep(5));
      await store.close();
    },
  };
}

/** About how much room an entry takes, in bytes. */
const sizeOf = (entry: JournalEntry): number =>
  500 +
  entry.sentence.length +
  JSON.stringify(entry.request ?? null).length +
  entry.steps.reduce((sum, { text, native = "" }) => sum + text.length + native.length + 60, 0);
