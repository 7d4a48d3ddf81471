import type { FindingId } from "../findings/index.ts";
import type { CycleSummary, Exchange, Observation, Purpose, Quarantine, Trace } from "../report-data.ts";

/** The job that a report is about. */
export interface Job {
  /** The application's name, as administrators know it. */
  readonly name: string;
  readonly tenantId: string;
  /** `scim.<tenant>.<guid>`. */
  readonly jobId: string;
  readonly servicePrincipalId: string;
  /** The Tenant URL, without credentials. */
  readonly endpoint: string;
}

/** An exchange as reports show it: as text, cut where it is long, without passwords. */
export interface KeptExchange extends Pick<Exchange, "purpose" | "type" | "at" | "tookMs" | "method" | "path"> {
  /** The body of the request, as indented JSON. */
  readonly request?: string;
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body of the answer: JSON is indented, the rest is as it came. */
  readonly answer?: string;
  /** Why there was no answer. */
  readonly failure?: string;
  /** What it shows, by ids. */
  readonly findings: readonly FindingId[];
}

/** What was done for one object, as reports show it. */
export interface KeptTrace extends Omit<Trace, "exchanges"> {
  readonly exchanges: readonly KeptExchange[];
  /** How many more requests were sent for it. */
  readonly exchangesLeftOut: number;
}

/** An observation as reports show it. */
export interface KeptObservation extends Omit<Observation, "exchange"> {
  readonly exchange?: KeptExchange;
}

/** A finding that was found. */
export interface Found {
  readonly id: FindingId;
  readonly count: number;
  /** The job's clock, milliseconds since 1970. */
  readonly firstAt?: number;
  readonly lastAt?: number;
  /** How often, by what the requests were sent for. */
  readonly purposes: Readonly<Partial<Record<Purpose, number>>>;
  /** The first exchange that showed it. */
  readonly example?: KeptExchange;
}

/** The observations of one kind about one attribute. */
export interface Observed {
  readonly kind: Observation["kind"];
  readonly attribute?: string;
  readonly count: number;
  /** The first few. */
  readonly examples: readonly KeptObservation[];
}

/** Times of requests in milliseconds. */
export interface Times {
  readonly requests: number;
  /** Those without an answer, and those whose status is 300 or above; a 404 to a deletion is none. */
  readonly failures: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Times of the requests that were sent for one purpose. */
export interface PurposeTimes extends Times {
  readonly purpose: Purpose;
  /** Requests by status; `no answer` for those without. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** A stretch of time in which requests were sent. */
export interface TimelinePoint {
  /** Seconds of sending since the start; pauses between two commands are left out. */
  readonly fromSeconds: number;
  readonly requests: number;
  readonly perSecond: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** A cycle by the names of Graph's `synchronizationTaskExecution`. */
export interface Execution {
  readonly state: CycleSummary["state"];
  readonly timeBegan: string;
  readonly timeEnded: string;
  readonly countImported: number;
  readonly countEntitled: number;
  readonly countExported: number;
  readonly countExports: number;
  readonly countEscrowed: number;
  readonly countEscrowedRaw: number;
  readonly error?: { readonly code: string; readonly message: string };
}

/** The job by the names of Graph's `synchronizationStatus`. */
export interface SynchronizationStatus {
  readonly code: "NotRun" | "Active" | "Quarantine";
  readonly countSuccessiveCompleteFailures: number;
  readonly lastExecution?: Execution;
  readonly lastSuccessfulExecution?: Execution;
  readonly lastSuccessfulExecutionWithExports?: Execution;
  readonly steadyStateFirstAchievedTime?: string;
  readonly steadyStateLastAchievedTime?: string;
  readonly quarantine?: Omit<Quarantine, "currentBegan" | "seriesBegan" | "nextAttempt"> & {
    readonly currentBegan: string;
    readonly seriesBegan: string;
    readonly nextAttempt: string;
  };
}

/** All that a report tells. */
export interface ReportData {
  readonly status: SynchronizationStatus;
  readonly total: Times & { readonly seconds: number; readonly perSecond: number; readonly peakPerSecond: number };
  readonly purposes: readonly PurposeTimes[];
  readonly timeline: { readonly bucketSeconds: number; readonly points: readonly TimelinePoint[] };
  /** Faults first, then by how often they were found. */
  readonly findings: readonly Found[];
  readonly observations: readonly Observed[];
  /** The reasons for which the job would have stood in quarantine, and how often. */
  readonly quarantines: readonly {
    readonly reason: Quarantine["reason"];
    readonly count: number;
    readonly last: Quarantine;
  }[];
  readonly cycles: readonly CycleSummary[];
  readonly cyclesLeftOut: number;
  readonly objects: {
    /** Traces of all cycles, by action and status, such as `create success`. */
    readonly counts: Readonly<Record<string, number>>;
    readonly total: number;
    readonly failed: number;
    /** In the order in which they were made: those that failed, the slowest, and a sample of the others. */
    readonly traces: readonly KeptTrace[];
    readonly leftOut: number;
    /** How many of those left out failed. */
    readonly failedLeftOut: number;
  };
}
