import type { Check, Described, NotAsked } from "./check.ts";
import type { Left } from "./ledger.ts";
import { Finding, NoAnswer, Skip } from "./outcome.ts";
import type { Session } from "./session.ts";
import type { Exchange } from "./transport.ts";

/** How a check ended. `warned` is a finding of a check that is not a `must`. */
export type Status = "passed" | "failed" | "warned" | "skipped";

/** What became of a check. */
export interface Result {
  readonly check: Described & Partial<Pick<Check, "fix" | "postern">>;
  readonly status: Status;
  /** What was found, or why the check was skipped. */
  readonly message?: string;
  /** True if the check was skipped because something that it needs failed. */
  readonly isBlocked?: boolean;
  readonly exchanges: readonly Exchange[];
  readonly tookMs: number;
}

/** What a run found. */
export interface Validation {
  readonly url: string;
  /** When it began, ISO 8601. */
  readonly startedAt: string;
  readonly tookMs: number;
  readonly results: readonly Result[];
  /** What was made and could not be deleted, and what may have been made. */
  readonly left: readonly Left[];
  /** Why the run ended early, if it did. */
  readonly stopped?: string;
}

/** Runs one check. Rejects only with what aborted the run. */
export async function runCheck(check: Check, session: Session): Promise<Result> {
  const started = performance.now();
  session.takeExchanges();
  const result = (status: Status, more: Partial<Result> = {}): Result => ({
    check,
    status,
    ...more,
    exchanges: session.takeExchanges(),
    tookMs: Math.round(performance.now() - started),
  });
  try {
    await check.run(session);
    return result("passed");
  } catch (error) {
    if (error instanceof Skip) return result("skipped", { message: error.message, isBlocked: error.isBlocked });
    if (error instanceof DOMException) throw error;
    // Endpoints answer in shapes that nobody foresees: a check that stumbles over one must not end the run.
    if (!(error instanceof Finding) && !(error instanceof NoAnswer))
      return result("failed", { message: `The answers could not be understood: ${(error as Error).message}` });
    const isWarning = check.severity !== "must" && error instanceof Finding;
    return result(isWarning ? "warned" : "failed", { message: error.message });
  }
}

/** Ends a run after so many checks in a row that got no answer. */
const MAX_SILENT = 3;

/** What a run is given besides its session. */
export interface RunOptions {
  readonly notAsked?: readonly NotAsked[];
  readonly signal?: AbortSignal | undefined;
  /** Called after each check. */
  readonly onResult?: (result: Result) => void;
}

/** Runs checks one after the other and deletes what they made, also if the run is aborted or a check breaks. */
export async function validate(
  checks: readonly Check[],
  session: Session,
  { notAsked = [], signal, onResult = () => {} }: RunOptions = {},
): Promise<Validation> {
  const startedAt = new Date();
  const results: Result[] = [];
  const add = (result: Result) => {
    results.push(result);
    onResult(result);
  };
  let stopped: string | undefined;
  let left: readonly Left[] = [];
  let silent = 0;
  try {
    for (const check of checks) {
      if (stopped !== undefined) break;
      const result = await runCheck(check, session);
      add(result);
      silent = result.exchanges.some(({ failure }) => failure !== undefined) ? silent + 1 : 0;
      if (silent === MAX_SILENT) stopped = `The endpoint no longer answers: ${result.message}`;
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
    stopped = "The run was cancelled.";
  } finally {
    left = await session.cleanUp();
  }
  const reason = stopped ?? "";
  for (const check of checks.slice(results.length))
    add({ check, status: "skipped", message: reason, isBlocked: true, exchanges: [], tookMs: 0 });
  for (const { notAsked: message, ...check } of notAsked)
    add({ check, status: "skipped", message: `Not asked here: ${message}`, exchanges: [], tookMs: 0 });
  return {
    url: session.target.url,
    startedAt: startedAt.toISOString(),
    tookMs: Date.now() - startedAt.getTime(),
    results,
    left,
    ...(stopped !== undefined && { stopped }),
  };
}

/** How many results there are of each status. */
export const countOf = ({ results }: Pick<Validation, "results">): Readonly<Record<Status, number>> => ({
  passed: results.filter(({ status }) => status === "passed").length,
  failed: results.filter(({ status }) => status === "failed").length,
  warned: results.filter(({ status }) => status === "warned").length,
  skipped: results.filter(({ status }) => status === "skipped").length,
});

/** Whether nothing failed, nothing was blocked or cut short, and nothing is left behind. */
export const isSuccess = ({ results, left, stopped }: Validation): boolean =>
  stopped === undefined &&
  left.length === 0 &&
  !results.some((each) => each.status === "failed" || each.isBlocked === true);
