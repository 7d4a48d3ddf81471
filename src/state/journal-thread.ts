import { parentPort, workerData } from "node:worker_threads";
import { Kysely } from "kysely";
import { openSqlite, sqliteDialect } from "../connector/kit/sqlite.ts";
import { answerTasks } from "../thread/thread.ts";
import { createJournalStore, type JournalTables } from "./journal.ts";
import type { JournalTask } from "./journal-store.ts";

/** The thread on which the journal's SQLite file is written and searched, so that a long search holds up no request. */
const db = new Kysely<JournalTables>({ dialect: sqliteDialect(() => openSqlite(workerData.file as string)) });
const store = createJournalStore({ db, isSqlite: true, close: () => db.destroy() });

answerTasks(parentPort!, ({ name, given }: JournalTask) =>
  (store[name] as (...all: never[]) => unknown)(...(given as never[])),
);
