import { setImmediate as next } from "node:timers/promises";
import type { JournalEntry } from "./entry.ts";
import { createQueue } from "./queue.ts";
import { entryOf, type Happened, type Rendering } from "./render.ts";
import type { JournalStore, Kept } from "./store.ts";

/** The journal of what was asked and done. */
export interface Journal {
  /** Takes an operation that has ended. It returns at once: rendering and keeping it come behind the answer. */
  readonly happened: (happened: Happened) => void;
  /** Takes a request that came to no operation: refused at the door, or understood by no endpoint. Of these only so many a minute are kept. */
  readonly refused: (entry: JournalEntry) => void;
  readonly store: Pick<JournalStore, "search" | "ids" | "lines" | "get" | "displays">;
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

/** How many operations wait to be rendered. Beyond these they are dropped. */
const MAX_WAITING = 2000;
/** How long operations are rendered before requests are served again, in milliseconds. */
const RENDER_MS = 1;
/** How many requests that came to no operation are kept a minute. */
const REFUSED_A_MINUTE = 120;
const FORGET_MS = 5 * 60_000;

/** Opens a journal over a store. */
export function createJournal({ store, kept, dropped, unforgotten, ...rendering }: JournalOptions): Journal {
  const waiting: Happened[] = [];
  const queue = createQueue(store, dropped);
  let working: Promise<void> | undefined;
  const refusals = { minute: 0, count: 0 };

  const renderAll = async () => {
    while (waiting.length > 0) {
      // Requests are served in between.
      await next();
      const until = performance.now() + RENDER_MS;
      do await render(waiting.shift()!);
      while (waiting.length > 0 && performance.now() < until);
    }
    working = undefined;
  };
  const render = async (happened: Happened) => {
    try {
      queue.put(await entryOf(happened, rendering));
    } catch (error) {
      dropped(1, `it cannot be rendered: ${(error as Error).message}`);
    }
  };
  const forgetting = setInterval(
    () => void store.forget(kept, Date.now()).catch((error) => unforgotten(error)),
    FORGET_MS,
  ).unref();

  return {
    happened: (happened) => {
      if (waiting.length >= MAX_WAITING) return dropped(1, "too many operations wait to be rendered");
      waiting.push(happened);
      working ??= renderAll();
    },
    refused: (entry) => {
      const minute = Math.floor(entry.at / 60_000);
      if (refusals.minute !== minute) Object.assign(refusals, { minute, count: 0 });
      if (refusals.count++ >= REFUSED_A_MINUTE) return dropped(1, "too many requests are refused");
      queue.put(entry);
    },
    store,
    close: async () => {
      clearInterval(forgetting);
      await working;
      await queue.close();
      await store.close();
    },
  };
}
