import { extname } from "node:path";
import { createThread, type Thread } from "../thread/thread.ts";

/** An evaluation that is given to the thread. */
export interface Task {
  readonly source: string;
  readonly input: unknown;
  readonly bindings: Readonly<Record<string, unknown>>;
}

let thread: Thread<Task, unknown> | undefined;

/**
 * Evaluates on a thread of its own, which is started when it is needed first, one expression after the other. JSONata looks at the
 * time between its steps, and some steps take long by themselves: here one that does not end is ended, and nobody else waits for
 * it. Rejects with an `Error` that says why it could not.
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
