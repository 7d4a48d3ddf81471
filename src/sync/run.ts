import { setTimeout as sleep } from "node:timers/promises";
import type { Route } from "../gateway/route.ts";
import type { Person } from "../state/people.ts";
import type { SyncRecord, SyncStore } from "../state/syncs.ts";
import { type Applying, apply, type Created } from "./apply.ts";
import type { SyncSettings } from "./definition.ts";
import { settleGroups } from "./groups.ts";
import { type Held, hold } from "./guard.ts";
import { look } from "./look.ts";
import type { Rules } from "./rules.ts";
import { readSource, SourceError, type Unusable } from "./source.ts";
import { type Target, TargetError } from "./target.ts";
import type { Asking } from "./targets/route.ts";

/** A sync that can run. */
export interface Sync {
  readonly name: string;
  readonly settings: SyncSettings;
  readonly rules: Rules;
  /** The hash of the settings, by which a change of the rules is known. */
  readonly version: string;
  readonly source: Route;
  readonly target: Target;
  readonly store: SyncStore;
  readonly asking: Asking;
  readonly deliver?: ((created: Created) => Promise<void>) | undefined;
}

/** What one run is to do. */
export interface RunOptions {
  /** Only says what would happen: the target is not written. */
  readonly isPlan?: boolean;
  /** Looks at every account, not only at those of people who changed or have something due. */
  readonly isReconciling?: boolean;
  /** Somebody has seen the first run's plan, and lets it happen, whatever it is. */
  readonly isFirst?: boolean;
  /** Somebody has seen that the source has become so much smaller. */
  readonly acceptsShrink?: boolean;
  /** Who or what begins it. */
  readonly cause: string;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly warn: (fields: Record<string, unknown>, message: string) => void;
}

/** How many changes of a kind there were in a run. */
export interface KindCount {
  planned: number;
  done: number;
  failed: number;
}

/** What became of a run. */
export interface RunReport {
  readonly run: number;
  readonly outcome: "planned" | "done" | "held" | "failed" | "cancelled";
  /** Why it failed as a whole. */
  readonly error: string | undefined;
  readonly counts: Readonly<Record<string, KindCount>>;
  readonly held: readonly Held[];
  /** Records of the source that are nobody, at most some hundreds of them, and how many there are. */
  readonly unusable: readonly Unusable[];
  readonly people: { readonly read: number; readonly unusable: number; readonly twice: number };
  readonly groups: {
    readonly added: number;
    readonly removed: number;
    readonly failures: readonly { group: string; reason: string }[];
  };
}

/** A clock that went back by more than this is wrong, now or before, in milliseconds. */
const CLOCK_MS = 10 * 60_000;
/** How many people are looked at in a piece; how often looks and changes may follow from each other in one run. */
const PIECE = 200;
const MAX_ROUNDS = 6;
/** So many may be missing from a small source whatever their share is. */
const SMALL_LOSS = 5;
const MAX_UNUSABLE = 500;
/** The order in which changes are made. */
const ORDER = ["disables", "creates", "adoptions", "changes", "removals", "references", "deletes"] as const;
/** So many changes in a row that the target could not take mean that it is away. */
const AWAY_AFTER = 5;
/** A run that fails as a whole makes the schedule wait, twice as long each time, up to a day. */
const WAIT_MS = 5 * 60_000;
const MAX_WAIT_MS = 24 * 3_600_000;

/** The run is to end, because somebody asked for it or the process does. */
class Cancelled extends Error {}

/** Counts of a run on its way. */
interface Progress {
  readonly counts: Record<string, KindCount>;
  readonly held: Map<string, Held>;
  readonly unusable: Unusable[];
  readonly people: { read: number; unusable: number; twice: number };
  groups: RunReport["groups"];
  /** Why changes of single people could not be made now: they are made with the next run. */
  postponed?: TargetError;
}

/**
 * Runs a sync once: reads the source whole, looks at whoever changed or has something due, holds what the guard does not allow, and makes
 * the rest, one person at a time. It may be killed anywhere: the next run finds what this one has done. The caller holds the sync's lease.
 */
