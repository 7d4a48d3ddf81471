import type { Files } from "../connector/kit/files.ts";
import type { JournalStore } from "../journal/store.ts";
import { createThread } from "../thread/thread.ts";
import { type Location, openDatabase } from "./database.ts";
import { createJournalStore } from "./journal.ts";
import { postgresLayout } from "./journal-postgres.ts";
import { sqliteLayout } from "./journal-sqlite.ts";
import type { JournalTables } from "./journal-tables.ts";

/** A method of the journal's store, and what it is given, for the thread that has the file. */
export interface JournalTask {
  readonly name: keyof JournalStore;
  readonly given: readonly unknown[];
}

/** How long one task may take, in milliseconds, and the memory that the thread may take, in megabytes. */
const TASK_MS = 30_000;
const THREAD_MB = 256;
const MAX_WAITING = 200;

/**
 * Opens the journal of a store: in PostgreSQL beside the other tables; of a SQLite file `x.db` in `x-journal.db`, by a thread of its own, so
 * that neither writing nor searching it holds up a request. Nothing is asked before the first use.
 */
export function openJournalStore(location: Location, files: Files): JournalStore {
  const file = location.url.startsWith("sqlite:") ? location.url.slice("sqlite:".length) : undefined;
  if (file !== undefined && file !== ":memory:") return inThread(files.path(journalFile(file)));
  if (file !== undefined) {
    const { db } = openDatabase<unknown>(location, files);
    return createJournalStore({ layout: sqliteLayout(db), close: () => db.destroy() });
  }
  const { db } = openDatabase<JournalTables>(location, files);
  return createJournalStore({ layout: postgresLayout(db), close: () => db.destroy() });
}

/** The file of the journal beside a store's. */
const journalFile = (file: string): string => `${file.replace(/\.(db|sqlite3?)$/i, "")}-journal.db`;

function inThread(file: string): JournalStore {
  const thread = createThread<JournalTask, unknown>({
    module: new URL(import.meta.url.replace("journal-store", "journal-thread")),
    data: { file },
    maxMs: TASK_MS,
    maxMb: THREAD_MB,
    maxWaiting: MAX_WAITING,
  });
  const call =
    <Name extends keyof JournalStore>(name: Name) =>
    (...given: readonly unknown[]) =>
      thread.run({ name, given }) as ReturnType<JournalStore[Name]>;
  return {
    append: call("append"),
    search: call("search"),
    ids: call("ids"),
    lines: call("lines"),
    get: call("get"),
    displays: call("displays"),
    forget: call("forget"),
    close: async () => {
      await call("close")().catch(() => {});
      await thread.end();
    },
  };
}
