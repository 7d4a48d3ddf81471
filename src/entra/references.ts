import { ProvisioningError } from "./conversation.ts";
import { referenceOperation } from "./dialects.ts";
import { type Engine, mapped } from "./engine.ts";
import { entitlementOf, isImported } from "./entitlement.ts";
import type { AttributeFlow, ObjectFlow } from "./job.ts";
import { isEqual, search, searchPath } from "./look-up.ts";
import { failureOf, keepFailure } from "./provision.ts";
import type { StoredObject } from "./source-store.ts";
import { asText } from "./target-path.ts";
import type { Link } from "./target-store.ts";
import { beginTrace, type Ending, exportedStep, type Tracing } from "./tracing.ts";
import { patch } from "./update.ts";

/** What a reference should become. */
type Wish =
  | { readonly kind: "same" }
  /** The id in the target; undefined for none. */
  | { readonly kind: "set"; readonly targetId: string | undefined }
  /** What is referred to is in scope and not in the target yet. */
  | { readonly kind: "later"; readonly objectId: string };

/**
 * Sets an object's references, such as its manager, once both are in the target. A target out of scope is skipped, and not checked again
 * until the object itself changes, as in Entra. Members of groups are handled separately.
 */
export async function linkReferences(engine: Engine, flow: ObjectFlow, object: StoredObject): Promise<void> {
  const { store } = engine;
  const link = store.link(object.type, object.objectId);
  const flows = flow.references.filter(({ target }) => target.attribute !== "members");
  if (!link || flows.length === 0 || !refers(engine, flow, object, link))
    return store.settle(object.type, object.objectId, "reference");
  const tracing = beginTrace(engine, flow, object);
  try {
    let sent = 0;
    let known = 0;
    for (const attribute of flows) {
      const wish = wishFor(engine, object, attribute, link);
      if (wish.kind === "same") continue;
      known++;
      if (await setReference(engine, flow, object, { attribute, wish, tracing })) sent++;
    }
    store.settle(object.type, object.objectId, "reference");
    const { targetId } = link;
    if (sent > 0) tracing.end({ action: "update", status: "success", targetId });
    else if (known > 0) tracing.end({ action: "other", status: "skipped", targetId, skipReason: "RedundantExport" });
  } catch (error) {
    tracing.end(failedReference({ engine, object, tracing, targetId: link.targetId }, error));
  }
}

/** Reports whether an object's references are sent: it is in scope, and they changed, or it is new in the target. */
export const refers = (engine: Engine, flow: ObjectFlow, object: StoredObject, link: Link): boolean =>
  !object.isPurged &&
  isImported(flow, object) &&
  (flow.updates || link.since === engine.cycle) &&
  entitlementOf(engine, flow, object).isEntitled;

/** Keeps a failed reference for another attempt. */
export function failedReference(
  { engine, object, tracing, targetId }: { engine: Engine; object: StoredObject; tracing: Tracing; targetId: string },
  error: unknown,
): Ending {
  const { code, message: description } = failureOf(error);
  const nextAttempt = keepFailure(engine, object, "reference", code);
  tracing.step({ name: "EntryReferenceResolution", type: "referenceResolution", status: "failure", description });
  return { action: "update", status: "failure", targetId, error: { code, reason: description, nextAttempt } };
}

/** Reports whether somebody who is not in the target yet is expected there. */
export function isExpected(engine: Engine, objectId: string): boolean {
  const users = engine.job.flows.find(({ type }) => type === "User");
  const object = engine.store.object("User", objectId);
  if (!users?.creates || !object || !isImported(users, object)) return false;
  return entitlementOf(engine, users, object).isEntitled;
}

function wishFor(engine: Engine, object: StoredObject, attribute: AttributeFlow, link: Link): Wish {
  const known = link.exported[attribute.target.text];
  const objectId = asText(mapped(engine, attribute, object));
  if (objectId === undefined) return known === undefined ? { kind: "same" } : { kind: "set", targetId: undefined };
  const target = engine.store.link("User", objectId);
  if (target) return target.targetId === known ? { kind: "same" } : { kind: "set", targetId: target.targetId };
  return isExpected(engine, objectId) ? { kind: "later", objectId } : { kind: "same" };
}

interface Setting {
  readonly attribute: AttributeFlow;
  readonly wish: Wish;
  readonly tracing: Tracing;
}

/** Returns whether something was sent. */
async function setReference(
  engine: Engine,
  flow: ObjectFlow,
  object: StoredObject,
  setting: Setting,
): Promise<boolean> {
  const { attribute, wish, tracing } = setting;
  const { store, behaviour, cycle } = engine;
  const path = attribute.target.text;
  if (wish.kind === "same") return false;
  if (wish.kind === "later")
    throw new ProvisioningError(
      "UnableToResolveReferenceAttributeValue",
      `${path} refers to ${wish.objectId}, which is not in the target yet`,
    );
  const link = store.link(object.type, object.objectId)!;
  const { targetId } = wish;
  const isNew = await isMissing(flow, link.targetId, { attribute, targetId, tracing });
  if (isNew) {
    await patch(tracing.conversation, flow, link.targetId, [
      referenceOperation(attribute, targetId, behaviour.dialect),
    ]);
    tracing.modified({ name: path, newValue: targetId ?? "" });
  }
  const { [path]: _, ...others } = link.exported;
  const exported = targetId === undefined ? others : { ...others, [path]: targetId };
  store.saveLink(object.type, object.objectId, { ...link, exported }, cycle);
  tracing.step(exportedStep("EntryExportUpdate", `${path} was ${isNew ? "set" : "found set"}`));
  return isNew;
}

/** Checks whether a reference differs from what it should be: Entra uses a filter, and does not read the resource for it. */
async function isMissing(
  flow: ObjectFlow,
  id: string,
  { attribute, targetId, tracing }: { attribute: AttributeFlow; targetId: string | undefined; tracing: Tracing },
): Promise<boolean> {
  if (targetId === undefined) return true;
  const filter = `id eq ${JSON.stringify(id)} and ${isEqual({ ...attribute.target, text: attribute.target.attribute }, targetId)}`;
  const found = await search(tracing.conversation, "check reference", `${searchPath(flow, filter)}&attributes=id`);
  return found.length === 0;
}
