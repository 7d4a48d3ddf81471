import { judge } from "../findings/index.ts";
import type { CycleSummary, Exchange, Observation, Purpose, Quarantine, Trace } from "../report-data.ts";
import type { PurposeTimes, ReportData, Times } from "./data.ts";
import { addFindings, addObservation, addQuarantine, type FoundSoFar, foundOf, nothingFound } from "./found.ts";
import { emptyHistogram, type Histogram, percentiles, record } from "./histogram.ts";
import { addCycle, type JobHistory, statusOf } from "./status.ts";
import { addToTimeline, emptyTimeline, type Timeline, timelineOf } from "./timeline.ts";
import { addTrace, emptyTraces, objectsOf, type Traces } from "./traces.ts";

/** Maximum number of cycles kept, the newest. */
const CYCLES = 500;
/** The format of snapshots of this version. */
const FORMAT = 1;

interface Sent {
  failures: number;
  readonly times: Histogram;
  readonly statuses: Record<string, number>;
}

/** A collector's content, as stored in JSON. */
export interface CollectorSnapshot {
  readonly format: number;
  readonly total: Sent;
  readonly purposes: Partial<Record<Purpose, Sent>>;
  readonly timeline: Timeline;
  readonly found: FoundSoFar;
  readonly traces: Traces;
  readonly history: JobHistory;
  readonly cycles: CycleSummary[];
  cyclesLeftOut: number;
}

/** Collects what the engine reports, and keeps what a report needs. Its memory does not grow with people or requests. */
export interface Collector {
  /** Called once for each request that was sent. */
  exchange(exchange: Exchange): void;
  trace(trace: Trace): void;
  observation(observation: Observation): void;
  cycle(cycle: CycleSummary): void;
  /** The job's current quarantine; undefined when it has left it. */
  quarantine(quarantine: Quarantine | undefined): void;
  report(): ReportData;
  /** A copy of the content, for a later command. */
  snapshot(): CollectorSnapshot;
}

const emptySent = (): Sent => ({ failures: 0, times: emptyHistogram(), statuses: {} });

const empty = (): CollectorSnapshot => ({
  ...{ format: FORMAT, total: emptySent(), purposes: {}, timeline: emptyTimeline(), found: nothingFound() },
  ...{ traces: emptyTraces(), history: { failures: 0 }, cycles: [], cyclesLeftOut: 0 },
});

/**
 * Makes a collector, continuing from a snapshot if there is one. `now` is a clock in milliseconds, for requests over time. Throws for a
 * snapshot of another version.
 */
export function createCollector(snapshot?: CollectorSnapshot, now: () => number = () => performance.now()): Collector {
  if (snapshot && snapshot.format !== FORMAT)
    throw new Error(
      `The saved report has format ${snapshot.format}, but this version of Postern reads ${FORMAT}. Use a new state folder, or the version that saved it.`,
    );
  const state = snapshot ? structuredClone(snapshot) : empty();
  const before = state.timeline.elapsedMs;
  /** When this command sent its first request. */
  let startedAt: number | undefined;
  return {
    exchange: (exchange) => {
      startedAt ??= now() - exchange.tookMs;
      addSent(state, exchange, before + now() - startedAt);
      const ids = judge(exchange);
      if (ids.length > 0) addFindings(state.found, ids, exchange);
    },
    trace: (trace) => addTrace(state.traces, trace),
    observation: (observation) => addObservation(state.found, observation),
    cycle: (cycle) => {
      addCycle(state.history, cycle);
      state.cycles.push(cycle);
      state.cyclesLeftOut += state.cycles.splice(0, Math.max(0, state.cycles.length - CYCLES)).length;
    },
    quarantine: (quarantine) => {
      if (quarantine) {
        state.history.quarantine = quarantine;
        addQuarantine(state.found, quarantine);
      } else delete state.history.quarantine;
    },
    report: () => structuredClone(reportOf(state)),
    snapshot: () => structuredClone(state),
  };
}

/** Reports whether a request did not get what Entra needs. A read may find nothing. */
const isFailure = ({ purpose, answer }: Exchange): boolean =>
  !answer || (answer.status >= 300 && !(answer.status === 404 && (purpose === "verify" || purpose === "delete")));

function addSent(state: CollectorSnapshot, exchange: Exchange, at: number): void {
  const { purpose, tookMs, answer } = exchange;
  const isFailed = isFailure(exchange);
  state.purposes[purpose] ??= emptySent();
  for (const sent of [state.total, state.purposes[purpose]]) {
    record(sent.times, tookMs);
    if (isFailed) sent.failures++;
    const status = answer ? String(answer.status) : "no answer";
    sent.statuses[status] = (sent.statuses[status] ?? 0) + 1;
  }
  addToTimeline(state.timeline, at, tookMs, isFailed);
}

function timesOf({ failures, times }: Sent): Times {
  const [p50Ms, p95Ms, p99Ms] = percentiles(times, [0.5, 0.95, 0.99]) as [number, number, number];
  const meanMs = times.count === 0 ? 0 : times.sum / times.count;
  return { requests: times.count, failures, meanMs, p50Ms, p95Ms, p99Ms, maxMs: times.max };
}

function reportOf(state: CollectorSnapshot): ReportData {
  const timeline = timelineOf(state.timeline);
  const seconds = state.timeline.elapsedMs / 1000;
  const purposes = Object.entries(state.purposes).map(
    ([purpose, sent]): PurposeTimes => ({ purpose: purpose as Purpose, ...timesOf(sent), statuses: sent.statuses }),
  );
  return {
    status: statusOf(state.history),
    total: {
      ...timesOf(state.total),
      seconds,
      perSecond: seconds > 0 ? state.total.times.count / seconds : 0,
      peakPerSecond: Math.max(0, ...timeline.points.map(({ perSecond }) => perSecond)),
    },
    purposes: purposes.sort((a, b) => b.requests - a.requests),
    timeline,
    ...foundOf(state.found),
    cycles: state.cycles,
    cyclesLeftOut: state.cyclesLeftOut,
    objects: objectsOf(state.traces),
  };
}
