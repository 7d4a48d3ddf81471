import { type MessagePort, Worker } from "node:worker_threads";

/** The result of a task. */
type Answer =
  | { readonly value: unknown }
  | { readonly failure: Record<string, unknown> & { readonly message: string } };

/** How a thread works, and its limits. */
export interface ThreadSettings {
  /** The module that the thread runs. It calls `answerTasks`. */
  readonly module: URL;
  /** The module's `workerData`. */
  readonly data?: unknown;
  /** Time limit of a task in milliseconds; then the thread is ended with it. */
  readonly maxMs: number;
  /** Memory limit of the thread in megabytes; beyond it only the thread ends. */
  readonly maxMb: number;
  /** Maximum number of waiting tasks. */
  readonly maxWaiting: number;
}

/** A separate thread for work that would block the process. It runs one task at a time. */
export interface Thread<Task, Value> {
  /**
   * Runs a task. Rejects with an `Error` that says why it failed, with the properties of the thread's error (`code` and so on). A task
   * whose signal aborts while it waits is never started.
   */
  readonly run: (task: Task, signal?: AbortSignal) => Promise<Value>;
  /** Ends the thread; waiting and running tasks fail. */
  readonly end: () => Promise<void>;
}

/** Time limit for loading the module, in milliseconds. */
const START_MS = 5000;

interface Waiting<Task> {
  readonly task: Task;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** The thread starts with its first task, and again with the next one after it was ended. It does not keep the process alive. */
export function createThread<Task, Value>(settings: ThreadSettings): Thread<Task, Value> {
  const waiting: Waiting<Task>[] = [];
  let worker: Worker | undefined;
  let isReady = false;
  let current: Waiting<Task> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const end = async (failure: string): Promise<void> => {
    clearTimeout(timer);
    const [ended, before] = [current, worker];
    // A thread that never became ready would fail again: the waiting tasks fail too.
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
      // Do not repeat warnings about the process's options.
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
        if ("failure" in answer) done?.reject(Object.assign(errorNamed(answer.failure), answer.failure));
        else done?.resolve(answer.value as never);
      }
      next();
    });
    started.on("error", (error) => {
      if (started === worker) void end(`it exceeded its memory limit, or failed: ${error.message}`);
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
        waiting.shift()!.reject(new Error("it was cancelled before it started"));
        continue;
      }
      worker ??= start();
      if (!isReady) return;
      current = waiting.shift()!;
      try {
        worker.postMessage(current.task);
        timer = setTimeout(() => void end("it exceeded its time limit"), settings.maxMs);
      } catch (error) {
        current.reject(error as Error);
        current = undefined;
      }
    }
  }
  return {
    run: (task, signal) => {
      if (waiting.length >= settings.maxWaiting) return Promise.reject(new Error("too many others are waiting"));
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

const KINDS: Readonly<Record<string, ErrorConstructor>> = { TypeError, RangeError, ReferenceError, SyntaxError };

/** An error of the same kind as the thread's: callers tell faults of the program from others by it. */
const errorNamed = ({ name, message }: Readonly<Record<string, unknown>> & { readonly message: string }): Error =>
  new (KINDS[String(name)] ?? Error)(message);

/** Answers a thread's tasks, in the module that it runs; `port` is the module's `parentPort`. */
export function answerTasks<Task>(port: MessagePort, answer: (task: Task) => unknown): void {
  port.on("message", async (task: Task) => {
    try {
      port.postMessage({ value: await answer(task) });
    } catch (error) {
      const { message, name, ...more } = error as Error & Record<string, unknown>;
      port.postMessage({ failure: { ...more, name: String(name), message: String(message ?? error) } });
    }
  });
  port.postMessage("ready");
}
