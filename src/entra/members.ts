import { ProvisioningError, refusal } from "./conversation.ts";
import { memberOperations, patchBody } from "./dialects.ts";
import type { Engine } from "./engine.ts";
import { entitlementOf } from "./entitlement.ts";
import type { ObjectFlow } from "./job.ts";
import { keepFailure, told } from "./provision.ts";
import type { StoredObject } from "./source-store.ts";
import type { Link } from "./target-store.ts";
import { beginTrace, type Tracing } from "./tracing.ts";

/** Sends members of a group that were added and removed. Users that are not in the target are left out. */
export async function linkMembers(engine: Engine, flow: ObjectFlow, group: StoredObject, since: number): Promise<void> {
  const { store } = engine;
  const { objectId } = group;
  const link = store.link("Group", objectId);
  if (!link || group.isPurged || !entitlementOf(engine, flow, group).isEntitled)
    return store.settle("Group", objectId, "reference");
  // All members of a group that is new there, or whose members failed; else those that were added since.
  const isWhole = link.since === engine.cycle || store.escrow("Group", objectId, "reference") !== undefined;
  const pending = {
    remove: (after: string) => store.membersToRemove(objectId, after, PIECE),
    add: (after: string) => store.membersToAdd(objectId, isWhole ? 0 : since, after, PIECE),
  };
  if (pending.remove("").length === 0 && pending.add("").length === 0)
    return store.settle("Group", objectId, "reference");
  const tracing = beginTrace(engine, flow, group);
  const ending = { action: "update", targetId: link.targetId } as const;
  try {
    const removed = await sendMembers(engine, flow, { objectId, link, tracing, isAdding: false }, pending.remove);
    const added = await sendMembers(engine, flow, { objectId, link, tracing, isAdding: true }, pending.add);
    if (removed.later + added.later > 0)
      throw new ProvisioningError(
        "UnableToResolveReferenceAttributeValue",
        `${added.later} members are in scope and not in the target yet`,
      );
    store.settle("Group", objectId, "reference");
    if (removed.sent + added.sent > 0) tracing.end({ ...ending, status: "success" });
  } catch (error) {
    const { code, message } = told(error);
    const next = keepFailure(engine, group, "reference", code);
    tracing.step({
      name: "EntryReferenceResolution",
      type: "referenceResolution",
      status: "failure",
      description: message,
    });
    tracing.end({ ...ending, status: "failure", error: { code, reason: message, nextAttempt: next } });
  }
}

/** Members are read from the store in pieces of so many. */
const PIECE = 1000;

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
): Promise<{ readonly sent: number; readonly later: number }> {
  const counts = { sent: 0, later: 0 };
  const batch: { readonly member: string; readonly id: string }[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    await sendBatch(engine, flow, sending, batch.splice(0));
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
      } else if (!sending.isAdding) engine.store.setExported(sending.objectId, member, false);
      if (batch.length === engine.behaviour.membersPerRequest) await flush();
    }
    after = members.at(-1)!;
  }
  await flush();
  return counts;
}

/** The id of a member in the target; `later` where it is to come, undefined where it is not. */
function targetOf(engine: Engine, member: string, isAdding: boolean): string | undefined {
  const { store, job } = engine;
  const link = store.link("User", member);
  if (link || !isAdding) return link?.targetId;
  const object = store.object("User", member);
  const users = job.flows.find(({ type }) => type === "User");
  return object && users && entitlementOf(engine, users, object).isEntitled ? "later" : undefined;
}

async function sendBatch(
  { store, behaviour }: Engine,
  flow: ObjectFlow,
  { objectId, link, tracing, isAdding }: Sending,
  batch: readonly { readonly member: string; readonly id: string }[],
): Promise<void> {
  const { dialect } = behaviour;
  const ids = batch.map(({ id }) => id);
  const path = `${flow.endpoint}/${encodeURIComponent(link.targetId)}`;
  const body = patchBody(memberOperations(ids, isAdding, dialect));
  const answer = await tracing.conversation.ask("update", { method: "PATCH", path, body });
  if (![200, 202, 204].includes(answer.status)) throw refusal("The change of members", answer);
  store.together(() => {
    for (const { member } of batch) store.setExported(objectId, member, isAdding);
  });
  tracing.modified({ name: "members", ...(isAdding ? { newValue: ids.join(", ") } : { oldValue: ids.join(", ") }) });
}
