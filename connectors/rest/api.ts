import { ConnectorError } from "../../src/connector/error.ts";
import type { Answer } from "../../src/connector/http.ts";
import { readTwice } from "../../src/connector/kit/retry.ts";
import type { Expression } from "../../src/expression/compile.ts";
import type { Call } from "../../src/http/call.ts";
import type { Client } from "../../src/http/client.ts";
import type { Scope, Step, Template } from "./calls.ts";
import type { Judge } from "./failures.ts";

/** The API: calls that are answered, and failures that are understood. */
export interface Api {
  /** Makes a call that reads, whatever its method. Rejects where its answer is a failure. */
  readonly ask: (template: Template, scope: Scope, signal: AbortSignal) => Promise<Answer>;
  readonly read: (call: Call, signal: AbortSignal) => Promise<Answer>;
  /** Makes calls in turn; where one fails those before it are taken back, the last first. */
  readonly inTurn: (steps: readonly Step[], turn: Turn, signal: AbortSignal) => Promise<void>;
}

/** What calls in turn are made over. */
export interface Turn {
  readonly input: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Called with the first answer; gives further variables for the calls after it, and for those that undo. */
  readonly learnt?: (first: Answer) => Promise<Readonly<Record<string, unknown>>>;
  /** What is the same each time the client's request comes: with the call's number it is the call's idempotency key. */
  readonly requestKey?: string | undefined;
  /** Takes back what has no `undo` of its own. */
  readonly otherwise?: readonly Template[] | undefined;
}

/** An API whose failures `judge` knows. */
export function apiOf(client: Client, judge: Judge): Api {
  const send = async (call: Call, signal: AbortSignal): Promise<Answer> => {
    const answer = await client.call(call, signal);
    const failure = await judge(answer, call);
    if (failure) throw failure;
    return answer;
  };
  /** Makes a call; says whether it did something, which a look at the API, or a failure that is accepted, did not. */
  const made = async (
    step: Step,
    scope: Scope,
    signal: AbortSignal,
    repeatKey: string | undefined,
  ): Promise<{ answer: Answer; isDone: boolean }> => {
    const call = { ...(await step.call(scope)), repeatKey };
    const answer = await client.call(call, signal);
    const failure = await judge(answer, call);
    if (!failure) return { answer, isDone: call.method !== "GET" };
    const { status, headers, body } = answer;
    const isAccepted = await step.accept?.({ input: body, variables: { ...scope.variables, status, headers } });
    if (isAccepted) return { answer, isDone: false };
    throw failure;
  };
  const read = (call: Call, signal: AbortSignal) => readTwice(() => send(call, signal), signal);
  return {
    read,
    ask: async (template, scope, signal) => read(await template.call(scope), signal),
    inTurn: async (steps, { input, variables, learnt, otherwise, requestKey }, signal) => {
      const answers: unknown[] = [];
      const done: Done[] = [];
      let known = variables;
      let number = 0;
      for (const step of steps) {
        const scope = { input, variables: { ...known, answers } };
        try {
          if (step.when && !(await step.when(scope))) {
            answers.push(undefined);
            continue;
          }
          number++;
          const repeatKey = requestKey === undefined ? undefined : `${requestKey}-${number}`;
          const { answer, isDone } = await made(step, scope, signal, repeatKey);
          answers.push(answer.body);
          if (!isDone) continue;
          if (learnt && done.length === 0) known = { ...known, ...(await learnt(answer).catch(tellMade)) };
          const undo = step.undo ? [step.undo] : done.length === 0 ? (otherwise ?? []) : [];
          done.push({ undo, scope: { input, variables: { ...known, answers, answer: answer.body } }, number });
        } catch (error) {
          throw await takenBack(error, done, number, send);
        }
      }
      // Of an entry that is as it should be nothing may have to be asked.
      if (number === 0 && steps.length > 0 && !steps.some(({ dependsOnEntry }) => dependsOnEntry))
        throw new ConnectorError(
          "invalid",
          "The connector has no call for this: the `when` of each one is false, so that nothing was changed.",
        );
    },
  };
}

/** What was made, but cannot be told from the answer, is there all the same. */
function tellMade(error: Error): never {
  throw new ConnectorError("unavailable", `${error.message} What the call made is there now.`, { cause: error });
}

/** How long taking back may take after a failure, in milliseconds: the request's own time may be over. */
export const UNDO_MS = 3000;

/** A call that did something, and what takes it back. */
interface Done {
  readonly undo: readonly Template[];
  readonly scope: Scope;
  /** Which of the calls it was, from 1. */
  readonly number: number;
}

/** Takes back what was done; what cannot be is said in the failure. */
async function takenBack(
  error: unknown,
  done: readonly Done[],
  failed: number,
  send: (call: Call, signal: AbortSignal) => Promise<Answer>,
): Promise<unknown> {
  if (done.length === 0) return error;
  const signal = AbortSignal.timeout(UNDO_MS);
  const remains: string[] = [];
  for (const { undo, scope, number } of done.toReversed()) {
    if (undo.length === 0) remains.push(`call ${number} has no undo`);
    for (const each of undo) {
      try {
        await send(await each.call(scope), signal);
      } catch (problem) {
        remains.push(`call ${number} could not be taken back: ${(problem as Error).message}`);
      }
    }
  }
  if (!(error instanceof ConnectorError)) return error;
  const fate =
    remains.length === 0
      ? "what was done before it was taken back"
      : `what was done before it is left: ${remains.join("; ")}`;
  const { kind, attr, retryAfter, message } = error;
  const detail = `${message} This was call ${failed} of several: ${fate}.`;
  const mayHaveHappened = error.mayHaveHappened || remains.length > 0;
  return new ConnectorError(kind, detail, { attr, retryAfter, mayHaveHappened, cause: error });
}

/** Evaluates over an answer. What is not there is undefined; what fails is the API's answer's fault. */
export async function readFrom(
  expression: Expression,
  { body, headers, status }: Answer,
  more: Record<string, unknown> = {},
) {
  try {
    return await expression.evaluate(body, { ...more, headers, status });
  } catch (error) {
    throw new ConnectorError(
      "unavailable",
      `The API's answer is not what the connector is told: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
