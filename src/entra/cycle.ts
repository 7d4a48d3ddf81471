import { ProvisioningError } from "./conversation.ts";
import { type Engine, GIVEN_UP_AFTER_MS, inLanes } from "./engine.ts";
import { isImported } from "./entitlement.ts";
import type { ObjectFlow } from "./job.ts";
import { linkMembers } from "./members.ts";
import { probe } from "./probe.ts";
import { leaves, provision } from "./provision.ts";
import { quarantineFor, type Reason } from "./quarantine.ts";
import { linkReferences } from "./references.ts";
import type { StoredObject } from "./source-store.ts";
import { verify } from "./verify.ts";

/** What a cycle came to, beside the traces. */
export interface CycleResult {
  /** Why the job is put in quarantine by this cycle; undefined where it is not. */
  readonly reason?: Reason;
  /** Objects that were read from the source, and those of them that are to be in the target. */
  readonly imported: number;
  readonly entitled: number;
}

/** What a cycle is asked for. */
export interface CycleOptions {
  /** Whatever is in the source is looked at, not only what changed. */
  readonly isWhole: boolean;
  /** Deletions are sent however many they are. */
  readonly allowsDeletions: boolean;
}

/**
 * One cycle: probes; then users, their references, groups, and members. What failed is kept for another attempt. Deletions and
 * disablings above the threshold are held, all of them.
 */
export async function runCycle(engine: Engine, options: CycleOptions): Promise<CycleResult> {
  const { store, job, behaviour } = engine;
  const counts = { imported: 0, entitled: 0 };
  const failure = await probed(engine);
  if (failure) return { ...counts, reason: failure };
  store.pruneEscrows(engine.now() - GIVEN_UP_AFTER_MS);
  store.pruneRemoved(engine.cycle);
  const ranges = job.flows.map((flow) => ({ flow, ...placesOf(engine, flow, options) }));
  const leaving = ranges.reduce((sum, range) => sum + leavingIn(engine, range), 0);
  const threshold = behaviour.deletionThreshold;
  const isStaged = threshold !== undefined && leaving > threshold && !options.allowsDeletions;
  for (const range of ranges) await runFlow(engine, range, isStaged, counts);
  if (behaviour.verifies) for (const { flow } of ranges) await verifyAll(engine, flow);
  store.together(() => {
    for (const { flow, until } of ranges) store.set(watermark(flow), until);
  });
  if (isStaged) {
    const held = leaving === 1 ? "1 deletion or disabling is" : `${leaving} deletions and disablings are`;
    const message = `${held} held: the threshold is ${threshold}. To send them, run cycle --allow-deletes.`;
    return { ...counts, reason: { reason: "TooManyDeletes", error: { code: "TooManyDeletes", message } } };
  }
  const escrows = store.countEscrows();
  // Who is linked, and who failed to be.
  const failures = { ...escrows, objects: store.countLinks() + escrows.export };
  const reason = quarantineFor(failures, behaviour.quarantine);
  return { ...counts, ...(reason && { reason }) };
}

async function probed(engine: Engine): Promise<Reason | undefined> {
  try {
    for (const flow of engine.job.flows) await probe(engine, flow);
    return undefined;
  } catch (error) {
    if (!(error instanceof ProvisioningError)) throw error;
    return { reason: "EncounteredQuarantineException", error: { code: error.code, message: error.message } };
  }
}

const watermark = ({ type }: ObjectFlow): string => `watermark.${type}`;

/** A flow, with what of the source's changes it has seen and what it will have. */
interface FlowRange {
  readonly flow: ObjectFlow;
  readonly since: number;
  readonly until: number;
}

const placesOf = ({ store }: Engine, flow: ObjectFlow, { isWhole }: CycleOptions) => ({
  since: isWhole ? 0 : store.setting(watermark(flow), 0),
  until: store.lastChange(),
});

/** Objects that are to be looked at: those that changed, then those whose attempt is due. */
function* toLookAt({ store, now }: Engine, { flow, since, until }: FlowRange): Generator<StoredObject> {
  yield* store.changedSince(flow.type, since, until);
  for (let after = ""; ; ) {
    const ids = store.due(flow.type, now(), after);
    if (ids.length === 0) return;
    for (const id of ids) {
      const object = store.object(flow.type, id);
      if (object && object.changed <= since) yield object;
    }
    after = ids.at(-1)!;
  }
}

/** How many would be deleted or disabled. */
function leavingIn(engine: Engine, range: FlowRange): number {
  if (engine.behaviour.deletionThreshold === undefined) return 0;
  const { flow } = range;
  let leaving = 0;
  for (const object of toLookAt(engine, range)) {
    const link = engine.store.link(object.type, object.objectId);
    if (link && isImported(flow, object) && leaves(engine, flow, object, link)) leaving++;
  }
  return leaving;
}

async function runFlow(
  engine: Engine,
  { flow, since, until }: FlowRange,
  isStaged: boolean,
  counts: { imported: number; entitled: number },
): Promise<void> {
  const { store } = engine;
  await inLanes(engine, toLookAt(engine, { flow, since, until }), async (object) => {
    counts.imported++;
    if (await provision(engine, flow, object, { isStaged, since })) counts.entitled++;
  });
  await inLanes(engine, store.pending(flow.type), async ({ id, since: from }) => {
    await linkObject(engine, flow, id, from);
  });
}

/** Sends an object's references, now that what they refer to has been provisioned. A cycle that dies before goes on with them. */
export async function linkObject(engine: Engine, flow: ObjectFlow, id: string, since: number): Promise<void> {
  const object = engine.store.object(flow.type, id);
  if (object)
    await (flow.type === "User" ? linkReferences(engine, flow, object) : linkMembers(engine, flow, object, since));
  engine.store.settlePending(flow.type, id);
}

async function verifyAll(engine: Engine, flow: ObjectFlow): Promise<void> {
  const written = engine.store.linksOf(flow.type, engine.cycle);
  await inLanes(engine, written, ({ id, link }) => verify(engine, flow, id, link));
}
