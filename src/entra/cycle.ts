import { ProvisioningError } from "./conversation.ts";
import { type Engine, inLanes } from "./engine.ts";
import { isImported } from "./entitlement.ts";
import type { ObjectFlow } from "./job.ts";
import { linkMembers } from "./members.ts";
import { probe } from "./probe.ts";
import { leaves, provision } from "./provision.ts";
import { quarantineFor, type Reason } from "./quarantine.ts";
import { linkReferences } from "./references.ts";
import { GIVEN_UP_AFTER_MS } from "./retries.ts";
import type { StoredObject } from "./source-store.ts";
import { verify } from "./verify.ts";

/** The result of a cycle, apart from traces. */
export interface CycleResult {
  /** Why this cycle puts the job in quarantine; undefined if it does not. */
  readonly reason?: Reason;
  /** The number of objects read from the source, and of those in scope. */
  readonly imported: number;
  readonly entitled: number;
}

/** Options of a cycle. */
export interface CycleOptions {
  /** Whether everything in the source is processed, not only changes. */
  readonly isWhole: boolean;
  /** Whether deletions are sent however many there are. */
  readonly allowsDeletions: boolean;
}

/**
 * One cycle: probes; then users, their references, groups, and members. Failures are kept for another attempt. If deletions and disables
 * exceed the threshold, all of them are held.
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
    const held = leaving === 1 ? "1 deletion or disable is" : `${leaving} deletions and disables are`;
    const message = `${held} held: the threshold is ${threshold}. To send them, run cycle --allow-deletes.`;
    return { ...counts, reason: { reason: "TooManyDeletes", error: { code: "TooManyDeletes", message } } };
  }
  const escrows = store.countEscrows();
  // Linked objects, and those that failed to be.
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

/** A flow with the range of source changes to process. */
interface FlowRange {
  readonly flow: ObjectFlow;
  readonly since: number;
  readonly until: number;
}

const placesOf = ({ store }: Engine, flow: ObjectFlow, { isWhole }: CycleOptions) => ({
  since: isWhole ? 0 : store.setting(watermark(flow), 0),
  until: store.lastChange(),
});

/** Objects to process: changed ones first, then those due for another attempt. */
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

/** How many objects would be deleted or disabled. */
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

/** Sends an object's references after their targets have been provisioned. An interrupted cycle continues with them. */
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
