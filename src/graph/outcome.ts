import { SKEW_MS } from "./clock.ts";
import { errorText, skipText } from "./codes.ts";
import type { ProvisioningRecord } from "./record.ts";

/** A person who was uploaded, and when Entra accepted it. */
export interface Sent {
  readonly externalId: string;
  readonly at: Date;
}

/** What became of an uploaded person. */
export interface Outcome {
  readonly externalId: string;
  readonly status: "success" | "failure" | "skipped" | "warning";
  /** create, update, disable, delete or other. A person who was created and then updated was created. */
  readonly action: string;
  /** A sentence that says what happened and, unless all is well, what to do. */
  readonly message: string;
  /** Entra's code of the error, or its reason to skip: `RedundantExport` says that the account was as sent already. */
  readonly code?: string;
  /** The account's ID in the target. */
  readonly targetId?: string;
  readonly at: Date;
}

/** Maximum number of log records kept per person while a log is read. A joiner causes five at most; the newest count. */
const MAX_RECORDS = 20;
const ACTIONS = ["create", "update", "disable", "stageddelete", "delete", "other"];

/**
 * Finds the outcomes of uploaded people: the log has no request ID, so a record belongs to a person by its source identity or its joining
 * value, if it is not older than the upload. People without records yet are not in the result. The order of records, and duplicates, make
 * no difference. Memory grows only with `sent`.
 */
export async function correlate(
  sent: Iterable<Sent>,
  records: AsyncIterable<ProvisioningRecord>,
): Promise<Map<string, Outcome>> {
  const since = new Map<string, number>();
  for (const { externalId, at } of sent) since.set(externalId, Math.max(since.get(externalId) ?? 0, at.getTime()));
  const found = new Map<string, Map<string, Event>>();
  for await (const record of records) {
    const externalId = keysOf(record).find((key) => since.has(key));
    if (externalId === undefined || record.at.getTime() < since.get(externalId)! - SKEW_MS) continue;
    const events = found.get(externalId) ?? new Map<string, Event>();
    found.set(externalId, events);
    events.set(record.id, eventOf(record));
    if (events.size > MAX_RECORDS) events.delete([...events.values()].sort(inOrder)[0]!.id);
  }
  return new Map(
    [...found].map(([externalId, events]) => [externalId, outcomeOf(externalId, [...events.values()].sort(inOrder))]),
  );
}

/** The identifiers that a record may have for its person, the most reliable first. */
function keysOf({ source, steps }: ProvisioningRecord): string[] {
  const details = steps.flatMap(({ details: each }) => [
    each.externalId,
    each.JoiningProperty,
    each.ReportableIdentifier,
  ]);
  return [source.id, ...details].filter((key): key is string => key !== undefined && key !== "");
}

/** A record, reduced to what its outcome needs. */
interface Event extends Omit<Outcome, "externalId"> {
  readonly id: string;
  /** References that could not be resolved yet, by attribute: Entra sets them when it knows whom they name. */
  readonly pending: ReadonlyMap<string, string>;
  readonly modified: readonly string[];
}

const inOrder = (a: Event, b: Event): number =>
  a.at.getTime() - b.at.getTime() ||
  ACTIONS.indexOf(a.action) - ACTIONS.indexOf(b.action) ||
  (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

function eventOf(record: ProvisioningRecord): Event {
  const { id, at, action, modified, target, steps, error } = record;
  const pending = new Map(
    steps.flatMap(({ details }): [string, string][] => {
      const { SkipReason: reason, PropertyName: property } = details;
      if (reason !== "UnableToResolveReferenceAttributeValue") return [];
      const named = Object.entries(details).find(([, value]) => value.startsWith(`${property} `))?.[0];
      return [[property ?? "manager", named ?? "the person named"]];
    }),
  );
  const status = statusOf(record);
  const skip = steps
    .map(({ details }) => details.SkipReason)
    .find((reason) => reason !== undefined && !reason.startsWith("Unable"));
  const code = error?.code || (status === "skipped" ? skip : undefined);
  return {
    id,
    at,
    action: ACTIONS.includes(action) ? action : "other",
    status,
    message: messageOf(record, status, skip ?? ""),
    ...(code !== undefined && { code }),
    ...(target.id !== "" && { targetId: target.id }),
    pending,
    modified,
  };
}

function statusOf({ status, error, steps }: ProvisioningRecord): Outcome["status"] {
  if (status === "success" || status === "failure" || status === "skipped" || status === "warning") return status;
  if (error !== undefined || steps.some((step) => step.status === "failure")) return "failure";
  return "warning";
}

function messageOf(record: ProvisioningRecord, status: Outcome["status"], skip: string): string {
  const { error, action, modified, targetSystem, steps } = record;
  if (error !== undefined) return errorText(error);
  if (status === "failure") {
    const step = steps.find((each) => each.status === "failure");
    return step === undefined
      ? "Entra reports a failure without a reason."
      : `Entra failed at ${step.name}: ${step.description}`;
  }
  if (status === "skipped") return skipText(skip);
  if (status === "warning")
    return `Entra reports a warning${record.status === "warning" ? "" : ` (${record.status || "no status"})`} without a reason.`;
  const where = targetSystem === "" ? "the target" : targetSystem;
  const verbs: Readonly<Record<string, string>> = {
    create: `Created in ${where}.`,
    update: `Updated in ${where}${modified.length === 0 ? "" : `: ${modified.join(", ")}`}.`,
    disable: `Disabled in ${where}.`,
    stageddelete: `Deleted in ${where}; it can be restored for a time.`,
    delete: `Deleted in ${where}.`,
  };
  return verbs[action] ?? `Processed by ${where}.`;
}

/** Combines a person's events in order: the last one counts, but "nothing to do" does not hide what was done before. */
function outcomeOf(externalId: string, events: readonly Event[]): Outcome {
  const pending = new Map<string, string>();
  let current: Event | undefined;
  for (const event of events) {
    for (const property of event.modified) if (event.status === "success") pending.delete(property);
    for (const [property, named] of event.pending) pending.set(property, named);
    current = current === undefined ? event : after(current, event);
  }
  const { id: _, pending: __, modified: ___, ...outcome } = current!;
  if (pending.size === 0 || outcome.status === "failure") return { externalId, ...outcome };
  const waits = [...pending].map(
    ([property, named]) => `${property} is not set yet, because Entra does not know ${named}`,
  );
  return {
    externalId,
    ...outcome,
    status: "warning",
    code: "UnableToResolveReferenceAttributeValue",
    message: `${outcome.message} But ${waits.join("; ")}. Upload that person through the same app, and check that they are in its scope.`,
  };
}

function after(before: Event, event: Event): Event {
  const wasDone = before.status === "success" || before.status === "warning";
  const targetId = event.targetId ?? before.targetId;
  const known = { ...(targetId !== undefined && { targetId }) };
  if (wasDone && event.status === "skipped") return { ...before, ...known };
  if (!wasDone || event.status !== "success" || before.action !== "create") return { ...event, ...known };
  const more = event.action === "update" && event.modified.length > 0 ? ` Then set: ${event.modified.join(", ")}.` : "";
  return { ...event, ...known, action: "create", message: `${before.message}${more}` };
}
