import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** What is counted, for Prometheus. Names and labels are part of what operators build on: see docs/guides/monitoring.md. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  // Among these are the delay of the event loop, memory, and garbage collection.
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: "postern_request_seconds",
    help: "Requests, by route, operation and status, and how long they took.",
    labelNames: ["route", "operation", "status"],
    buckets: SECONDS,
    registers,
  });
  const inFlight = new Gauge({
    name: "postern_requests_in_flight",
    help: "Requests that are being answered.",
    registers,
  });
  const calls = new Histogram({
    name: "postern_backend_seconds",
    help: "Calls of connectors, by operation and result, and how long they took, waiting for a place included.",
    labelNames: ["connector", "operation", "result"],
    buckets: SECONDS,
    registers,
  });
  const running = new Gauge({
    name: "postern_backend_running",
    help: "Calls that a connector is busy with.",
    labelNames: ["connector"],
    registers,
  });
  const waiting = new Gauge({
    name: "postern_backend_waiting",
    help: "Calls that wait for a connector.",
    labelNames: ["connector"],
    registers,
  });
  const breaker = new Gauge({
    name: "postern_breaker_open",
    help: "1 while a connector is left alone because it failed; 0.5 while it is tried.",
    labelNames: ["connector"],
    registers,
  });
  const shed = new Counter({
    name: "postern_shed_total",
    help: "Requests that were refused because as many were in flight as may be.",
    registers,
  });
  const failures = new Counter({
    name: "postern_auth_failures_total",
    help: "Requests of nobody that is known, by the method that they tried.",
    labelNames: ["method"],
    registers,
  });
  const refused = new Counter({
    name: "postern_guard_refused_total",
    help: "Deletions and disablements that the change guard stopped.",
    labelNames: ["route", "type", "what"],
    registers,
  });
  const stopped = new Gauge({
    name: "postern_guard_stopped",
    help: "1 while the change guard of a route stops what is more than it allows.",
    labelNames: ["route"],
    registers,
  });
  const syncRuns = new Counter({
    name: "postern_sync_runs_total",
    help: "Runs of syncs, by outcome: done, incomplete, held, failed, cancelled.",
    labelNames: ["sync", "outcome"],
    registers,
  });
  const syncChanges = new Counter({
    name: "postern_sync_changes_total",
    help: "Changes that syncs made, or that failed, by kind.",
    labelNames: ["sync", "kind", "result"],
    registers,
  });
  const syncHeld = new Gauge({
    name: "postern_sync_held",
    help: "Changes that the last run of a sync held, by kind: somebody is to release them.",
    labelNames: ["sync", "kind"],
    registers,
  });
  const syncEnded = new Gauge({
    name: "postern_sync_last_success_seconds",
    help: "When a run of a sync was done last, in seconds since 1970.",
    labelNames: ["sync"],
    registers,
  });
  const syncPeople = new Gauge({
    name: "postern_sync_people",
    help: "People of a sync after its last run, by state: stopped and failed want somebody to look.",
    labelNames: ["sync", "status"],
    registers,
  });
  const syncSeconds = new Gauge({
    name: "postern_sync_run_seconds",
    help: "How long the last run of a sync took.",
    labelNames: ["sync"],
    registers,
  });
  const stores = new Gauge({
    name: "postern_store_up",
    help: "1 while a store can be asked: `state`, if anything needs it, and `limits`, if limits.shared is configured.",
    labelNames: ["store"],
    registers,
  });
  const reloads = new Counter({
    name: "postern_reloads_total",
    help: "Configurations that were read again, by result.",
    labelNames: ["result"],
    registers,
  });
  const heap = new Gauge({
    name: "postern_heap_used_ratio",
    help: "Part of the heap that is in use; above 0.9 new requests are refused.",
    registers,
  });
  const delay = new Gauge({
    name: "postern_event_loop_delay_seconds",
    help: "How late the event loop is, at the least of late; above 1 new requests are refused.",
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
    reloads,
  };
}

/** The metrics of a gateway, with the registry that they are in. */
export type Metrics = ReturnType<typeof createMetrics>;
