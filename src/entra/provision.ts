import { ENTERPRISE_USER, type Resource } from "../scim/schema.ts";
import { type Conversation, ProvisioningError, refusal } from "./conversation.ts";
import { bodyValue, changeOperations, type Difference, patchBody } from "./dialects.ts";
import type { SourceValue } from "./directory.ts";
import { type Engine, isSame, mapped, nextAttempt } from "./engine.ts";
import { entitlementOf, isImported } from "./entitlement.ts";
import { ExpressionError } from "./expression/index.ts";
import type { AttributeFlow, ObjectFlow } from "./job.ts";
import { match, resourceIn, resourcePath } from "./look-up.ts";
import type { StoredObject } from "./source-store.ts";
import { asText, readAt, writeAt } from "./target-path.ts";
import type { Link } from "./target-store.ts";
import { beginTrace, type Ending, type Tracing } from "./tracing.ts";

/** An object that is worked on. */
interface Work {
  readonly engine: Engine;
  readonly flow: ObjectFlow;
  readonly object: StoredObject;
  readonly tracing: Tracing;
}

/** What the work on an object may not do now. */
export interface Restraint {
  /** Deletions and disablings are held. */
  readonly isStaged: boolean;
}

/**
 * Brings one object of the source to the target, without its references: looked up and linked, created, changed, disabled or deleted.
 * What fails is traced and kept for another attempt; nothing is thrown but this program's own faults.
 */
export async function provision(
  engine: Engine,
  flow: ObjectFlow,
  object: StoredObject,
  restraint: Restraint,
): Promise<void> {
  const { store } = engine;
  const link = store.link(object.type, object.objectId);
  if (object.isPurged && !link) return store.settle(object.type, object.objectId, "export");
  if (!isImported(flow, object)) return;
  const tracing = beginTrace(engine, flow, object);
  const work: Work = { engine, flow, object, tracing };
  try {
    const ending = await (link ? keep(work, link, restraint) : bringIn(work));
    if (ending.action !== "stagedDelete") store.settle(object.type, object.objectId, "export");
    tracing.end(ending);
  } catch (error) {
    tracing.end(failed(work, error, link));
  }
}

/** Keeps a failure for another attempt. */
function failed({ engine, object, tracing }: Work, error: unknown, link: Link | undefined): Ending {
  const { code, message } = told(error);
  const escrow = keepFailure(engine, object, "export", code);
  tracing.step({ name: "EntryExport", type: "export", status: "failure", description: message, details: { code } });
  const action = link ? "update" : "create";
  return {
    action,
    status: "failure",
    ...(link && { targetId: link.targetId }),
    error: { code, reason: message, nextAttempt: escrow },
  };
}

/** The code and the words of a failure. Throws what is no failure of provisioning. */
export function told(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof ProvisioningError) return { code: error.code, message: error.message };
  if (error instanceof ExpressionError) return { code: "EntrySynchronizationError", message: error.message };
  throw error;
}

/** Puts an object among those that are tried again. Gives when. */
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

