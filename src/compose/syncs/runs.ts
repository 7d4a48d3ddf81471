import type { AuditTrail } from "../../sink/trail.ts";
import { recordBefore } from "../recorded-acts.ts";
import type { NamedReport, RunWish, Scheduler } from "./syncs.ts";

/** A run that somebody asks for. */
export interface AskedRun {
  readonly sync: string;
  readonly by: string;
  readonly wish: RunWish;
}

/**
 * Runs a sync as the act of an operator: recorded once the run has the sync to itself and before it does anything, and again when it has
 * ended. `began` is called in between. Rejects with a `BusyError` if it cannot run, with an `OtherTargetError` if others than its targets
 * were said to be the same, and with an `UnrecordedError` if it cannot be recorded.
 */
export async function runRecorded(
  { run }: Pick<Scheduler, "run">,
  audit: AuditTrail | undefined,
  { sync, by, wish }: AskedRun,
  began: () => void = () => {},
): Promise<NamedReport> {
  const { cause: _, same, ...asked } = wish;
  const isAsked = Object.fromEntries(Object.entries(asked).filter(([, is]) => is === true));
  const about = { sync, by, ...isAsked, ...(same && { same }) };
  let record: { readonly intent: string | undefined } | undefined;
  const ended = (result: object) => audit?.outcome({ event: "ran", ...about, ...record, ...result });
  try {
    const report = await run(sync, wish, async () => {
      record = { intent: await recordBefore(audit, { event: "run", ...about }) };
      began();
    });
    const { run: number, outcome, counts, held, error } = report;
    await ended({ run: number, result: outcome, counts, held, ...(error !== undefined && { error }) });
    return report;
  } catch (error) {
    if (record) await ended({ result: "failed", error: (error as Error).message });
    throw error;
  }
}
