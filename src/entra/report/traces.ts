import type { Trace } from "../report-data.ts";
import type { KeptTrace, ReportData } from "./data.ts";
import { keepTrace } from "./kept.ts";
import { emptySample, offer, type Sample } from "./sample.ts";

/** Maximum number of traces kept, by category. */
export const KEPT = { failed: 400, slowest: 40, others: 120 } as const;

/** A trace with its sequence number. */
interface Placed {
  readonly place: number;
  readonly trace: KeptTrace;
}

/** The kept traces. Plain data. */
export interface Traces {
  total: number;
  failed: number;
  readonly counts: Record<string, number>;
  readonly failures: Sample<Placed>;
  readonly others: Sample<Placed>;
  /** Slowest first. */
  slowest: Placed[];
}

/** No traces yet. */
export const emptyTraces = (): Traces => ({
  ...{ total: 0, failed: 0, counts: {} },
  ...{ failures: emptySample(), others: emptySample(), slowest: [] },
});

/** Counts a trace, and keeps it if it failed, is among the slowest, or is sampled. */
export function addTrace(traces: Traces, trace: Trace): void {
  const place = traces.total++;
  const count = `${trace.action} ${trace.status}`;
  traces.counts[count] = (traces.counts[count] ?? 0) + 1;
  const placed = (): Placed => ({ place, trace: keepTrace(trace) });
  const slowest = traces.slowest.at(-1);
  if (trace.status === "failure") {
    traces.failed++;
    offer(traces.failures, KEPT.failed, placed);
  } else if (slowest && traces.slowest.length >= KEPT.slowest && trace.tookMs <= slowest.trace.tookMs)
    offer(traces.others, KEPT.others, placed);
  else {
    traces.slowest.push(placed());
    traces.slowest.sort((a, b) => b.trace.tookMs - a.trace.tookMs);
    // A trace that is no longer among the slowest may be sampled.
    for (const each of traces.slowest.splice(KEPT.slowest)) offer(traces.others, KEPT.others, () => each);
  }
}

/** The report's view of objects. */
export function objectsOf(traces: Traces): ReportData["objects"] {
  const failures = traces.failures.items.map(({ value }) => value);
  const kept = [...failures, ...traces.slowest, ...traces.others.items.map(({ value }) => value)];
  return {
    counts: { ...traces.counts },
    total: traces.total,
    failed: traces.failed,
    traces: kept.sort((a, b) => a.place - b.place).map(({ trace }) => trace),
    leftOut: traces.total - kept.length,
    failedLeftOut: traces.failed - failures.length,
  };
}