/** An object that is not linked: looked up, and created where it is not there. */
async function bringIn(work: Work): Promise<Ending> {
  const { engine, flow, object, tracing } = work;
  const { isEntitled, step } = entitlementOf(engine, flow, object);
  tracing.step(step);
  if (!isEntitled) return { action: "other", status: "skipped", skipReason: "NotEffectivelyEntitled" };
  const { resource } = await match(engine, flow, object, tracing);
  if (resource) {
    const link: Link = { targetId: resource.id, exported: {}, isActive: true, since: engine.cycle };
    engine.store.saveLink(object.type, object.objectId, link, engine.cycle);
    return change(work, link, resource);
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
    if (!attribute.isForCreationOnly) exported[attribute.target.text] = asText(value)!;
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

/** The beginning of a resource that is created. Extensions of the job's own are left out of `schemas`, as Entra leaves them out. */
function newResource({ type, values }: ObjectFlow): Resource {
  const core = `urn:ietf:params:scim:schemas:core:2.0:${type}`;
  const isEnterprise = values.some(({ target }) => target.urn?.toLowerCase() === ENTERPRISE_USER.toLowerCase());
  const more = type === "Group" ? [GROUP_EXTENSION] : isEnterprise ? [ENTERPRISE_USER] : [];
  return { schemas: [core, ...more], meta: { resourceType: type } };
}

/** An object that is linked: read, and changed where it differs; disabled or deleted where it is not to be there. */
async function keep(work: Work, link: Link, { isStaged }: Restraint): Promise<Ending> {
  const { engine, flow, object, tracing } = work;
  const { targetId } = link;
  const { isEntitled, step } = entitlementOf(engine, flow, object);
  tracing.step(step);
  const leaves = object.isPurged || (!isEntitled && link.isActive);
  if (leaves && isStaged) {
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
  if (isEntitled) return change(work, link, await read(work, link));
  if (engine.behaviour.skipsOutOfScopeDeletions)
    return { action: "other", status: "skipped", targetId, skipReason: "SkipOutOfScopeDeletions" };
  if (flow.type === "Group" || flow.activity.length === 0) return remove(work, link);
  return disable(work, link);
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

/** Out of scope is as if softly deleted: what reads that is sent, and nothing else. */
async function disable(work: Work, link: Link): Promise<Ending> {
  const { engine, flow } = work;
  if (!flow.updates)
    return { action: "other", status: "skipped", targetId: link.targetId, skipReason: "UpdateNotEnabled" };
  const resource = await read(work, link);
  const ending = await send(work, link, differences(work, flow.activity, resource, OUT_OF_SCOPE), resource);
  const saved = engine.store.link(work.object.type, work.object.objectId) ?? link;
  engine.store.saveLink(work.object.type, work.object.objectId, { ...saved, isActive: false }, engine.cycle);
  return ending.action === "update" ? { ...ending, action: "disable" } : ending;
}

/** Compares an object that is in scope with what the target shows of it, and sends what differs. */
async function change(work: Work, link: Link, resource: Resource): Promise<Ending> {
  const { engine, flow, object } = work;
  if (!flow.updates)
    return { action: "other", status: "skipped", targetId: link.targetId, skipReason: "UpdateNotEnabled" };
  const flows = flow.values.filter(({ isForCreationOnly }) => !isForCreationOnly);
  const ending = await send(work, link, differences(work, flows, resource), resource);
  const saved = engine.store.link(object.type, object.objectId) ?? link;
  if (!saved.isActive) engine.store.saveLink(object.type, object.objectId, { ...saved, isActive: true }, engine.cycle);
  return ending;
}

/** What differs. An empty source changes nothing: Entra sends no nulls. */
function differences(
  { engine, object }: Work,
  flows: readonly AttributeFlow[],
  resource: Resource,
  overrides: Readonly<Record<string, SourceValue>> = {},
): Difference[] {
  return flows.flatMap((flow): Difference[] => {
    const wanted = mapped(engine, flow, object, overrides);
    const current = readAt(resource, flow.target);
    if (wanted === undefined || (!flow.isAlwaysSent && isSame(flow, wanted, current))) return [];
    const text = asText(current);
    return [{ flow, wanted, ...(text !== undefined && { current: text }) }];
  });
}

async function send(work: Work, link: Link, changes: readonly Difference[], resource: Resource): Promise<Ending> {
  const { engine, flow, object, tracing } = work;
  const { targetId } = link;
  tellEndless(changes, link, tracing);
  if (changes.length === 0) {
    const exported = confirmed(link.exported, flow, resource);
    engine.store.saveLink(object.type, object.objectId, { ...link, exported }, engine.cycle);
    tracing.step({
      name: "EntrySynchronizationSkip",
      type: "export",
      status: "skipped",
      description:
        "The state of the entry in both the source and target systems already match. No change needs to be made.",
      details: { SkipReason: "RedundantExport" },
    });
    return { action: "other", status: "skipped", targetId, skipReason: "RedundantExport" };
  }
  for (const { flow: attribute, wanted, current } of changes) note(work, attribute, current, asText(wanted)!);
  await patch(tracing.conversation, flow, targetId, changeOperations(changes, engine.behaviour.dialect));
  const sent = changes.map(({ flow: { target }, wanted }) => [target.text, asText(wanted)!]);
  const exported = { ...confirmed(link.exported, flow, resource), ...Object.fromEntries(sent) };
  engine.store.saveLink(object.type, object.objectId, { ...link, exported }, engine.cycle);
  tracing.step(exportedStep("EntryExportUpdate", `${object.type} was updated in ${engine.job.targetName}`));
  return { action: "update", status: "success", targetId };
}

/** An attribute that was sent with this value before, and is still not there, is sent for ever. */
function tellEndless(changes: readonly Difference[], { exported }: Link, { observe }: Tracing): void {
  for (const { flow, wanted, current } of changes) {
    const path = flow.target.text;
    if (flow.isAlwaysSent || exported[path] !== asText(wanted)) continue;
    observe("endless update", {
      attribute: path,
      sent: exported[path]!,
      ...(current !== undefined && { returned: current }),
    });
  }
}

/** What was sent and has not been seen since. References are kept: they are not read back. */
function confirmed(exported: Link["exported"], { values }: ObjectFlow, resource: Resource): Record<string, string> {
  const isSeen = ([path, sent]: [string, string]) => {
    const flow = values.find(({ target }) => target.text === path);
    return flow !== undefined && isSame(flow, sent, asText(readAt(resource, flow.target)));
  };
  return Object.fromEntries(Object.entries(exported).filter((entry) => !isSeen(entry)));
}

/** Sends a PATCH. Throws a `ProvisioningError` where it was not done. */
export async function patch(
  { ask }: Conversation,
  flow: ObjectFlow,
  targetId: string,
  operations: ReturnType<typeof changeOperations>,
): Promise<void> {
  const path = `${flow.endpoint}/${encodeURIComponent(targetId)}`;
  const answer = await ask("update", { method: "PATCH", path, body: patchBody(operations) });
  if (![200, 202, 204].includes(answer.status)) throw refusal("The update", answer);
}

function note({ tracing }: Work, flow: AttributeFlow, oldValue: string | undefined, newValue: string): void {
  const { target, isRedacted } = flow;
  if (isRedacted) tracing.modified({ name: target.text, newValue: "[Redacted]" });
  else tracing.modified({ name: target.text, ...(oldValue !== undefined && { oldValue }), newValue });
}

/** The step of the log that says what was done in the target. */
export const exportedStep = (name: string, description: string) =>
  ({ name, type: "export", status: "success", description }) as const;
