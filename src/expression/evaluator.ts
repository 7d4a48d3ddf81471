import { extname } from "node:path";
import { createThread, type Thread } from "../thread/thread.ts";

/** An evaluation for the thread. */
export interface Task {
  readonly source: string;
  readonly input: unknown;
  readonly bindings: Readonly<Record<string, unknown>>;
}

/** Requests never wait for what somebody tries out: trials have a thread of their own, and more time, because it also hashes passwords. */
const MAX_MS = { requests: 300, trials: 2000 } as const;

/** Whom an evaluation is for. */
export type EvaluatedFor = keyof typeof MAX_MS;

const threads = new Map<EvaluatedFor, Thread<Task, unknown>>();

/**
 * Evaluates expressions one after another on a separate thread, started on first use. JSONata checks the time only between steps, and
 * single steps may take long: here an endless one is killed, and nobody else waits for it. Rejects with an `Error` that says why.
 */
export function evaluateApart(
  source: string,
  input: unknown,
  bindings: Readonly<Record<string, unknown>>,
  whom: EvaluatedFor = "requests",
): Promise<unknown> {
  const thread = threads.get(whom) ?? openThread(MAX_MS[whom]);
  threads.set(whom, thread);
  return thread.run({ source, input, bindings });
}

const openThread = (maxMs: number): Thread<Task, unknown> =>
  createThread({
    module: new URL(`./worker${extname(import.meta.filename)}`, import.meta.url),
    maxMs,
    maxMb: 128,
    maxWaiting: 256,
  });
