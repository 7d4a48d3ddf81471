import { bulkhead } from "cockatiel";
import type { Files } from "../connector/kit/files.ts";
import type { JournalStore } from "../journal/store.ts";
import { createThread } from "../thread/thread.ts";
import { type Location, openDatabase } from "./database.ts";
import { createJournalStore } from "./journal.ts";
import { postgresLayout } from "./journal-postgres.ts";
import type { JournalTables } from "./journal-postgres-tables.ts";
import { sqliteLayout } from "./journal-sqlite.ts";

/** A method of the journal's store, and what it is given, for the thread that has the file. */
export interface JournalTask {
  readonly name: keyof JournalStore;
  readonly given: readonly unknown[];
}

/** How long one task may take, in milliseconds, and the memory that the thread may take, in megabytes. */
const TASK_MS = 30_000;
const THREAD_MB = 256;
const MAX_WAITING = 200;
/** How many questions wait while one is answered. What is to be kept waits for that one at most. */
const MAX_QUESTIONS = 100;

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
  const questions = bulkhead(1, MAX_QUESTIONS);
  const ask =
    <Name extends "search" | "ids" | "lines" | "get" | "displays">(name: Name) =>
    (...given: readonly unknown[]) =>
      questions.execute((): Promise<unknown> => call(name)(...given)) as ReturnType<JournalStore[Name]>;
  return {
    append: call("append"),
    search: ask("search"),
    ids: ask("ids"),
    lines: ask("lines"),
    get: ask("get"),
    displays: ask("displays"),
    forget: call("forget"),
    close: async () => {
      await call("close")().catch(() => {});
      await thread.end();
    },
  };
}
