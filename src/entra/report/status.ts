import type { CycleSummary, Quarantine } from "../report-data.ts";
import type { Execution, SynchronizationStatus } from "./data.ts";

/** What the job's status needs to know about cycles. Plain data. */
export interface JobHistory {
  failures: number;
  last?: CycleSummary;
  lastSuccessful?: CycleSummary;
  lastWithExports?: CycleSummary;
  steadyFirst?: number;
  steadyLast?: number;
  quarantine?: Quarantine;
}

/** Records a cycle. Runs on demand and discoveries are not cycles of the job. */
export function addCycle(history: JobHistory, cycle: CycleSummary): void {
  if (cycle.kind === "on demand" || cycle.kind === "discovery") return;
  history.last = cycle;
  history.failures = cycle.state === "Failed" ? history.failures + 1 : 0;
  if (cycle.state === "Failed") return;
  history.steadyFirst ??= cycle.timeEnded;
  history.steadyLast = cycle.timeEnded;
  if (cycle.state !== "Succeeded") return;
  history.lastSuccessful = cycle;
  if (cycle.countExports > 0) history.lastWithExports = cycle;
}

const iso = (at: number): string => new Date(at).toISOString();

function executionOf(cycle: CycleSummary): Execution {
  const { state, countImported, countEntitled, countExported, countExports, countEscrowed, countEscrowedRaw } = cycle;
  return {
    state,
    timeBegan: iso(cycle.timeBegan),
    timeEnded: iso(cycle.timeEnded),
    ...{ countImported, countEntitled, countExported, countExports, countEscrowed, countEscrowedRaw },
    ...(cycle.error && { error: cycle.error }),
  };
}

/** The job's status with Graph's names. */
export function statusOf(history: JobHistory): SynchronizationStatus {
  const { failures, last, lastSuccessful, lastWithExports, steadyFirst, steadyLast, quarantine } = history;
  return {
    code: quarantine ? "Quarantine" : last ? "Active" : "NotRun",
    countSuccessiveCompleteFailures: failures,
    ...(last && { lastExecution: executionOf(last) }),
    ...(lastSuccessful && { lastSuccessfulExecution: executionOf(lastSuccessful) }),
    ...(lastWithExports && { lastSuccessfulExecutionWithExports: executionOf(lastWithExports) }),
    ...(steadyFirst !== undefined && { steadyStateFirstAchievedTime: iso(steadyFirst) }),
    ...(steadyLast !== undefined && { steadyStateLastAchievedTime: iso(steadyLast) }),
    ...(quarantine && {
      quarantine: {
        ...quarantine,
        currentBegan: iso(quarantine.currentBegan),
        seriesBegan: iso(quarantine.seriesBegan),
        nextAttempt: iso(quarantine.nextAttempt),
      },
    }),
  };
}