export async function runSync(sync: Sync, options: RunOptions): Promise<RunReport> {
  const { store } = sync;
  const now = options.now();
  const record = await store.record();
  const run = await store.begin(options.cause, now);
  const progress: Progress = {
    counts: {},
    held: new Map(),
    unusable: [],
    people: { read: 0, unusable: 0, twice: 0 },
    groups: { added: 0, removed: 0, failures: [] },
  };
  let failure: Error | undefined;
  try {
    await carryOut(sync, options, record, progress, now);
  } catch (error) {
    failure = error as Error;
  }
  const isOwn =
    failure && !(failure instanceof SourceError || failure instanceof TargetError || failure instanceof Cancelled);
  const outcome =
    failure instanceof Cancelled
      ? "cancelled"
      : failure
        ? "failed"
        : options.isPlan
          ? "planned"
          : progress.held.size > 0
            ? "held"
            : "done";
  const report: RunReport = {
    run,
    outcome,
    error: failure?.message,
    counts: progress.counts,
    held: [...progress.held.values()],
    unusable: progress.unusable,
    people: progress.people,
    groups: progress.groups,
  };
  const { error, run: _, outcome: __, ...counts } = report;
  await store.end(run, { ended: options.now(), outcome, error: error ?? null, counts: JSON.stringify(counts) });
  const failures = outcome === "failed" ? record.failures + 1 : 0;
  const wait = failures === 0 ? 0 : Math.min(MAX_WAIT_MS, WAIT_MS * 2 ** Math.min(failures - 1, 12));
  await store.update({ failures, not_before: failures === 0 ? 0 : now + wait, ...(!options.isPlan && { ran: now }) });
  if (isOwn) throw failure;
  return report;
}

async function carryOut(
  sync: Sync,
  options: RunOptions,
  record: SyncRecord,
  progress: Progress,
  now: number,
): Promise<void> {
  const { store, settings, version } = sync;
  if (record.ran !== null && now < record.ran - CLOCK_MS)
    throw new SourceError(
      `The clock is behind the last run's, ${new Date(record.ran).toISOString()}. Dates cannot be trusted: set the clock right.`,
    );
  const read = record.reads + 1;
  await store.update({
    reads: read,
    cancelled: 0,
    rules: version,
    ...(options.isFirst && record.begun === null && { begun: now }),
  });
  await store.dropPlans();
  if (record.rules !== version && record.reads > 0) await store.lookAtAll();
  let sourceFailure: SourceError | undefined;
  try {
    await receive(sync, options, read, progress, now);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    sourceFailure = error;
  }
  const work: Applying = { ...sync, sync: sync.name, read: sourceFailure ? 0 : read, now, deliver: sync.deliver };
  const isBegun = options.isFirst || record.begun !== null;
  // What falls due does so although the source is away; what of it was read is half a truth, and waits for the whole.
  const from = sourceFailure ? 1 : 0;
  const made = new Map<string, number>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const isAll = round === 0 && options.isReconciling === true && !sourceFailure;
    const looked = await lookAtDue(work, options, from, isAll);
    if (looked.planned === 0) break;
    // The first run is somebody's decision as a whole: once it is taken nothing of it is held.
    const isReleased = options.isFirst === true && record.begun === null;
    const held =
      isReleased && !options.isPlan
        ? await hold(store, undefined, made, false)
        : await hold(store, settings.guard, made, !isBegun);
    for (const each of held) progress.held.set(each.kind, each);
    await countPlans(store, progress, round);
    if (options.isPlan) return failWith(sourceFailure);
    if ((await applyPlans(work, options, progress, made)) === 0) break;
  }
  if (!options.isPlan && settings.groups.length > 0) progress.groups = await settleGroups(work);
  failWith(sourceFailure ?? progress.postponed);
}

function failWith(error: Error | undefined): void {
  if (error) throw error;
}

