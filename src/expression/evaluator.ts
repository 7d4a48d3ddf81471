import { extname } from "node:path";
import { createThread, type Thread } from "../thread/thread.ts";

/** An evaluation for the thread. */
export interface Task {
  readonly source: string;
  readonly input: unknown;
  readonly bindings: Readonly<Record<string, unknown>>;
}

let thread: Thread<Task, unknown> | undefined;

/**
 * Evaluates expressions one after another on a separate thread, started on first use. JSONata checks the time only between steps, and
 * single steps may take long: here an endless one is killed, and nobody else waits for it. Rejects with an `Error` that says why.
 */
export function evaluateApart(
  source: string,
  input: unknown,
  bindings: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  thread ??= createThread({
    module: new URL(`./worker${extname(import.meta.filename)}`, import.meta.url),
    maxMs: 300,
    maxMb: 128,
    maxWaiting: 256,
  });
  return thread.run({ source, input, bindings });
}
