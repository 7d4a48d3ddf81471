import type { FindingId } from "../findings/index.ts";
import type { CycleSummary, Exchange, Observation, Purpose, Quarantine, Trace } from "../report-data.ts";

/** The job of a report. */
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

/** An exchange as shown in reports: as text, shortened, without passwords. */
export interface KeptExchange extends Pick<Exchange, "purpose" | "type" | "at" | "tookMs" | "method" | "path"> {
  /** The body of the request, as indented JSON. */
  readonly request?: string;
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The response body: indented if JSON, otherwise as received. */
  readonly answer?: string;
  /** Why there was no response. */
  readonly failure?: string;
  /** The findings that it reveals, by ID. */
  readonly findings: readonly FindingId[];
}

/** The work on one object as shown in reports. */
export interface KeptTrace extends Omit<Trace, "exchanges"> {
  readonly exchanges: readonly KeptExchange[];
  /** The number of further requests for it. */
  readonly exchangesLeftOut: number;
}

/** An observation as shown in reports. */
export interface KeptObservation extends Omit<Observation, "exchange"> {
  readonly exchange?: KeptExchange;
}

/** A finding with its occurrences. */
export interface Found {
  readonly id: FindingId;
  readonly count: number;
  /** The job's clock, milliseconds since 1970. */
  readonly firstAt?: number;
  readonly lastAt?: number;
  /** How often, by purpose of the requests. */
  readonly purposes: Readonly<Partial<Record<Purpose, number>>>;
  /** The first exchange that revealed it. */
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

/** Response times in milliseconds. */
export interface Times {
  readonly requests: number;
  /** Requests without a response, or with a status of 300 or above, except 404 for a deletion. */
  readonly failures: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Response times of requests with one purpose. */
export interface PurposeTimes extends Times {
  readonly purpose: Purpose;
  /** Requests by status; `no answer` for those without a response. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** A period in which requests were sent. */
export interface TimelinePoint {
  /** Seconds of sending since the start, without pauses between two commands. */
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

/** The content of a report. */
export interface ReportData {
  readonly status: SynchronizationStatus;
  readonly total: Times & { readonly seconds: number; readonly perSecond: number; readonly peakPerSecond: number };
  readonly purposes: readonly PurposeTimes[];
  readonly timeline: { readonly bucketSeconds: number; readonly points: readonly TimelinePoint[] };
  /** Faults first, then by frequency. */
  readonly findings: readonly Found[];
  readonly observations: readonly Observed[];
  /** Why and how often the job would have been in quarantine. */
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
    /** In order: failed ones, the slowest, and a sample of the others. */
    readonly traces: readonly KeptTrace[];
    readonly leftOut: number;
    /** How many of the omitted ones failed. */
    readonly failedLeftOut: number;
  };
}