/** Reads the source, and says who is missing, if the read was whole and has not lost too many. */
async function receive(sync: Sync, options: RunOptions, read: number, progress: Progress, now: number): Promise<void> {
  const { store, settings, source, rules, asking } = sync;
  const { people } = progress;
  for await (const page of readSource(source, settings.from.type, rules, asking)) {
    await throwIfCancelled(store, options);
    people.twice += (await store.receive(read, page.people)).length;
    people.read += page.people.length + page.unusable.length;
    people.unusable += page.unusable.length;
    progress.unusable.push(...page.unusable.slice(0, MAX_UNUSABLE - progress.unusable.length));
  }
  const { known, found } = await store.count(read);
  const lost = known - found;
  const isEmpty = found === 0 && lost > 0;
  const most = Math.max(SMALL_LOSS, (Number.parseFloat(settings.from.shrink) / 100) * known);
  if (!options.acceptsShrink && (isEmpty || lost > most))
    throw new SourceError(
      `The source has lost ${lost} of ${known} people since the last read, and more than ${settings.from.shrink} is not believed. If it is right: postern sync run ${sync.name} --accept-shrink`,
    );
  await store.complete(read, now);
}

/** Looks at those who changed or have something due, or at all accounts. Gives how many have a plan. */
async function lookAtDue(
  work: Applying,
  options: RunOptions,
  from: number,
  isAll: boolean,
): Promise<{ planned: number }> {
  const { store, now, settings } = work;
  let planned = 0;
  const walk = async (next: (after: string) => Promise<readonly Person[]>) => {
    for (let after = ""; ; ) {
      await throwIfCancelled(store, options);
      const people = await next(after);
      if (people.length === 0) return;
      after = people.at(-1)!.key;
      const looked = await inLanes(people, settings.concurrency, (person) => patiently(() => look(work, person)));
      await store.saveLooked(looked);
      planned += looked.filter(({ kind }) => kind !== null).length;
    }
  };
  await walk((after) => store.due({ from, to: now }, after, PIECE));
  if (isAll) await walk((after) => store.linked(after, PIECE));
  return { planned };
}

/** A target that is busy for a moment is asked again. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TargetError) || error.kind !== "unavailable" || attempt >= AWAY_AFTER) throw error;
      await sleep(Math.min(10, error.retryAfter ?? 0.2 * attempt) * 1000);
    }
  }
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

/** Makes the changes that are planned and not held, kind by kind. Gives how many were made. */
async function applyPlans(
  work: Applying,
  options: RunOptions,
  progress: Progress,
  made: Map<string, number>,
): Promise<number> {
  const { store, settings } = work;
  const { counts } = progress;
  let total = 0;
  for (const kind of ORDER) {
    let away = 0;
    for (let after = ""; ; ) {
      await throwIfCancelled(store, options);
      const people = await store.ready(kind, after, PIECE);
      if (people.length === 0) break;
      after = people.at(-1)!.key;
      const known = counts[kind] ?? { planned: 0, done: 0, failed: 0 };
      counts[kind] = known;
      await inLanes(people, settings.concurrency, async (person) => {
        if (away >= AWAY_AFTER) return;
        try {
          const after = await apply(work, person);
          await store.save([after]);
          away = 0;
          if (after.status === "failed" || after.status === "stopped") known.failed++;
          else {
            known.done++;
            total++;
            made.set(kind, (made.get(kind) ?? 0) + 1);
          }
        } catch (error) {
          if (!(error instanceof TargetError)) throw error;
          if (++away >= AWAY_AFTER) throw error;
          progress.postponed = error;
        }
      });
    }
  }
  return total;
}

/** Does something for each of some people, so many at a time; ends with the first failure, when those under way have ended. */
async function inLanes<T, R>(all: readonly T[], lanes: number, work: (each: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(all.length);
  let next = 0;
  let failure: { error: unknown } | undefined;
  const lane = async () => {
    while (next < all.length && !failure) {
      const index = next++;
      try {
        results[index] = await work(all[index]!);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, all.length) }, lane));
  if (failure) throw failure.error;
  return results;
}

async function throwIfCancelled(store: SyncStore, { signal }: RunOptions): Promise<void> {
  if (signal.aborted) throw new Cancelled("The run was ended before it was done; the next one goes on.");
  if ((await store.record()).cancelled === 1) throw new Cancelled("The run was cancelled; the next one goes on.");
}
