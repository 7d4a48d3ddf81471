import { ENTERPRISE_USER, type Resource } from "../scim/schema.ts";
import { ProvisioningError, refusal } from "./conversation.ts";
import { bodyValue } from "./dialects.ts";
import type { SourceValue } from "./directory.ts";
import { type Engine, mapped } from "./engine.ts";
import { entitlementOf, isImported } from "./entitlement.ts";
import { ExpressionError } from "./expression/index.ts";
import type { ObjectFlow } from "./job.ts";
import { match, refuseShared, resourceIn, resourcePath } from "./look-up.ts";
import { nextAttempt } from "./retries.ts";
import type { StoredObject } from "./source-store.ts";
import { asText, writeAt } from "./target-path.ts";
import type { Link } from "./target-store.ts";
import { beginTrace, type Ending, exportedStep, note, type Tracing, type Work } from "./tracing.ts";
import { differences, sendChanges } from "./update.ts";

/** How an object is provisioned in this cycle. */
export interface Manner {
  /** Whether deletions and disables are held. */
  readonly isStaged: boolean;
  /** Whether it was requested on demand: nobody is disabled or deleted. */
  readonly isOnDemand?: true;
  /** Members that changed after this place in the change count are sent; all of an object that is new in the target. */
  readonly since: number;
}

/**
 * Provisions one object of the source, without its references: looked up and linked, created, changed, disabled or deleted. Failures are
 * traced and kept for another attempt; only bugs are thrown. Returns whether the object is in scope.
 */
export async function provision(
  engine: Engine,
  flow: ObjectFlow,
  object: StoredObject,
  manner: Manner,
): Promise<boolean> {
  const { store } = engine;
  const link = store.link(object.type, object.objectId);
  if ((object.isPurged && !link) || !isImported(flow, object)) {
    store.settle(object.type, object.objectId, "export");
    return false;
  }
  const { isEntitled, step } = entitlementOf(engine, flow, object);
  const tracing = beginTrace(engine, flow, object);
  const work: Work = { engine, flow, object, tracing };
  tracing.step(step);
  try {
    const ending = await (link ? updateLinked(work, link, isEntitled, manner) : createOrLink(work, isEntitled));
    if (ending.action !== "stagedDelete") store.settle(object.type, object.objectId, "export");
    const { type, objectId } = object;
    const now = store.link(type, objectId);
    if (now && flow.references.length > 0) store.await(type, objectId, now.since === engine.cycle ? 0 : manner.since);
    tracing.end(ending);
  } catch (error) {
    tracing.end(failed(work, error, link));
  }
  return isEntitled;
}

/** Keeps a failure for another attempt. */
function failed(work: Work, error: unknown, link: Link | undefined): Ending {
  const { engine, object, tracing } = work;
  const { code, message } = failureOf(error);
  const escrow = keepFailure(engine, object, "export", code);
  const { store, now } = engine;
  // Members that changed meanwhile must not be lost: all are checked with the next attempt.
  if (link && object.type === "Group" && !store.escrow("Group", object.objectId, "reference")) {
    const waiting = { kind: "reference", attempts: 0, since: now(), next: escrow, code } as const;
    store.saveEscrow("Group", object.objectId, waiting);
  }
  tracing.step({ name: "EntryExport", type: "export", status: "failure", description: message, details: { code } });
  const action = actionOf(work, link);
  return {
    action,
    status: "failure",
    ...(link && { targetId: link.targetId }),
    error: { code, reason: message, nextAttempt: escrow },
  };
}

/** What was being done when it failed. */
function actionOf({ engine, flow, object }: Work, link: Link | undefined): Ending["action"] {
  if (!link) return engine.store.link(object.type, object.objectId) ? "update" : "create";
  if (object.isPurged) return "delete";
  return leaves(engine, flow, object, link) ? "disable" : "update";
}

/** The code and message of a failure. Rethrows anything but a provisioning failure. */
export function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof ProvisioningError) return { code: error.code, message: error.message };
  if (error instanceof ExpressionError) return { code: "EntrySynchronizationError", message: error.message };
  throw error;
}

