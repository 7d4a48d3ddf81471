import { ConnectorError } from "../../src/connector/error.ts";
import type { Answer } from "../../src/connector/http.ts";
import { readTwice } from "../../src/connector/kit/retry.ts";
import type { Expression } from "../../src/expression/compile.ts";
import type { Call } from "../../src/http/call.ts";
import type { Client } from "../../src/http/client.ts";
import type { Scope, Step, Template } from "./calls.ts";
import type { Judge } from "./failures.ts";

/** An API: makes calls and interprets failures. */
export interface Api {
  /** Makes a call that reads, whatever its method. Rejects if the response is a failure. */
  readonly ask: (template: Template, scope: Scope, signal: AbortSignal) => Promise<Answer>;
  readonly read: (call: Call, signal: AbortSignal) => Promise<Answer>;
  /** Makes calls one after another. If one fails, the previous ones are undone in reverse order. */
  readonly inTurn: (steps: readonly Step[], turn: Turn, signal: AbortSignal) => Promise<void>;
}

/** The variables of a sequence of calls. */
export interface Turn {
  readonly input: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Called with the first response. Returns variables for the later calls and for undo calls. */
  readonly learnt?: (first: Answer) => Promise<Readonly<Record<string, unknown>>>;
  /** Identifies the client's request, also when it is repeated. With the number of the call it becomes the idempotency key. */
  readonly requestKey?: string | undefined;
  /** Undoes calls that have no `undo` of their own. */
  readonly otherwise?: readonly Template[] | undefined;
}

/** An API whose failures `judge` interprets. */
export function apiOf(client: Client, judge: Judge): Api {
  const send = async (call: Call, signal: AbortSignal): Promise<Answer> => {
    const answer = await client.call(call, signal);
    const failure = await judge(answer, call);
    if (failure) throw failure;
    return answer;
  };
  /** Makes a call. Reports whether it changed anything: reads and accepted failures did not. */
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
      // An entry that is already as requested may need no calls.
      if (number === 0 && steps.length > 0 && !steps.some(({ dependsOnEntry }) => dependsOnEntry))
        throw new ConnectorError(
          "invalid",
          "The connector has no call for this change: every `when` is false. Nothing was changed.",
        );
    },
  };
}

/** The call succeeded, even if its response cannot be interpreted. */
function tellMade(error: Error): never {
  throw new ConnectorError("unavailable", `${error.message} The call itself succeeded.`, { cause: error });
}

/** Time limit for undoing, in milliseconds. The request's own time may have run out. */
export const UNDO_MS = 3000;

/** A call that changed something, and how to undo it. */
interface Done {
  readonly undo: readonly Template[];
  readonly scope: Scope;
  /** The number of the call, from 1. */
  readonly number: number;
}

/** Undoes calls. The error lists what could not be undone. */
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
        remains.push(`call ${number} could not be undone: ${(problem as Error).message}`);
      }
    }
  }
  if (!(error instanceof ConnectorError)) return error;
  const fate =
    remains.length === 0 ? "the previous calls were undone" : `earlier changes remain: ${remains.join("; ")}`;
  const { kind, attr, retryAfter, message } = error;
  const detail = `${message} This was call ${failed} of several; ${fate}.`;
  const mayHaveHappened = error.mayHaveHappened || remains.length > 0;
  return new ConnectorError(kind, detail, { attr, retryAfter, mayHaveHappened, cause: error });
}

/** Evaluates an expression over a response. Missing values are undefined; errors are attributed to the API's response. */
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
      `The API's response does not match the connector's configuration: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
