import type { Route } from "../gateway/route.ts";
import type { SyncRecord, SyncStore } from "../state/syncs.ts";
import type { SyncSettings } from "./definition.ts";
import { type Held, hold } from "./guard.ts";
import type { Rules } from "./rules.ts";
import { readSource, SourceError, type Unusable } from "./source.ts";
import {
  applyPlans,
  Cancelled,
  type Common,
  type Engine,
  type GroupsReport,
  type KindCount,
  lookAtDue,
  type Progress,
  type RunOptions,
  throwIfCancelled,
} from "./steps.ts";
import { TargetError } from "./target.ts";
import type { Asking } from "./targets/route.ts";
import { counted, people } from "./words.ts";

/** A sync that can run. */
export interface Sync {
  readonly name: string;
  readonly settings: SyncSettings;
  readonly rules: Rules;
  /** The hash of the settings, which reveals changed rules. */
  readonly version: string;
  readonly source: Route;
  readonly store: SyncStore;
  readonly asking: Asking;
  /** Creates the engine for the target, for one run. */
  readonly engineFor: (work: Common, options: RunOptions) => Engine;
}

/** The result of a run. */
export interface RunReport {
  readonly run: number;
  readonly outcome: "planned" | "done" | "incomplete" | "held" | "failed" | "cancelled";
  /** Whether the first run has not been released yet, so that everything is held. */
  readonly isUnreleased: boolean;
  /** Why the run failed as a whole. */
  readonly error: string | undefined;
  readonly counts: Readonly<Record<string, KindCount>>;
  readonly held: readonly Held[];
  /** Source records that are not people, up to a few hundred of them, and their number. */
  readonly unusable: readonly Unusable[];
  readonly people: {
    readonly read: number;
    readonly unusable: number;
    readonly twice: number;
    /** How many people were compared with the rules, and with their accounts. */
    readonly looked: number;
  };
  readonly groups: GroupsReport;
  /** The number of people by state afterwards. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** The clock is not reliable. */
class ClockError extends SourceError {}

/** A clock that went back by more than this is wrong now or was before, in milliseconds. */
const CLOCK_MS = 10 * 60_000;
/** Maximum rounds of evaluation and changes in one run. */
const MAX_ROUNDS = 6;
/** A small source may lose this many people, whatever their share. */
const SMALL_LOSS = 5;
const MAX_UNUSABLE = 500;
const RUNS_LOOKED_AT = 50;
/** How often it is told how far a run is, in milliseconds. */
const TELL_MS = 1000;
/** Delay of the schedule after a failed run, doubling up to a day. */
const WAIT_MS = 5 * 60_000;
const MAX_WAIT_MS = 24 * 3_600_000;

/**
 * Runs a sync once: reads the whole source, evaluates whoever changed or is due, holds what the guard does not permit, and makes the other
 * changes person by person. It may be killed at any time: the next run finds what was done. The caller holds the sync's lease.
 */
export async function runSync(sync: Sync, options: RunOptions): Promise<RunReport> {
  const { store } = sync;
  const now = options.now();
  const record = await store.record();
  const run = await store.begin(options.cause, now);
  const progress: Progress = {
    phase: "reading",
    counts: {},
    held: new Map(),
    unusable: [],
    people: { read: 0, unusable: 0, twice: 0, looked: 0 },
    made: new Map(),
    unseen: 0,
    groups: { added: 0, removed: 0, failures: [] },
  };
  const told = telling(store, run, progress);
  const failure = await carryOut(sync, options, record, progress, now).then(
    () => undefined,
    (error: Error) => error,
  );
  await told.end();
  const outcome = outcomeOf(failure, progress, options);
  const { counts, held, unusable, people, groups } = progress;
  const statuses = Object.fromEntries((await store.byStatus()).map(({ status, count }) => [status, count]));
  const result = { counts, held: [...held.values()], unusable, people, groups, statuses };
  const error = failure?.message;
  await store.end(run, { ended: options.now(), outcome, error: error ?? null, counts: JSON.stringify(result) });
  const failures = outcome === "failed" ? record.failures + 1 : 0;
  const wait = failures === 0 ? 0 : Math.min(MAX_WAIT_MS, WAIT_MS * 2 ** Math.min(failures - 1, 12));
  await store.update({
    failures,
    not_before: failures === 0 ? 0 : now + wait,
    ...(!options.isPlan && !(failure instanceof ClockError) && { ran: now }),
  });
  const isForeseen = [SourceError, TargetError, Cancelled].some((type) => failure instanceof type);
  if (failure && !isForeseen) throw failure;
  const isUnreleased = record.begun === null && (options.isFirst !== true || options.isPlan === true);
  return { run, outcome, isUnreleased, error, ...result };
}

/** Writes now and then into the history how far a run is, for everybody who shares the store. A failure to do so harms nothing. */
function telling(store: SyncStore, run: number, progress: Progress): { readonly end: () => Promise<void> } {
  let [last, writing] = ["", Promise.resolve()];
  const tell = async () => {
    const { phase, counts, people, held } = progress;
    const now = JSON.stringify({ phase, counts, people, held: [...held.values()] });
    if (now !== last) await store.end(run, { counts: now }).catch(() => {});
    last = now;
  };
  const timer = setInterval(() => {
    writing = writing.then(tell);
  }, TELL_MS).unref();
  return {
    end: async () => {
      clearInterval(timer);
      await writing;
    },
  };
}

function outcomeOf(
  failure: Error | undefined,
  { held, counts, groups, unseen }: Progress,
  { isPlan }: RunOptions,
): RunReport["outcome"] {
  if (failure) return failure instanceof Cancelled ? "cancelled" : "failed";
  if (isPlan) return "planned";
  if (held.size > 0) return "held";
  const isWhole = Object.values(counts).every(({ failed }) => failed === 0) && groups.failures.length === 0;
  return isWhole && unseen === 0 ? "done" : "incomplete";
}

async function carryOut(
  sync: Sync,
  options: RunOptions,
  record: SyncRecord,
  progress: Progress,
  now: number,
): Promise<void> {
  const { store, settings, rules, version, name } = sync;
  if (record.ran !== null && now < record.ran - CLOCK_MS)
    throw new ClockError(
      `The system clock, ${new Date(now).toISOString()}, is behind the last run, ${new Date(record.ran).toISOString()}, so dates are not reliable. Correct the clock; if the last run's was wrong: postern sync retry ${name}.`,
    );
  const isFirst = options.isFirst === true && record.begun === null && !options.isPlan;
  const read = record.reads + 1;
  if (record.rules !== version && record.reads > 0) await store.lookAtAll();
  await store.update({ reads: read, cancelled: 0, rules: version });
  const failure = await receive(sync, options, read, progress, now).catch((error: unknown) => {
    if (error instanceof SourceError) return error;
    throw error;
  });
  // Plans are made anew; if the source could not be read, held ones are kept for inspection.
  await store.dropPlans(failure === undefined);
  // The first run is released once there is something to do.
  if (isFirst && !failure) await store.update({ begun: now });
  const work: Common = { settings, rules, store, read: failure ? 0 : read, now, clear: new Map() };
  const engine = sync.engineFor(work, options);
  await engine.begin();
  // Changes that are due are made although the source is unavailable; a partial read waits for a complete one.
  const from = failure ? 1 : 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    progress.phase = "looking";
    const isAll = round === 0 && options.isReconciling === true && !failure;
    const { looked, planned, unseen } = await lookAtDue(work, engine, options, { from, isAll });
    // Later rounds look at some of them again.
    if (round === 0) progress.people.looked = looked;
    progress.unseen += unseen;
    if (planned === 0) break;
    // The first run is decided as a whole: everything is held before it, and nothing once it is released, except
    // accounts found by name, whose ownership is always decided individually.
    const guard = isFirst && !failure ? { adoptions: settings.guard.adoptions } : settings.guard;
    const isAllHeld = record.begun === null && !(isFirst && !failure);
    for (const each of await hold(store, guard, progress.made, isAllHeld)) progress.held.set(each.kind, each);
    await countPlans(store, progress, round);
    progress.phase = "making";
    if (options.isPlan || (await applyPlans(work, engine, options, progress)) === 0) break;
  }
  progress.phase = "groups";
  if (options.isPlan) await store.uncomplete(now);
  else progress.groups = await engine.finish();
  if (failure) throw failure;
}

