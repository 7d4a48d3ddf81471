import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** What is counted, for Prometheus. Names and labels are part of what operators build on: see docs/guides/monitoring.md. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  // These include event loop delay, memory and garbage collection.
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: "postern_request_seconds",
    help: "Request duration in seconds, by route, operation and status.",
    labelNames: ["route", "operation", "status"],
    buckets: SECONDS,
    registers,
  });
  const inFlight = new Gauge({
    name: "postern_requests_in_flight",
    help: "Requests in flight.",
    registers,
  });
  const calls = new Histogram({
    name: "postern_backend_seconds",
    help: "Duration of connector calls in seconds, by operation and result, including time spent in the queue.",
    labelNames: ["connector", "operation", "result"],
    buckets: SECONDS,
    registers,
  });
  const running = new Gauge({
    name: "postern_backend_running",
    help: "Connector calls in progress.",
    labelNames: ["connector"],
    registers,
  });
  const waiting = new Gauge({
    name: "postern_backend_waiting",
    help: "Connector calls waiting in the queue.",
    labelNames: ["connector"],
    registers,
  });
  const breaker = new Gauge({
    name: "postern_breaker_open",
    help: "Circuit breaker: 1 while open, 0.5 during a trial, 0 while closed.",
    labelNames: ["connector"],
    registers,
  });
  const shed = new Counter({
    name: "postern_shed_total",
    help: "Requests rejected because the gateway or a connector was at capacity.",
    registers,
  });
  const failures = new Counter({
    name: "postern_auth_failures_total",
    help: "Failed authentications, by attempted method.",
    labelNames: ["method"],
    registers,
  });
  const refused = new Counter({
    name: "postern_guard_refused_total",
    help: "Deletions and disables stopped by the change guard.",
    labelNames: ["route", "type", "what"],
    registers,
  });
  const stopped = new Gauge({
    name: "postern_guard_stopped",
    help: "1 while a route's change guard is stopping changes.",
    labelNames: ["route"],
    registers,
  });
  const syncRuns = new Counter({
    name: "postern_sync_runs_total",
    help: "Sync runs, by outcome: done, incomplete, held, failed, cancelled.",
    labelNames: ["sync", "outcome"],
    registers,
  });
  const syncChanges = new Counter({
    name: "postern_sync_changes_total",
    help: "Changes made by syncs, or failed, by kind.",
    labelNames: ["sync", "kind", "result"],
    registers,
  });
  const syncHeld = new Gauge({
    name: "postern_sync_held",
    help: "Changes held by a sync's last run, by kind. An operator must release them.",
    labelNames: ["sync", "kind"],
    registers,
  });
  const syncEnded = new Gauge({
    name: "postern_sync_last_success_seconds",
    help: "Time of a sync's last completed run, in seconds since 1970.",
    labelNames: ["sync"],
    registers,
  });
  const syncPeople = new Gauge({
    name: "postern_sync_people",
    help: "People of a sync after its last run, by state. Those stopped or failed need attention.",
    labelNames: ["sync", "status"],
    registers,
  });
  const syncSeconds = new Gauge({
    name: "postern_sync_run_seconds",
    help: "Duration of a sync's last run in seconds.",
    labelNames: ["sync"],
    registers,
  });
  const stores = new Gauge({
    name: "postern_store_up",
    help: "1 while a store is available: `state`, if in use, and `limits`, if limits.shared is configured.",
    labelNames: ["store"],
    registers,
  });
  const journalDropped = new Counter({
    name: "postern_journal_dropped_total",
    help: "Entries that the journal lost: too many waited, or its store could not be asked.",
    registers,
  });
  const reloads = new Counter({
    name: "postern_reloads_total",
    help: "Configuration reloads, by result.",
    labelNames: ["result"],
    registers,
  });
  const heap = new Gauge({
    name: "postern_heap_used_ratio",
    help: "Used share of the heap. Above 0.9 new requests are rejected.",
    registers,
  });
  const delay = new Gauge({
    name: "postern_event_loop_delay_seconds",
    help: "Minimum recent event loop delay in seconds. Above 1 new requests are rejected.",
    registers,
  });
  return {
    heap,
    delay,
    registry,
    requests,
    inFlight,
    calls,
    running,
    waiting,
    breaker,
    shed,
    failures,
    refused,
    stopped,
    stores,
    syncRuns,
    syncChanges,
    syncHeld,
    syncEnded,
    syncPeople,
    syncSeconds,
    journalDropped,
    reloads,
  };
}

/** The gateway's metrics and their registry. */
export type Metrics = ReturnType<typeof createMetrics>;
