import { extname } from "node:path";
import { Worker } from "node:worker_threads";

/** An evaluation that is given to the worker. */
export interface Task {
  readonly id: number;
  readonly source: string;
  readonly input: unknown;
  readonly bindings: Readonly<Record<string, unknown>>;
}

/** What the worker answers. */
export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: string };

/** How long an evaluation may run before its worker is ended, in milliseconds. */
const MAX_MS = 300;
/** Loading what evaluates takes its time, in milliseconds. */
const START_MS = 5000;
/** How many evaluations wait at most. */
const MAX_WAITING = 256;
/** The memory that evaluations may take, in megabytes: beyond it the worker ends, and nothing else. */
const MAX_MB = 128;

interface Waiting {
  readonly task: Task;
  readonly settle: (answer: Answer) => void;
}

/**
 * Evaluates expressions on a thread of its own, one after the other. JSONata looks at the time between its steps, and some steps
 * take long by themselves: here one that does not end is ended, and nobody else waits for it.
 */
function createEvaluator() {
  const waiting: Waiting[] = [];
  let worker: Worker | undefined;
  let isReady = false;
  let current: Waiting | undefined;
  let timer: NodeJS.Timeout | undefined;
  let last = 0;

  const end = (failure: string) => {
    clearTimeout(timer);
    const ended = current;
    current = undefined;
    const before = worker;
    worker = undefined;
    isReady = false;
    void before?.terminate();
    if (ended) ended.settle({ id: ended.task.id, failure });
    next();
  };
  const start = (): Worker => {
    const started = new Worker(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: MAX_MB },
      // Warnings about how the process was started are not the worker's to repeat.
      execArgv: [],
    });
    started.unref();
    started.on("message", (answer: Answer | "ready") => {
      if (started !== worker) return;
      if (answer === "ready") isReady = true;
      else {
        const done = current;
        current = undefined;
        done?.settle(answer);
      }
      clearTimeout(timer);
      next();
    });
    started.on("error", (error) => {
      if (started === worker) end(`it took more memory than it may, or failed: ${error.message}`);
    });
    timer = setTimeout(() => end("what evaluates expressions does not start"), START_MS).unref();
    return started;
  };
  function next(): void {
    if (current || waiting.length === 0) return;
    worker ??= start();
    if (!isReady) return;
    current = waiting.shift()!;
    worker.postMessage(current.task);
    timer = setTimeout(() => end("it took longer than it may"), MAX_MS);
  }
  return {
    /** Evaluates. Rejects with an `Error` that says why it could not. */
    run: (source: string, input: unknown, bindings: Readonly<Record<string, unknown>>): Promise<unknown> => {
      if (waiting.length >= MAX_WAITING) return Promise.reject(new Error("too many wait to be evaluated"));
      return new Promise((resolve, reject) => {
        const settle = (answer: Answer) =>
          "failure" in answer ? reject(new Error(answer.failure)) : resolve(answer.value);
        waiting.push({ task: { id: ++last, source, input, bindings }, settle });
        next();
      });
    },
  };
}

let evaluator: ReturnType<typeof createEvaluator> | undefined;

/** Evaluates on the process's one worker, which is started when it is needed first. */
export const evaluateApart: ReturnType<typeof createEvaluator>["run"] = (...task) => {
  evaluator ??= createEvaluator();
  return evaluator.run(...task);
};
