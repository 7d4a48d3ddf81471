import { parentPort } from "node:worker_threads";
import { answerTasks } from "../../src/thread/thread.ts";
import { type LoadTask, loadFile } from "./load.ts";

/** The thread that loads files without blocking the process. See `versions.ts`. */
answerTasks(parentPort!, (task: LoadTask) => loadFile(task));
