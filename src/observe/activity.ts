import { createSeries, type Series } from "./series.ts";

/** A circuit breaker's state. */
export type BreakerState = "closed" | "open" | "halfOpen";

/** A change of a circuit breaker's state. */
export interface BreakerChange {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly state: BreakerState;
}

/** What this process did lately, for the console. Its memory doesn't grow with the number of requests. */
export interface Activity {
  /** When the process started, in milliseconds since 1970. */
  readonly started: number;
  /** Requests by route. */
  readonly requests: Series;
  /** Connector calls of the last hour, by `callName`. */
  readonly calls: Series;
  /** Called when a connector's call fails by its backend's fault. */
  readonly callFailed: (connector: string, reason: string) => void;
  /** The last such failure of a connector. */
  readonly lastFailure: (connector: string) => { readonly at: number; readonly reason: string } | undefined;
  readonly breakerChanged: (breaker: string, state: BreakerState) => void;
  /** The last changes of a circuit breaker, latest first. Empty if it was always closed. */
  readonly breaker: (breaker: string) => readonly BreakerChange[];
  /** Called when the journal loses entries. */
  readonly journalLost: (count: number, reason: string) => void;
  /** The entries that the journal lost since the start, and when and why it last did; undefined if it lost none. */
  readonly lost: () => { readonly at: number; readonly reason: string; readonly count: number } | undefined;
}

const MAX_CHANGES = 20;
const MAX_BREAKERS = 200;
/** How long a reason may be, in characters. */
const MAX_REASON = 1000;

/** The name under which the calls of a connector's operation are counted. */
export const callName = (connector: string, operation: string): string => `${connector}\0${operation}`;

/** Starts with nothing. */
export function createActivity(now: () => number = Date.now): Activity {
  const breakers = new Map<string, readonly BreakerChange[]>();
  const failures = new Map<string, { readonly at: number; readonly reason: string }>();
  let lost: ReturnType<Activity["lost"]>;
  return {
    started: now(),
    requests: createSeries(),
    calls: createSeries({ names: 64, spans: ["hour"] }),
    callFailed: (connector, reason) => {
      if (failures.has(connector) || failures.size < MAX_BREAKERS)
        failures.set(connector, { at: now(), reason: reason.slice(0, MAX_REASON) });
    },
    lastFailure: (connector) => failures.get(connector),
    breakerChanged: (breaker, state) => {
      const before = breakers.get(breaker) ?? [];
      if (before.length === 0 && breakers.size >= MAX_BREAKERS) return;
      breakers.set(breaker, [{ at: now(), state }, ...before].slice(0, MAX_CHANGES));
    },
    breaker: (breaker) => breakers.get(breaker) ?? [],
    journalLost: (count, reason) => {
      lost = { at: now(), reason, count: count + (lost?.count ?? 0) };
    },
    lost: () => lost,
  };
}
