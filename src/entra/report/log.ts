import { createHash } from "node:crypto";
import { findingOf, judge } from "../findings/index.ts";
import type { Step, Trace } from "../report-data.ts";
import type { Job } from "./data.ts";
import { cut, HIDDEN, isSecret, keepModified } from "./kept.ts";

/** The application ID in the log of every non-gallery application. */
const NON_GALLERY = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621";
/** The name of such a target in the log. */
const TARGET = "customappsso";
/** Maximum characters of a response in `additionalDetails`. */
const DETAILS = 4000;

const TARGET_TYPES = {
  User: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
  Group: "urn:ietf:params:scim:schemas:core:2.0:Group",
} as const;

/** A record of Entra's provisioning log: Graph's `provisioningObjectSummary`, v1.0. */
export interface ProvisioningObjectSummary {
  readonly id: string;
  readonly activityDateTime: string;
  readonly [name: string]: unknown;
}

/**
 * The record that Entra would write about an object, in the format of Graph's `GET /auditLogs/provisioning`. IDs are derived from the
 * trace, so that equal runs have equal IDs. Passwords are hidden. It is a single line of JSON.
 */
export function provisioningLog(trace: Trace, job: Job): ProvisioningObjectSummary {
  const { type, objectId, displayName, targetId, action, status, at, cycle } = trace;
  const change = [job.jobId, cycle, type, objectId, at, action, status, trace.modified.map(({ name }) => name)];
  const { servicePrincipalId, name } = job;
  return {
    id: idOf("activity", ...change),
    activityDateTime: new Date(at).toISOString(),
    tenantId: job.tenantId,
    jobId: job.jobId,
    cycleId: idOf("cycle", job.jobId, cycle),
    changeId: idOf("change", ...change),
    provisioningAction: action,
    durationInMilliseconds: Math.round(trace.tookMs),
    provisioningStatusInfo: { status, errorInformation: errorOf(trace) },
    provisioningSteps: trace.steps.map(stepOf),
    modifiedProperties: trace.modified
      .map(keepModified)
      .map(({ name: attribute, oldValue = null, newValue = null }) => ({
        ...{ displayName: attribute, oldValue, newValue },
      })),
    servicePrincipal: { id: servicePrincipalId, displayName: name },
    sourceSystem: { id: idOf("source", job.tenantId), displayName: "Microsoft Entra ID", details: {} },
    targetSystem: {
      id: idOf("target", job.jobId),
      displayName: TARGET,
      details: {
        ApplicationId: NON_GALLERY,
        ServicePrincipalId: servicePrincipalId,
        ServicePrincipalDisplayName: name,
      },
    },
    sourceIdentity: {
      id: objectId,
      displayName,
      identityType: type,
      details: { odatatype: type, ...shown(trace.source) },
    },
    targetIdentity: { id: targetId ?? "", displayName: "", identityType: TARGET_TYPES[type], details: {} },
    initiatedBy: { id: "", displayName: "Azure AD Provisioning Service", initiatorType: "system" },
  };
}

function errorOf({ status, error, exchanges }: Trace): object | null {
  if (!error || status === "success" || status === "skipped") return null;
  const refused =
    exchanges.findLast(({ answer, failure }) => failure !== undefined || (answer?.status ?? 0) >= 400) ??
    exchanges.at(-1);
  const details = refused?.answer?.text || refused?.failure;
  const faults = exchanges
    .flatMap(judge)
    .map(findingOf)
    .filter((finding) => finding?.severity === "fault");
  return {
    errorCode: error.code,
    reason: error.reason,
    additionalDetails: details === undefined ? null : cut(details, DETAILS),
    errorCategory: "nonServiceFailure",
    recommendedAction: faults.at(-1)?.change ?? null,
  };
}

const stepOf = ({ name, type, status, description, details = {} }: Step) => ({
  ...{ name, provisioningStepType: type, status, description, details: shown(details) },
});

/** The texts without secrets. */
const shown = (texts: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, isSecret(name) ? HIDDEN : value]));

/** A version 8 UUID derived from names. */
function idOf(...names: readonly unknown[]): string {
  const bytes = createHash("sha256").update(JSON.stringify(names)).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