/** Schedules an object for another attempt. Returns the time. */
export function keepFailure(
  { store, now }: Engine,
  { type, objectId }: StoredObject,
  kind: "export" | "reference",
  code: string,
): number {
  const before = store.escrow(type, objectId, kind);
  const attempts = (before?.attempts ?? 0) + 1;
  const next = nextAttempt(attempts, now());
  store.saveEscrow(type, objectId, { kind, attempts, since: before?.since ?? now(), next, code });
  return next;
}

/** An object that is not linked: it is looked up, and created if necessary. */
async function createOrLink(work: Work, isEntitled: boolean): Promise<Ending> {
  if (!isEntitled) return { action: "other", status: "skipped", skipReason: "NotEffectivelyEntitled" };
  // Two objects of the same name are not looked up at the same time: both would be created.
  return work.engine.alone(matchingKey(work), () => createOrLinkAlone(work));
}

/** The first value that an object is looked up by. */
function matchingKey({ engine, flow, object }: Work): string {
  for (const attribute of flow.matching) {
    const value = asText(mapped(engine, attribute, object));
    if (value !== undefined) return `${object.type} ${attribute.target.text} ${value.toLowerCase()}`;
  }
  return `${object.type} ${object.objectId}`;
}

async function createOrLinkAlone(work: Work): Promise<Ending> {
  const { engine, flow, object, tracing } = work;
  const resource = await match(engine, flow, object, tracing);
  if (resource) {
    // Checked again when linking, because others are looked up concurrently.
    refuseShared(engine, object, resource.id);
    const link: Link = { targetId: resource.id, exported: {}, isActive: true, since: engine.cycle };
    engine.store.saveLink(object.type, object.objectId, link, engine.cycle);
    return updateInScope(work, link, resource);
  }
  if (!flow.creates) return { action: "other", status: "skipped", skipReason: "CreationNotEnabled" };
  return create(work);
}

async function create(work: Work): Promise<Ending> {
  const { engine, flow, object, tracing } = work;
  const exported: Record<string, string> = {};
  const body = newResource(flow);
  for (const attribute of flow.values) {
    const value = mapped(engine, attribute, object) ?? attribute.defaultValue;
    if (value === undefined) continue;
    writeAt(body, attribute.target, bodyValue(attribute, value, false));
    note(work, attribute, undefined, asText(value)!);
    if (!attribute.isForCreationOnly && !attribute.isRedacted) exported[attribute.target.text] = asText(value)!;
  }
  for (const email of Array.isArray(body.emails) ? body.emails : []) if (email.type === "work") email.primary = true;
  tracing.step({
    name: "EntryExportAdd",
    type: "matching",
    status: "success",
    description: `${object.type} will be created in ${engine.job.targetName}: it is in scope, but no matching ${object.type} was found`,
  });
  const answer = await tracing.conversation.ask("create", { method: "POST", path: flow.endpoint, body });
  if (answer.status === 409) tracing.observe("conflict without match");
  if (answer.status !== 201 && answer.status !== 200) throw refusal("The creation", answer);
  const { id } = resourceIn("The creation", answer);
  refuseShared(engine, object, id);
  const isActive = exported.active?.toLowerCase() !== "false";
  engine.store.saveLink(
    object.type,
    object.objectId,
    { targetId: id, exported, isActive, since: engine.cycle },
    engine.cycle,
  );
  tracing.step(exportedStep("EntryExportAdd", `${object.type} was created in ${engine.job.targetName}`));
  return { action: "create", status: "success", targetId: id };
}

const GROUP_EXTENSION = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/** The start of a new resource. The job's own extensions are omitted from `schemas`, as in Entra. */
function newResource({ type, values }: ObjectFlow): Resource {
  const core = `urn:ietf:params:scim:schemas:core:2.0:${type}`;
  const isEnterprise = values.some(({ target }) => target.urn?.toLowerCase() === ENTERPRISE_USER.toLowerCase());
  const more = type === "Group" ? [GROUP_EXTENSION] : isEnterprise ? [ENTERPRISE_USER] : [];
  return { schemas: [core, ...more], meta: { resourceType: type } };
}

