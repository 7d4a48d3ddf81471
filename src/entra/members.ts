import { ProvisioningError } from "./conversation.ts";
import { memberOperations } from "./dialects.ts";
import type { Engine } from "./engine.ts";
import type { ObjectFlow } from "./job.ts";
import { failedReference, isExpected, refers } from "./references.ts";
import type { StoredObject } from "./source-store.ts";
import type { Link } from "./target-store.ts";
import { beginTrace, type Tracing } from "./tracing.ts";
import { patch } from "./update.ts";

/**
 * Sends a group's removed members, and those added after a place in the source's change count; all of a group whose members failed before.
 * Users that are not in the target are skipped. A refused batch does not affect others.
 */
export async function linkMembers(engine: Engine, flow: ObjectFlow, group: StoredObject, since: number): Promise<void> {
  const { store } = engine;
  const { objectId } = group;
  const link = store.link("Group", objectId);
  const isMapped = flow.references.some(({ target }) => target.attribute === "members");
  if (!link || !isMapped || !refers(engine, flow, group, link)) return store.settle("Group", objectId, "reference");
  const from = store.escrow("Group", objectId, "reference") === undefined ? since : 0;
  const toRemove = (after: string) => store.membersToRemove(objectId, after, PAGE_SIZE);
  const toAdd = (after: string) => store.membersToAdd(objectId, from, after, PAGE_SIZE);
  if (toRemove("").length === 0 && toAdd("").length === 0) return store.settle("Group", objectId, "reference");
  const tracing = beginTrace(engine, flow, group);
  const sending = { objectId, link, tracing };
  try {
    const removed = await sendMembers(engine, flow, { ...sending, isAdding: false }, toRemove);
    const added = await sendMembers(engine, flow, { ...sending, isAdding: true }, toAdd);
    const failure = removed.failure ?? added.failure;
    if (failure) throw failure;
    if (added.later > 0) throw unresolved(added.later);
    store.settle("Group", objectId, "reference");
    if (removed.sent + added.sent > 0) tracing.end({ action: "update", status: "success", targetId: link.targetId });
  } catch (error) {
    tracing.end(failedReference({ engine, object: group, tracing, targetId: link.targetId }, error));
  }
}

const unresolved = (later: number): ProvisioningError =>
  new ProvisioningError(
    "UnableToResolveReferenceAttributeValue",
    `${later === 1 ? "1 member is" : `${later} members are`} in scope and not in the target yet`,
  );

/** Members read from the store at a time. */
const PAGE_SIZE = 1000;

interface Sending {
  readonly objectId: string;
  readonly link: Link;
  readonly tracing: Tracing;
  readonly isAdding: boolean;
}

async function sendMembers(
  engine: Engine,
  flow: ObjectFlow,
  sending: Sending,
  next: (after: string) => readonly string[],
): Promise<{ sent: number; later: number; failure?: ProvisioningError }> {
  const counts: { sent: number; later: number; failure?: ProvisioningError } = { sent: 0, later: 0 };
  const batch: { readonly member: string; readonly id: string }[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    try {
      await sendBatch(engine, flow, sending, batch.splice(0));
    } catch (error) {
      if (!(error instanceof ProvisioningError)) throw error;
      counts.failure ??= error;
    }
  };
  for (let after = ""; ; ) {
    const members = next(after);
    if (members.length === 0) break;
    for (const member of members) {
      const id = targetOf(engine, member, sending.isAdding);
      if (id === "later") counts.later++;
      else if (id !== undefined) {
        batch.push({ member, id });
        counts.sent++;
      } else if (!sending.isAdding) engine.store.removeExported(sending.objectId, member, engine.cycle);
      if (batch.length === engine.behaviour.membersPerRequest) await flush();
    }
    after = members.at(-1)!;
  }
  await flush();
  return counts;
}

/** The ID of a member in the target; `later` if it is expected, undefined if not. */
function targetOf(engine: Engine, member: string, isAdding: boolean): string | undefined {
  const link = engine.store.link("User", member);
  if (link || !isAdding) return link?.targetId;
  return isExpected(engine, member) ? "later" : undefined;
}

async function sendBatch(
  { store, behaviour, cycle }: Engine,
  flow: ObjectFlow,
  { objectId, link, tracing, isAdding }: Sending,
  batch: readonly { readonly member: string; readonly id: string }[],
): Promise<void> {
  const ids = batch.map(({ id }) => id);
  await patch(tracing.conversation, flow, link.targetId, memberOperations(ids, isAdding, behaviour.dialect));
  store.together(() => {
    for (const { member } of batch)
      if (isAdding) store.addExported(objectId, member);
      else store.removeExported(objectId, member, cycle);
  });
  tracing.modified({ name: "members", ...(isAdding ? { newValue: ids.join(", ") } : { oldValue: ids.join(", ") }) });
}
