import { dirname } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { sql } from "kysely";
import { filesIn } from "../connector/kit/files.ts";
import { answerTasks } from "../thread/thread.ts";
import { openDatabase } from "./database.ts";
import { createJournalStore } from "./journal.ts";
import { sqliteLayout } from "./journal-sqlite.ts";
import type { JournalTask } from "./journal-store.ts";

/** The thread on which the journal's SQLite file is written and searched, so that a long search holds up no request. */
const file = workerData.file as string;
const { db } = openDatabase<unknown>({ url: `sqlite:${file}` }, filesIn(dirname(file)));
// With fewer and larger checkpoints, a page that is written again and again reaches the file less often.
for (const setting of ["cache_size = -8000", "wal_autocheckpoint = 4000"])
  await sql.raw(`pragma ${setting}`).execute(db);
const store = createJournalStore({ layout: sqliteLayout(db), close: () => db.destroy() });

answerTasks(parentPort!, ({ name, given }: JournalTask) =>
  (store[name] as (...all: never[]) => unknown)(...(given as never[])),
);