/** A linked object: read, and changed if it differs; disabled or deleted if it is out of scope. */
async function updateLinked(
  work: Work,
  link: Link,
  isEntitled: boolean,
  { isStaged, isOnDemand }: Manner,
): Promise<Ending> {
  const { engine, flow, object } = work;
  const { targetId } = link;
  if (isOnDemand && (object.isPurged || !isEntitled))
    return { action: "other", status: "skipped", targetId, skipReason: "NotEffectivelyEntitled" };
  if (isStaged && leaves(engine, flow, object, link)) {
    const escrow = {
      kind: "export",
      attempts: 0,
      since: engine.now(),
      next: engine.now(),
      code: "StagedDelete",
    } as const;
    engine.store.saveEscrow(object.type, object.objectId, escrow);
    return { action: "stagedDelete", status: "skipped", targetId, skipReason: "StagedDelete" };
  }
  if (object.isPurged) return remove(work, link);
  if (isEntitled) return updateInScope(work, link, await read(work, link));
  if (engine.behaviour.skipsOutOfScopeDeletions)
    return { action: "other", status: "skipped", targetId, skipReason: "SkipOutOfScopeDeletions" };
  if (flow.type === "Group" || flow.activity.length === 0) return remove(work, link);
  return disable(work, link);
}

/** Reports whether an object would be deleted or disabled in the target, which the deletion threshold counts. */
export function leaves(engine: Engine, flow: ObjectFlow, object: StoredObject, link: Link): boolean {
  if (object.isPurged) return flow.deletes;
  if (engine.behaviour.skipsOutOfScopeDeletions || !link.isActive) return false;
  const isDeleted = flow.type === "Group" || flow.activity.length === 0;
  return (isDeleted ? flow.deletes : flow.updates) && !entitlementOf(engine, flow, object).isEntitled;
}

async function read({ flow, tracing }: Work, { targetId }: Link): Promise<Resource> {
  const answer = await tracing.conversation.ask("read", { method: "GET", path: resourcePath(flow, targetId) });
  if (answer.status === 404) tracing.observe("id lost", { sent: targetId });
  if (answer.status !== 200) throw refusal(`The read of ${targetId}`, answer);
  const resource = resourceIn("The read", answer);
  if (resource.id !== targetId) tracing.observe("id changed", { sent: targetId, returned: resource.id });
  return resource;
}

async function remove({ engine, flow, object, tracing }: Work, { targetId }: Link): Promise<Ending> {
  if (!flow.deletes) return { action: "other", status: "skipped", targetId, skipReason: "DeletionNotEnabled" };
  const answer = await tracing.conversation.ask("delete", {
    method: "DELETE",
    path: `${flow.endpoint}/${encodeURIComponent(targetId)}`,
  });
  if (![200, 202, 204, 404].includes(answer.status)) throw refusal("The deletion", answer);
  engine.store.unlink(object.type, object.objectId);
  tracing.step(exportedStep("EntryExportDelete", `${object.type} was deleted in ${engine.job.targetName}`));
  if (engine.behaviour.verifies) await verifyGone(flow, targetId, tracing);
  return { action: "delete", status: "success", targetId };
}

async function verifyGone(flow: ObjectFlow, targetId: string, { conversation, observe }: Tracing): Promise<void> {
  const { status } = await conversation.ask("verify", { method: "GET", path: resourcePath(flow, targetId) });
  if (status === 200) observe("not deleted", { sent: targetId });
}

const OUT_OF_SCOPE: Readonly<Record<string, SourceValue>> = { IsSoftDeleted: true };

/** Out of scope is like a soft deletion: attributes that read it are sent, and nothing else. */
async function disable(work: Work, link: Link): Promise<Ending> {
  const { flow } = work;
  if (!flow.updates)
    return { action: "other", status: "skipped", targetId: link.targetId, skipReason: "UpdateNotEnabled" };
  const resource = await read(work, link);
  const changes = differences(work, flow.activity, resource, OUT_OF_SCOPE);
  const ending = await sendChanges(work, { ...link, isActive: false }, changes, resource);
  return ending.action === "update" ? { ...ending, action: "disable" } : ending;
}

/** Compares an object in scope with the target, and sends the differences. */
async function updateInScope(work: Work, link: Link, resource: Resource): Promise<Ending> {
  const { flow } = work;
  if (!flow.updates)
    return { action: "other", status: "skipped", targetId: link.targetId, skipReason: "UpdateNotEnabled" };
  const flows = flow.values.filter(({ isForCreationOnly }) => !isForCreationOnly);
  return sendChanges(work, { ...link, isActive: true }, differences(work, flows, resource), resource);
}
