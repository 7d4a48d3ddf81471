import { ProvisioningError } from "./conversation.ts";
import { referenceOperation } from "./dialects.ts";
import { attributeOf, type Engine, mapped } from "./engine.ts";
import { entitlementOf } from "./entitlement.ts";
import type { AttributeFlow, ObjectFlow } from "./job.ts";
import { isEqual, search, searchPath } from "./look-up.ts";
import { exportedStep, keepFailure, patch, told } from "./provision.ts";
import type { StoredObject } from "./source-store.ts";
import { asText } from "./target-path.ts";
import type { Link } from "./target-store.ts";
import { beginTrace, type Tracing } from "./tracing.ts";

/** What a reference should become. */
type Wish =
  | { readonly kind: "same" }
  /** The id in the target; undefined for none. */
  | { readonly kind: "set"; readonly targetId: string | undefined }
  /** What is referred to is in scope and not in the target yet. */
  | { readonly kind: "later"; readonly objectId: string };

/**
 * Sets what an object refers to, such as its manager, once both are in the target. What is referred to and out of scope is left out, and
 * not looked at again until the object itself changes, as Entra does it. Members of groups are elsewhere.
 */
export async function linkReferences(engine: Engine, flow: ObjectFlow, object: StoredObject): Promise<void> {
  const { store } = engine;
  const link = store.link(object.type, object.objectId);
  const flows = flow.references.filter(({ target }) => target.attribute !== "members");
  if (!link || object.isPurged || flows.length === 0 || !entitlementOf(engine, flow, object).isEntitled)
    return store.settle(object.type, object.objectId, "reference");
  const wishes = flows.map((attribute) => ({ attribute, wish: wishFor(engine, flow, object, attribute, link) }));
  const changes = wishes.filter(({ wish }) => wish.kind !== "same");
  if (changes.length === 0) return store.settle(object.type, object.objectId, "reference");
  const tracing = beginTrace(engine, flow, object);
  const ending = { action: "update", targetId: link.targetId } as const;
  try {
    let sent = 0;
    for (const { attribute, wish } of changes)
      if (await setReference(engine, flow, object, { attribute, wish, tracing })) sent++;
    store.settle(object.type, object.objectId, "reference");
    if (sent > 0) tracing.end({ ...ending, status: "success" });
    else tracing.end({ action: "other", status: "skipped", targetId: link.targetId, skipReason: "RedundantExport" });
  } catch (error) {
    const { code, message } = told(error);
    const next = keepFailure(engine, object, "reference", code);
    tracing.step({
      name: "EntryReferenceResolution",
      type: "referenceResolution",
      status: "failure",
      description: message,
    });
    tracing.end({ ...ending, status: "failure", error: { code, reason: message, nextAttempt: next } });
  }
}

function wishFor(engine: Engine, flow: ObjectFlow, object: StoredObject, attribute: AttributeFlow, link: Link): Wish {
  const known = link.exported[attribute.target.text];
  const objectId = asText(mapped(engine, attribute, object) ?? attributeOf(object)(attribute.target.attribute));
  if (objectId === undefined) return known === undefined ? { kind: "same" } : { kind: "set", targetId: undefined };
  const target = engine.store.link("User", objectId);
  if (target) return target.targetId === known ? { kind: "same" } : { kind: "set", targetId: target.targetId };
  const referred = engine.store.object("User", objectId);
  const isExpected = referred !== undefined && entitlementOf(engine, flow, referred).isEntitled;
  return isExpected ? { kind: "later", objectId } : { kind: "same" };
}

interface Setting {
  readonly attribute: AttributeFlow;
  readonly wish: Wish;
  readonly tracing: Tracing;
}

/** Gives whether something was sent. */
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

/** Asks whether a reference is not what it should be: Entra asks by a filter, and does not read the resource for it. */
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