/** Reads the source, and records who is missing if the read was complete and has not lost too many people. */
async function receive(
  sync: Sync,
  options: RunOptions,
  read: number,
  progress: Progress,
  now: number,
): Promise<undefined> {
  const { store, settings, source, rules, asking } = sync;
  const { people } = progress;
  let repeated = 0;
  for await (const page of readSource(source, settings.from.type, rules, asking)) {
    await throwIfCancelled(store, options);
    const found = await store.receive(read, page.people);
    people.twice += found.twice.length;
    repeated += found.repeated;
    people.read += page.people.length + page.unusable.length;
    people.unusable += page.unusable.length;
    progress.unusable.push(...page.unusable.slice(0, MAX_UNUSABLE - progress.unusable.length));
  }
  if (repeated > 0)
    throw new SourceError(
      `The source returned ${counted(repeated, "record")} twice: its pages overlap, and others may be missing.`,
    );
  if (!options.acceptsShrink) await refuseLosses(sync, read, people.unusable);
  await store.complete(read, now);
  return undefined;
}

/** Rejects if a read has lost more people than is plausible. */
async function refuseLosses({ store, settings, name }: Sync, read: number, unusable: number): Promise<void> {
  const { before, lost } = await store.count(read);
  if (lost === 0) return;
  const accept = `If this is correct: postern sync run ${name} --accept-shrink`;
  const { shrink } = settings.from;
  const most = Math.max(SMALL_LOSS, (Number.parseFloat(shrink) / 100) * before);
  if (lost === before || lost > before / 2 || lost > most)
    throw new SourceError(
      `The source has lost ${lost} of ${people(before)} since the last read, which is more than ${shrink}. ${accept}`,
    );
  // Somebody whose key became empty looks like a leaver.
  const known = await lastUnusable(store);
  if (unusable > known)
    throw new SourceError(
      `The source has lost ${people(lost)}, and ${counted(unusable - known, "more record")} than before ${unusable - known === 1 ? "has" : "have"} no key: they may be the same. ${accept}`,
    );
}

/** The number of unusable records in the last complete read. */
async function lastUnusable(store: SyncStore): Promise<number> {
  const whole = (await store.runs(RUNS_LOOKED_AT)).find(({ outcome }) =>
    ["done", "incomplete", "held"].includes(outcome),
  );
  const { people } = whole ? (JSON.parse(whole.counts) as { people?: { unusable?: number } }) : {};
  return people?.unusable ?? 0;
}

async function countPlans(store: SyncStore, { counts }: Progress, round: number): Promise<void> {
  for (const { kind, count } of await store.planned()) {
    const known = counts[kind] ?? { planned: 0, done: 0, failed: 0 };
    counts[kind] = {
      ...known,
      planned: round === 0 ? known.planned + count : Math.max(known.planned, known.done + count),
    };
  }
}
