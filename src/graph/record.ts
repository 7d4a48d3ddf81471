import { z } from "zod";

/** A step of how Entra processed a person: import, scoping, matching, export. */
export interface ProvisioningStep {
  readonly name: string;
  readonly type: string;
  readonly status: string;
  readonly description: string;
  readonly details: Readonly<Record<string, string>>;
}

/** A person, as Entra names them in the source or in the target. */
export interface ProvisioningIdentity {
  readonly id: string;
  readonly displayName: string;
  readonly details: Readonly<Record<string, string>>;
}

/** One record of Entra's provisioning log: what was done with one person, in the form of Graph's v1.0 whichever form it came in. */
export interface ProvisioningRecord {
  readonly id: string;
  /** When it was processed, to the second. */
  readonly at: Date;
  readonly jobId: string;
  readonly cycleId: string;
  readonly changeId: string;
  /** create, update, delete, stageddelete, disable or other. */
  readonly action: string;
  /** success, failure, skipped or warning. */
  readonly status: string;
  readonly error: ProvisioningError | undefined;
  readonly steps: readonly ProvisioningStep[];
  /** The target's attributes that were written, or would have been. */
  readonly modified: readonly string[];
  readonly source: ProvisioningIdentity;
  readonly target: ProvisioningIdentity;
  /** The name of the system that was written: Microsoft Entra ID or a domain of Active Directory. */
  readonly targetSystem: string;
  readonly servicePrincipal: { readonly id: string; readonly displayName: string };
}

/** Why Entra could not do what it meant to. */
export interface ProvisioningError {
  readonly code: string;
  readonly reason: string;
  readonly details: string;
  readonly category: string;
  readonly recommendedAction: string;
}

/** What Graph sends may be null or absent anywhere but in the fields that say which record it is. */
const text = z.preprocess(
  (value) => (typeof value === "string" ? value : typeof value === "number" ? String(value) : ""),
  z.string(),
);
const texts = z.preprocess((value) => (isObject(value) ? value : {}), z.record(z.string(), text));
const objects = <T extends z.ZodType>(item: T) =>
  z.preprocess((value) => (Array.isArray(value) ? value : []), z.array(item));
const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
/** An object that may be null or absent, or the first of a collection. */
const object = <T extends z.ZodType>(item: T) =>
  z.preprocess((value) => {
    const first = Array.isArray(value) ? value[0] : value;
    return isObject(first) ? first : {};
  }, item);
const optional = <T extends z.ZodType>(item: T) =>
  z.preprocess((value) => (isObject(value) ? value : undefined), item.optional());

const identity = object(z.object({ id: text, displayName: text, details: texts }));
const named = object(z.object({ id: text, displayName: text, name: text }));
const errorInformation = z.object({
  errorCode: text,
  reason: text,
  additionalDetails: text,
  errorCategory: text,
  recommendedAction: text,
});
const statusInfo = object(
  z.object({
    status: text,
    errorInformation: optional(errorInformation),
    // Its name in the reference; the wire has errorInformation.
    errorInfo: optional(errorInformation),
    // The deprecated statusInfo has the error's fields beside its status.
    errorCode: text,
    reason: text,
    additionalDetails: text,
  }),
);

const wire = z.object({
  id: z.string(),
  activityDateTime: z.string().transform((value, context) => {
    const at = new Date(value);
    if (Number.isNaN(at.getTime())) context.addIssue({ code: "custom", message: "not a date" });
    return at;
  }),
  jobId: text,
  cycleId: text,
  changeId: text,
  provisioningAction: text,
  action: text,
  provisioningStatusInfo: statusInfo,
  statusInfo,
  provisioningSteps: objects(
    object(z.object({ name: text, provisioningStepType: text, status: text, description: text, details: texts })),
  ),
  modifiedProperties: objects(object(z.object({ displayName: text }))),
  sourceIdentity: identity,
  targetIdentity: identity,
  targetSystem: named,
  servicePrincipal: named,
});

/**
 * Parses a record of the log in either form: `servicePrincipal` as an object or a collection, `errorInformation` null or absent, and the
 * deprecated `action` and `statusInfo`. Undefined for anything else.
 */
export function readRecord(value: unknown): ProvisioningRecord | undefined {
  const { success, data } = wire.safeParse(value);
  if (!success) return undefined;
  const { provisioningStatusInfo: current, statusInfo: old, servicePrincipal: app } = data;
  const info = current.status === "" ? old : current;
  const status = info.status.toLowerCase();
  return {
    id: data.id,
    at: data.activityDateTime,
    jobId: data.jobId,
    cycleId: data.cycleId,
    changeId: data.changeId,
    action: (data.provisioningAction || data.action || "other").toLowerCase(),
    status,
    error: errorOf(info),
    steps: data.provisioningSteps.map(({ provisioningStepType: type, ...step }) => ({ ...step, type })),
    modified: data.modifiedProperties.map(({ displayName }) => displayName),
    source: data.sourceIdentity,
    target: data.targetIdentity,
    targetSystem: data.targetSystem.displayName || data.targetSystem.name,
    servicePrincipal: { id: app.id, displayName: app.displayName || app.name },
  };
}

function errorOf(info: z.output<typeof statusInfo>): ProvisioningError | undefined {
  const told = info.errorInformation ?? info.errorInfo ?? { ...info, errorCategory: "", recommendedAction: "" };
  if (told.errorCode === "" && told.reason === "") return undefined;
  return {
    code: told.errorCode,
    reason: told.reason,
    details: told.additionalDetails,
    category: told.errorCategory,
    recommendedAction: told.recommendedAction,
  };
}
