import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { exactRow } from "../../../src/connector/kit/sqlite.ts";
import { answerTasks } from "../../../src/thread/thread.ts";
import { openDatabase, type Reading } from "./sqlite-database.ts";

/** The thread for slow reads, with its own connection: see `sqlite.ts`. */
const { file, ms } = workerData as { readonly file: string; readonly ms: number };
const { database, within } = openDatabase(new DatabaseSync(file, { readOnly: true, timeout: 1000 }));

answerTasks(parentPort!, ({ text, parameters }: Reading) => {
  within(ms);
  const statement = database.prepare(text);
  statement.setReadBigInts(true);
  return statement.all(...parameters).map(exactRow);
});
