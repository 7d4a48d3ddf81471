import { parentPort } from "node:worker_threads";
import type jsonata from "jsonata";
import { answerTasks } from "../thread/thread.ts";
import type { Task } from "./evaluator.ts";
import { build, plain } from "./jsonata.ts";

/** The thread for expressions that may take long: see `evaluator.ts`. */
const MAX_KEPT = 500;
const compiled = new Map<string, jsonata.Expression>();

function expressionOf(source: string): jsonata.Expression {
  const known = compiled.get(source) ?? build(source);
  compiled.delete(source);
  compiled.set(source, known);
  if (compiled.size > MAX_KEPT) compiled.delete(compiled.keys().next().value!);
  return known;
}

answerTasks(parentPort!, async ({ source, input, bindings }: Task) =>
  plain(await expressionOf(source).evaluate(input, { ...bindings })),
);
