import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { Person } from "../state/person.ts";
import type { SyncStore } from "../state/syncs.ts";
import type { SyncSettings } from "./definition.ts";
import type { Held } from "./guard.ts";
import { failedWith, isUnseen } from "./outcomes.ts";
import type { Kind } from "./person.ts";
import type { Rules } from "./rules.ts";
import type { Unusable } from "./source.ts";
import { TargetError } from "./target.ts";

/** What a run works with, whatever its target is. */
export interface Common {
  readonly settings: SyncSettings;
  readonly rules: Rules;
  readonly store: SyncStore;
  /** The number of the read of the source that counts; 0 where none was whole. */
  readonly read: number;
  /** The time that rules go by, in milliseconds since 1970. */
  readonly now: number;
  /** People who were found to be in no circle of references, by the path of the rule. */
  readonly clear: Map<string, Set<string>>;
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
}

/** How many changes of a kind there were in a run. */
export interface KindCount {
  planned: number;
  done: number;
  failed: number;
}

/** What became of the groups in a run. */
export interface GroupsReport {
  readonly added: number;
  readonly removed: number;
  /** Groups that could not be kept, and why. */
  readonly failures: readonly { readonly group: string; readonly reason: string }[];
}

/** Counts of a run on its way. */
export interface Progress {
  readonly counts: Record<string, KindCount>;
  readonly held: Map<string, Held>;
  readonly unusable: Unusable[];
  readonly people: { read: number; unusable: number; twice: number };
  /** Changes of each kind that were made. */
  readonly made: Map<string, number>;
  /** How many people could not be looked at: the target did not answer for them, or a rule took too long. */
  unseen: number;
  groups: GroupsReport;
}

/** How a run works on a kind of target. */
export interface Engine {
  /** Before anybody is looked at. */
  readonly begin: () => Promise<void>;
  /** Looks at a person: gives it with a plan, or why there is none. */
  readonly look: (person: Person) => Promise<Person>;
  /** Makes the changes of some people that are planned; `done` is called with each person after it. */
  readonly apply: (people: readonly Person[], done: (person: Person) => Promise<void>) => Promise<void>;
  /** When everybody's changes are made. */
  readonly finish: () => Promise<GroupsReport>;
}

/** The run is to end, because somebody asked for it or the process does. */
export class Cancelled extends Error {}

/** Others have a turn so often, in milliseconds. */
const TURN_MS = 10;
/** How many people are looked at in a piece. */
const PIECE = 200;
/** The order in which changes are made: what locks somebody out first, what cannot be taken back last. */
const ORDER: readonly Kind[] = ["disables", "creates", "adoptions", "changes", "removals", "references", "deletes"];
/** A target that is busy is asked about one person so often. */
const MAX_ASKED = 3;
/** So many changes in a row that the target could not take mean that it is away. */
export const AWAY_AFTER = 5;

/** Who is looked at: those who have something due since a time, in milliseconds since 1970, and with `isAll` everybody who has an account. */
export interface Scope {
  readonly from: number;
  readonly isAll: boolean;
}

/** Looks at those who changed or have something due, or at all accounts. Gives how many have a plan, and how many could not be looked at. */
export async function lookAtDue(
  { store, now, settings }: Common,
  engine: Engine,
  options: RunOptions,
  { from, isAll }: Scope,
): Promise<{ readonly planned: number; readonly unseen: number }> {
  let [planned, unseen, away] = [0, 0, 0];
  const walk = async (next: (after: string) => Promise<readonly Person[]>) => {
    for (let after = ""; ; ) {
      await throwIfCancelled(store, options);
      const people = await next(after);
      if (people.length === 0) return;
      after = people.at(-1)!.key;
      const looked = await inLanes(people, settings.concurrency, async (person) => {
        try {
          const seen = await patiently(() => engine.look(person), options.signal);
          away = 0;
          return seen;
        } catch (error) {
          if (!(error instanceof TargetError) || ++away >= AWAY_AFTER) throw error;
          return failedWith({ now }, person, "unavailable", error.message);
        }
      });
      await store.saveLooked(looked);
      planned += looked.filter(({ kind }) => kind !== null).length;
      unseen += looked.filter(isUnseen).length;
    }
  };
  await walk((after) => store.due({ from, to: now }, after, PIECE));
  if (isAll) await walk((after) => store.linked(after, PIECE));
  return { planned, unseen };
}

/** A target that is busy for a moment is asked again. */
async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TargetError) || error.kind !== "unavailable") throw error;
      if (attempt >= MAX_ASKED && !signal.aborted) throw error;
      await pause(Math.min(10, error.retryAfter ?? 0.2 * attempt), signal);
    }
  }
}

/** Waits some seconds. Rejects with `Cancelled` as soon as the run is to end, also where the target failed because of that. */
export async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  await sleep(seconds * 1000, undefined, { signal }).catch(() => {
    throw new Cancelled(ENDED);
  });
}

const ENDED = "The run was ended before it was done; the next one goes on.";

/** Makes the changes that are planned and not held, kind by kind. Gives how many were made. */
export async function applyPlans(
  { store, read }: Common,
  engine: Engine,
  options: RunOptions,
  { counts, made }: Progress,
): Promise<number> {
  let total = 0;
  for (const kind of ORDER) {
    for (let after = ""; ; ) {
      await throwIfCancelled(store, options);
      const people = await store.ready(kind, read > 0, after, PIECE);
      if (people.length === 0) break;
      after = people.at(-1)!.key;
      const known = counts[kind] ?? { planned: 0, done: 0, failed: 0 };
      counts[kind] = known;
      await engine.apply(people, async (person) => {
        await store.save([person]);
        if (person.status === "failed" || person.status === "stopped") known.failed++;
        else {
          known.done++;
          total++;
          made.set(kind, (made.get(kind) ?? 0) + 1);
        }
      });
    }
  }
  return total;
}

/** Does something for each of some people, so many at a time; ends with the first failure, when those under way have ended. */
export async function inLanes<T, R>(all: readonly T[], lanes: number, work: (each: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(all.length);
  let next = 0;
  let failure: { error: unknown } | undefined;
  let turned = performance.now();
  const lane = async () => {
    while (next < all.length && !failure) {
      const index = next++;
      // Where nothing is waited for, as in SQLite, timers and the requests of others would have no turn: the lease would end.
      if (performance.now() - turned > TURN_MS) {
        turned = performance.now();
        await turn();
      }
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

/** Throws where the run is to end. */
export async function throwIfCancelled(store: SyncStore, { signal }: RunOptions): Promise<void> {
  await turn();
  if (signal.aborted) throw new Cancelled(ENDED);
  if ((await store.record()).cancelled === 1) throw new Cancelled("The run was cancelled; the next one goes on.");
}
