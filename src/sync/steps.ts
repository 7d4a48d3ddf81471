import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { Person } from "../state/person.ts";
import type { SyncStore } from "../state/syncs.ts";
import type { SyncSettings } from "./definition.ts";
import type { Held } from "./guard.ts";
import { failedWith, isUnseen } from "./outcomes.ts";
import type { Rules } from "./rules.ts";
import type { Kind } from "./shown.ts";
import type { Unusable } from "./source.ts";
import { TargetError } from "./target.ts";

/** What a run needs, whatever its target. */
export interface Common {
  readonly settings: SyncSettings;
  readonly rules: Rules;
  readonly store: SyncStore;
  /** The number of the source read that counts; 0 if none was complete. */
  readonly read: number;
  /** The time for rules, in milliseconds since 1970. */
  readonly now: number;
  /** People known to be in no reference cycle, by the rule's path. */
  readonly clear: Map<string, Set<string>>;
}

/** Options of a run. */
export interface RunOptions {
  /** Only shows what would happen, without writing. */
  readonly isPlan?: boolean;
  /** Evaluates every account, not only those of people who changed or are due. */
  readonly isReconciling?: boolean;
  /** An operator has seen the first run's plan and releases all of it. */
  readonly isFirst?: boolean;
  /** An operator has confirmed that the source became so much smaller. */
  readonly acceptsShrink?: boolean;
  /** Who or what starts it. */
  readonly cause: string;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** The number of changes of a kind in a run. */
export interface KindCount {
  planned: number;
  done: number;
  failed: number;
}

/** The result for groups in a run. */
export interface GroupsReport {
  readonly added: number;
  readonly removed: number;
  /** Groups that could not be updated, and why. */
  readonly failures: readonly { readonly group: string; readonly reason: string }[];
}

/** Counts of a run in progress. */
export interface Progress {
  /** What it is at: reading the source, evaluating people, making changes, or groups at the end. */
  phase: "reading" | "looking" | "making" | "groups";
  readonly counts: Record<string, KindCount>;
  readonly held: Map<string, Held>;
  readonly unusable: Unusable[];
  readonly people: { read: number; unusable: number; twice: number; looked: number };
  /** The number of changes made, by kind. */
  readonly made: Map<string, number>;
  /** People who could not be evaluated: the target did not answer, or a rule timed out. */
  unseen: number;
  groups: GroupsReport;
}

/** How a run works on one kind of target. */
export interface Engine {
  /** Called before anybody is evaluated. */
  readonly begin: () => Promise<void>;
  /** Evaluates a person: returns it with a plan, or the reason for none. */
  readonly look: (person: Person) => Promise<Person>;
  /** Makes the planned changes of some people. Calls `done` with each person afterwards. */
  readonly apply: (people: readonly Person[], done: (person: Person) => Promise<void>) => Promise<void>;
  /** Called when all changes are made. */
  readonly finish: () => Promise<GroupsReport>;
}

/** The run should end, because an operator asked for it or the process is stopping. */
export class Cancelled extends Error {}

/** How often other work gets a turn, in milliseconds. */
const TURN_MS = 10;
/** How many people are evaluated at a time. */
const PIECE = 200;
/** The order of changes: lock-outs first, irreversible changes last. */
const ORDER: readonly Kind[] = ["disables", "creates", "adoptions", "changes", "removals", "references", "deletes"];
/** How often a busy target is asked about one person. */
const MAX_ASKED = 3;
/** How many consecutive failures mean that the target is unavailable. */
export const AWAY_AFTER = 5;

/** Who is evaluated: people with something due since a time, in milliseconds since 1970, and with `isAll` everybody with an account. */
export interface Scope {
  readonly from: number;
  readonly isAll: boolean;
}

/** Evaluates people who changed or are due, or all accounts. Returns how many have a plan, and how many could not be evaluated. */
export async function lookAtDue(
  { store, now, settings }: Common,
  engine: Engine,
  options: RunOptions,
  { from, isAll }: Scope,
): Promise<{ readonly looked: number; readonly planned: number; readonly unseen: number }> {
  let [counted, planned, unseen, away] = [0, 0, 0, 0];
  const walk = async (next: (after: string) => Promise<readonly Person[]>, isOnce = true) => {
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
      counted += isOnce ? looked.length : looked.filter(({ target }) => target === null).length;
      planned += looked.filter(({ kind }) => kind !== null).length;
      unseen += looked.filter(isUnseen).length;
    }
  };
  // Who has an account is looked at again below, if all are.
  await walk((after) => store.due({ from, to: now }, after, PIECE), !isAll);
  if (isAll) await walk((after) => store.linked(after, PIECE));
  return { looked: counted, planned, unseen };
}

/** Asks a briefly busy target again. */
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

/** Waits some seconds. Rejects with `Cancelled` as soon as the run should end. */
export async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  await sleep(seconds * 1000, undefined, { signal }).catch(() => {
    throw new Cancelled(ENDED);
  });
}

const ENDED = "The run was stopped before it finished; the next one continues.";

/** Makes the planned changes that are not held, kind by kind. Returns how many. */
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

/** Processes people with limited concurrency. Stops at the first failure, after the running ones have finished. */
export async function inLanes<T, R>(all: readonly T[], lanes: number, work: (each: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(all.length);
  let next = 0;
  let failure: { error: unknown } | undefined;
  let turned = performance.now();
  const lane = async () => {
    while (next < all.length && !failure) {
      const index = next++;
      // If nothing is awaited, as with SQLite, timers and requests would get no turn, and the lease would expire.
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

/** Throws if the run should end. */
export async function throwIfCancelled(store: SyncStore, { signal }: RunOptions): Promise<void> {
  await turn();
  if (signal.aborted) throw new Cancelled(ENDED);
  if ((await store.record()).cancelled === 1) throw new Cancelled("The run was cancelled; the next one continues.");
}
