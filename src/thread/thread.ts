import { type MessagePort, Worker } from "node:worker_threads";

/** What comes back of a task. */
type Answer =
  | { readonly value: unknown }
  | { readonly failure: Record<string, unknown> & { readonly message: string } };

/** How a thread works, and what it may take. */
export interface ThreadSettings {
  /** The module that the thread runs: it calls `answerTasks`. */
  readonly module: URL;
  /** What the module gets as its `workerData`. */
  readonly data?: unknown;
  /** How long a task may run before the thread is ended with it, in milliseconds. */
  readonly maxMs: number;
  /** The memory that the thread may take, in megabytes: beyond it the thread ends, and nothing else. */
  readonly maxMb: number;
  /** How many tasks wait at most. */
  readonly maxWaiting: number;
}

/** A thread of its own for what would hold up the process: it takes one task after the other. */
export interface Thread<Task, Value> {
  /**
   * Runs a task. Rejects with an `Error` that says why it failed, with the properties that the thread's error had (`code` and the
   * like). A task whose signal is aborted while it waits is never begun.
   */
  readonly run: (task: Task, signal?: AbortSignal) => Promise<Value>;
  /** Ends the thread; what waits or runs fails. */
  readonly end: () => Promise<void>;
}

/** Loading what the module needs takes its time, in milliseconds. */
const START_MS = 5000;

interface Waiting<Task> {
  readonly task: Task;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** The thread starts with its first task, and anew with the next one after it was ended. It keeps no process alive. */
export function createThread<Task, Value>(settings: ThreadSettings): Thread<Task, Value> {
  const waiting: Waiting<Task>[] = [];
  let worker: Worker | undefined;
  let isReady = false;
  let current: Waiting<Task> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const end = async (failure: string): Promise<void> => {
    clearTimeout(timer);
    const [ended, before] = [current, worker];
    // What never came to be ready would not be the next time either: nobody waits for that.
    const all = isReady ? [] : waiting.splice(0);
    current = worker = undefined;
    isReady = false;
    for (const each of [...(ended ? [ended] : []), ...all]) each.reject(new Error(failure));
    next();
    await before?.terminate();
  };
  const start = (): Worker => {
    const started = new Worker(settings.module, {
      resourceLimits: { maxOldGenerationSizeMb: settings.maxMb },
      workerData: settings.data,
      // Warnings about how the process was started are not the thread's to repeat.
      execArgv: [],
    });
    started.unref();
    started.on("message", (answer: Answer | "ready") => {
      if (started !== worker) return;
      clearTimeout(timer);
      if (answer === "ready") isReady = true;
      else {
        const done = current;
        current = undefined;
        if ("failure" in answer) done?.reject(Object.assign(new Error(answer.failure.message), answer.failure));
        else done?.resolve(answer.value as never);
      }
      next();
    });
    started.on("error", (error) => {
      if (started === worker) void end(`it took more memory than it may, or failed: ${error.message}`);
    });
    started.on("exit", () => {
      if (started === worker) void end("its thread has ended");
    });
    timer = setTimeout(() => void end("its thread does not start"), START_MS).unref();
    return started;
  };
  function next(): void {
    while (!current && waiting.length > 0) {
      if (waiting[0]!.signal?.aborted) {
        waiting.shift()!.reject(new Error("it was ended before it began"));
        continue;
      }
      worker ??= start();
      if (!isReady) return;
      current = waiting.shift()!;
      try {
        worker.postMessage(current.task);
        timer = setTimeout(() => void end("it took longer than it may"), settings.maxMs);
      } catch (error) {
        current.reject(error as Error);
        current = undefined;
      }
    }
  }
  return {
    run: (task, signal) => {
      if (waiting.length >= settings.maxWaiting) return Promise.reject(new Error("too many others wait before it"));
      return new Promise((resolve, reject) => {
        waiting.push({ task, signal, resolve, reject });
        next();
      });
    },
    end: async () => {
      for (const { reject } of waiting.splice(0)) reject(new Error("its thread was ended"));
      await end("its thread was ended");
    },
  };
}

/** Answers a thread's tasks, in the module that it runs; `port` is the module's `parentPort`. */
export function answerTasks<Task>(port: MessagePort, answer: (task: Task) => unknown): void {
  port.on("message", async (task: Task) => {
    try {
      port.postMessage({ value: await answer(task) });
    } catch (error) {
      const { message, ...more } = error as Error & Record<string, unknown>;
      port.postMessage({ failure: { ...more, message: String(message ?? error) } });
    }
  });
  port.postMessage("ready");
}
