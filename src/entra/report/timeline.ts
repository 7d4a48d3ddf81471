import type { ReportData } from "./data.ts";
import { add, emptyHistogram, type Histogram, percentiles, record } from "./histogram.ts";

/** Maximum number of periods in a timeline. */
export const POINTS = 120;
const FIRST_WIDTH_MS = 1000;

/** A period. */
interface Point {
  failures: number;
  readonly times: Histogram;
}

/** Requests over time, in periods that double in length as time goes on. Plain data. */
export interface Timeline {
  widthMs: number;
  points: Point[];
  /** Milliseconds of sending, over all commands. */
  elapsedMs: number;
}

/** An empty timeline. */
export const emptyTimeline = (): Timeline => ({ widthMs: FIRST_WIDTH_MS, points: [], elapsedMs: 0 });

const emptyPoint = (): Point => ({ failures: 0, times: emptyHistogram() });

/** Counts a request that was answered the given number of milliseconds after the start. */
export function addToTimeline(timeline: Timeline, at: number, tookMs: number, isFailure: boolean): void {
  timeline.elapsedMs = Math.max(timeline.elapsedMs, at);
  while (at / timeline.widthMs >= POINTS) merge(timeline);
  const index = Math.max(0, Math.floor(at / timeline.widthMs));
  while (timeline.points.length <= index) timeline.points.push(emptyPoint());
  const point = timeline.points[index]!;
  record(point.times, tookMs);
  if (isFailure) point.failures++;
}

/** Merges pairs of periods. */
function merge(timeline: Timeline): void {
  const merged: Point[] = [];
  for (const [index, point] of timeline.points.entries()) {
    const into = merged[index >> 1];
    if (into) {
      add(into.times, point.times);
      into.failures += point.failures;
    } else merged.push(point);
  }
  timeline.points = merged;
  timeline.widthMs *= 2;
}

/** The report's view of the timeline. */
export function timelineOf({ widthMs, points, elapsedMs }: Timeline): ReportData["timeline"] {
  return {
    bucketSeconds: widthMs / 1000,
    points: points.map(({ failures, times }, index) => {
      // The last period is not over yet.
      const seconds = Math.max(Math.min(widthMs, elapsedMs - index * widthMs), FIRST_WIDTH_MS) / 1000;
      const [p50Ms, p95Ms] = percentiles(times, [0.5, 0.95]) as [number, number];
      const fromSeconds = (index * widthMs) / 1000;
      return { fromSeconds, requests: times.count, perSecond: times.count / seconds, failures, p50Ms, p95Ms };
    }),
  };
}
