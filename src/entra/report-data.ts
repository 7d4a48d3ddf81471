import type { ObjectType } from "./directory.ts";

/** The purpose of a request. `verify` is the simulator's own: it reads back what was written, which Entra does not do. */
export const PURPOSES = [
  "probe",
  "match",
  "read",
  "check reference",
  "create",
  "update",
  "delete",
  "discover",
  "verify",
] as const;
/** A purpose. */
export type Purpose = (typeof PURPOSES)[number];

/** A request and its response. */
export interface Exchange {
  readonly purpose: Purpose;
  readonly type: ObjectType;
  /** When it was sent, in milliseconds since 1970 by the job's clock, and how long it took by this machine's. */
  readonly at: number;
  readonly tookMs: number;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Relative to the endpoint, including the query: `/Users?filter=...`. */
  readonly path: string;
  readonly body?: unknown;
  /** The response; undefined if `failure` says why there is none (a time-out, a refused connection). */
  readonly answer?: Answer;
  readonly failure?: string;
}

/** A response. */
export interface Answer {
  readonly status: number;
  /** Headers with lower-case names, without credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as received, truncated after 64 KB. */
  readonly text: string;
  /** The body as JSON, if it is JSON. */
  readonly json?: unknown;
}

/** A step in provisioning an object, with the names of Entra's provisioning log. */
export interface Step {
  readonly name: string;
  readonly type: "import" | "scoping" | "matching" | "processing" | "referenceResolution" | "export";
  readonly status: "success" | "failure" | "skipped" | "warning";
  readonly description: string;
  readonly details?: Readonly<Record<string, string>>;
}

/** An attribute that was sent to the target. */
export interface ModifiedProperty {
  readonly name: string;
  readonly oldValue?: string;
  readonly newValue?: string;
}

/** The work on one object in one cycle: a record of the provisioning log, with its requests. */
export interface Trace {
  readonly cycle: number;
  readonly type: ObjectType;
  readonly objectId: string;
  /** The name shown for it: displayName or userPrincipalName. */
  readonly displayName: string;
  readonly targetId?: string;
  /** `other` is an object for which nothing was sent. */
  readonly action: "create" | "update" | "delete" | "disable" | "stagedDelete" | "other";
  readonly status: "success" | "failure" | "skipped" | "warning";
  readonly at: number;
  readonly tookMs: number;
  /** The source attributes that the mapping reads, as text. */
  readonly source: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly modified: readonly ModifiedProperty[];
  /** `RedundantExport`, `NotEffectivelyEntitled` ..., if it was skipped. */
  readonly skipReason?: string;
  /** Microsoft's code and a sentence, if it failed, with the time of the next attempt. */
  readonly error?: { readonly code: string; readonly reason: string; readonly nextAttempt?: number };
  readonly exchanges: readonly Exchange[];
}

/** The result of a cycle, with the names of Graph's `synchronizationTaskExecution`. */
export interface CycleSummary {
  readonly cycle: number;
  readonly kind: "initial" | "incremental" | "restart" | "restart in full" | "on demand" | "discovery";
  readonly state: "Succeeded" | "Failed" | "EntryLevelErrors";
  readonly timeBegan: number;
  readonly timeEnded: number;
  readonly countImported: number;
  readonly countEntitled: number;
  readonly countExported: number;
  readonly countExports: number;
  readonly countEscrowed: number;
  readonly countEscrowedRaw: number;
  readonly requests: number;
  /** Traces by action and status, such as `{ "create success": 12 }`. */
  readonly counts: Readonly<Record<string, number>>;
  /** Why the cycle was impossible or incomplete. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** The job's quarantine, with the names of Graph's `synchronizationQuarantine`. */
export interface Quarantine {
  readonly reason:
    | "EncounteredBaseEscrowThreshold"
    | "EncounteredTotalEscrowThreshold"
    | "EncounteredEscrowProportionThreshold"
    | "EncounteredQuarantineException"
    | "TooManyDeletes";
  readonly currentBegan: number;
  readonly seriesBegan: number;
  readonly seriesCount: number;
  readonly nextAttempt: number;
  readonly error: { readonly code: string; readonly message: string };
}

/** Something that the engine found by comparing what it sent with what it read later. Single exchanges are judged only by `findings/`. */
export interface Observation {
  readonly kind: /** An attribute that was sent is missing when the resource is read: Entra sends it again whenever the object changes. */
    | "sent but not returned"
    /** It is there with another value: Entra sends it again, too. */
    | "returned otherwise"
    /** It is there in another case alone, and its schema says that case counts. */
    | "case changed"
    /** `active` was set to false and the resource is still active, or the other way round. */
    | "active ignored"
    /** Members that were added are not there, or removed ones still are. */
    | "members differ"
    /** The same attribute was sent twice with the same value, in two cycles, although the source did not change. */
    | "endless update"
    /** More than one resource has the value of a matching attribute. */
    | "duplicates"
    /** A creation was refused as a conflict, although no look-up had found the resource. */
    | "conflict without match"
    /** The id that the creation gave is not found any more. */
    | "id lost"
    /** A resource is answered under another id than the one that was asked for. */
    | "id changed"
    /** A deleted resource is still there. */
    | "not deleted"
    /** A disabled resource is not found any more by its id. */
    | "disabled is gone";
  readonly cycle: number;
  readonly type: ObjectType;
  readonly objectId: string;
  readonly displayName: string;
  /** The attribute by path. */
  readonly attribute?: string;
  readonly sent?: string;
  readonly returned?: string;
  readonly exchange?: Exchange;
}
