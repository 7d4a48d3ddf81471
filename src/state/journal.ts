import type { JournalLine, JournalQuery, JournalStore, Kept } from "../journal/store.ts";
import type { JournalLayout } from "./journal-layout.ts";

/** The most entries, and ids, that a search gives, and how many entries are deleted together. */
const MAX_FOUND = 1000;
const MAX_IDS = 10_000;
const BATCH = 200;
const DAY_MS = 24 * 3_600_000;

/** What a store of the journal is made over. */
export interface JournalDatabase {
  readonly layout: JournalLayout;
  /** Ends what was opened with it. */
  readonly close: () => Promise<void>;
}

/** Keeps the journal in tables, which are made, or brought up to date, before the first use. */
export function createJournalStore({ layout, close }: JournalDatabase): JournalStore {
  let made: Promise<void> | undefined;
  const ready = () => {
    made ??= layout.make().catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  const lines = async (ids: readonly string[]): Promise<JournalLine[]> => {
    const found = new Map((await layout.lines(ids)).map((line) => [line.id, line]));
    return ids.flatMap((id) => found.get(id) ?? []);
  };
  return {
    append: async (rows) => {
      await ready();
      await layout.insert(rows);
    },
    search: async (query) => {
      await ready();
      return lines(await layout.ids(query, atMost(MAX_FOUND, query)));
    },
    ids: async (query) => {
      await ready();
      return layout.ids(query, atMost(MAX_IDS, query));
    },
    lines: async (ids) => {
      await ready();
      return lines(ids);
    },
    get: async (id) => {
      await ready();
      return layout.get(id);
    },
    displays: async (route, type, ids) => {
      await ready();
      const named = await lines(await layout.lastNamed(route, type, ids));
      return new Map(named.map(({ resource, display }) => [resource, display]));
    },
    forget: async (kept, now) => {
      await ready();
      return forget(layout, kept, now);
    },
    close: async () => {
      await made?.catch(() => {});
      await close();
    },
  };
}

const atMost = (most: number, { limit }: JournalQuery) => Math.max(1, Math.min(limit, most));

/** Forgets what is older than it is kept, and then the oldest until the rest fits; says how many entries. */
async function forget(layout: JournalLayout, { days, megabytes }: Kept, now: number): Promise<number> {
  const before = now - days * DAY_MS;
  let count = 0;
  for (let some = await layout.forget({ limit: BATCH, before }); some.count > 0; ) {
    count += some.count;
    some = await layout.forget({ limit: BATCH, before });
  }
  for (let over = (await layout.size()) - megabytes * 1024 * 1024; over > 0; ) {
    const some = await layout.forget({ limit: BATCH, bytes: over });
    if (some.count === 0) break;
    count += some.count;
    over -= some.bytes;
  }
  return count;
}
