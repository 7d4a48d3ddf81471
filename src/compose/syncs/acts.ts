import type { AuditTrail } from "../../sink/trail.ts";
import type { Leases } from "../../state/leases.ts";
import { HELD, inPieces, NO_PLAN, type Person } from "../../state/person.ts";
import type { SyncStore } from "../../state/syncs.ts";
import { isUnderWay, withLease } from "../../sync/lease.ts";
import { memoryOf, planOf } from "../../sync/person.ts";
import { REHIRE } from "../../sync/source.ts";
import { recordBefore } from "../recorded-acts.ts";

/** Which held changes to release: of some people, of one kind, or all. */
export interface Release {
  readonly people: readonly string[];
  readonly kind?: string | undefined;
  readonly all: boolean;
  /** The key of the person whose account a rehire takes over. */
  readonly as?: string | undefined;
  /** Whether a possible rehire is a new person. */
  readonly isNew: boolean;
  /** The number of the last entry in the history of runs that the operator saw. If there is a later one, nothing is released. */
  readonly seen?: number | undefined;
}

/** An operator's action on a sync. `retry` without people means everyone whose change failed or was stopped. */
export type Act =
  | ({ readonly do: "release" } & Release)
  | { readonly do: "retry" | "forget"; readonly people: readonly string[] }
  | { readonly do: "cancel" };

/** Who acts, and why. */
export interface Operator {
  readonly by: string;
  readonly reason?: string | undefined;
}

/** What an action needs: the store, and the audit log if there is one. */
export interface ActParts {
  readonly leases: Leases;
  readonly store: SyncStore;
  readonly audit: AuditTrail | undefined;
}

/** The result of an action: the number of people affected, and the named people that the sync does not know. */
export interface Acted {
  readonly count: number;
  readonly unknown: readonly string[];
}

/** The action is not possible as requested. Nothing was changed. */
export class ActError extends Error {
  override name = "ActError";
}

/** Maximum number of people named in one audit record and changed in one batch. */
const PIECE = 500;

/** The audit log's names for completed actions. */
const DONE = { release: "released", retry: "retried", forget: "forgotten", cancel: "cancelled" } as const;

/** An action on people. It changes each batch that it is given and returns the number changed. */
interface Work {
  readonly people: () => AsyncGenerator<readonly Person[]>;
  readonly change: (people: readonly Person[]) => Promise<unknown>;
}

/**
 * Performs an operator's action while no other process works on the sync. Records the request first, and each batch after it. Rejects with
 * `ActError`, with `BusyError` while a run is under way, and if the request cannot be recorded.
 */
export async function carryOutAct(parts: ActParts, sync: string, act: Act, operator: Operator): Promise<Acted> {
  const never = new AbortController().signal;
  if (act.do === "cancel") return cancel(parts, sync, operator);
  return withLease(parts.leases, sync, never, () => onPeople(parts, sync, act, operator));
}

/** Records an action: one record before it, and one per batch. Rejects if the first cannot be written. */
async function recorded({ audit }: ActParts, sync: string, act: Act, { by, reason }: Operator) {
  const about = { sync, by, ...(reason !== undefined && { reason }) };
  const { do: event, seen: _, ...asked } = { seen: undefined, ...act };
  // Keeps the first record short when thousands of people are named: the records of the batches name each of them.
  const some = "people" in asked && { people: asked.people.slice(0, PIECE) };
  const intent = await recordBefore(audit, { event, ...about, ...asked, ...some });
  return {
    done: async (entries: readonly { readonly key: string; readonly kind: string | null }[]) =>
      audit?.outcome({ event: DONE[event], intent, ...about, entries }),
  };
}

/** Asks the current run to stop soon. */
async function cancel(parts: ActParts, sync: string, operator: Operator): Promise<Acted> {
  const { leases, store } = parts;
  if (!(await isUnderWay(leases, sync))) throw new ActError("no run is under way");
  const record = await recorded(parts, sync, { do: "cancel" }, operator);
  await store.update({ cancelled: 1 });
  await record.done([]);
  return { count: 0, unknown: [] };
}

async function onPeople(
  parts: ActParts,
  sync: string,
  act: Exclude<Act, { do: "cancel" }>,
  operator: Operator,
): Promise<Acted> {
  const { store } = parts;
  if (act.do === "release" && act.seen !== undefined) await refuseUnseen(store, act.seen);
  const { people, change } = await workOf(store, act);
  const record = await recorded(parts, sync, act, operator);
  const named = new Set(act.people);
  let count = 0;
  for await (const piece of people()) {
    await change(piece);
    await record.done(piece.map(({ key, kind }) => ({ key, kind })));
    for (const { key } of piece) named.delete(key);
    count += piece.length;
  }
  if (count === 0) await record.done([]);
  if (act.do === "retry") await store.update({ failures: 0, not_before: 0, ran: null });
  if (act.do === "release") await noteRelease(store, act, operator, count);
  return { count, unknown: [...named] };
}

/** Rejects if there was a run, or another release, since the operator looked: what is held may be something else. */
async function refuseUnseen(store: SyncStore, seen: number): Promise<void> {
  const [last] = await store.runs(1);
  if (last && last.run > seen)
    throw new ActError(`since you looked, there was: ${last.cause} (${last.outcome}). Look at what is held now`);
}

function workOf(store: SyncStore, act: Exclude<Act, { do: "cancel" }>): Work | Promise<Work> {
  const { people } = act;
  if (act.do === "release") return act.as !== undefined || act.isNew ? rehires(store, act) : releases(store, act);
  if (act.do === "forget") {
    const forget = async (found: readonly Person[]) => {
      for (const { key } of found) {
        await store.forgetMember(key);
        await store.forget(key);
      }
    };
    return { people: () => named(store, people), change: forget };
  }
  const again = (found: readonly Person[]) => store.save(found.map((person) => ({ ...person, next: 0 })));
  const failed = async function* () {
    for (const status of ["failed", "stopped"]) yield* listed(store, { status });
  };
  return { people: people.length > 0 ? () => named(store, people) : failed, change: again };
}

/** Releases held changes, which the next run makes. */
async function releases(store: SyncStore, { people, kind, all }: Release): Promise<Work> {
  if (people.length === 0 && kind === undefined && !all)
    throw new ActError("specify what to release: keys of people, a kind of change, or all");
  for await (const piece of named(store, people))
    if (piece.some((person) => person.kind === "rehires"))
      throw new ActError(
        "to release a possible rehire, specify whose account it takes over, or that the person is new",
      );
  const isMeant = (person: Person) =>
    person.held === HELD.held && person.kind !== "rehires" && (kind === undefined || person.kind === kind);
  return {
    people: () => only(people.length > 0 ? named(store, people) : listed(store, { held: HELD.held }), isMeant),
    change: (found) => store.release({ keys: found.map(({ key }) => key) }),
  };
}

/** Decides possible rehires: whose account each takes over, or that it is a new person. */
async function rehires(store: SyncStore, { people, as }: Release): Promise<Work> {
  if (as !== undefined && people.length !== 1) throw new ActError("an account can be assigned to only one person");
  if (as !== undefined) await refuseUnlike(store, people[0]!, as);
  const decided = (person: Person): Person => ({
    ...person,
    memory: JSON.stringify({ ...memoryOf(person), rehire: as === undefined ? "new" : { of: as } }),
    ...NO_PLAN,
    next: 0,
  });
  return {
    people: () => only(named(store, people), ({ kind }) => kind === "rehires"),
    change: (found) => store.save(found.map(decided)),
  };
}

/** Rejects unless the account was proposed for the person, or belongs to a departed person with the same identifying attributes. */
async function refuseUnlike(store: SyncStore, key: string, as: string): Promise<void> {
  const former = await store.person(as);
  if (former?.target == null) throw new ActError(`${as} has no account`);
  const person = await store.person(key);
  if (person?.kind !== "rehires" || planOf(person)?.of === as) return;
  if (!(await store.namesakes(key, REHIRE)).includes(as))
    throw new ActError(
      `${as} and ${key} differ in the attributes that identify a rehire: the proposed account is ${planOf(person)?.of}'s`,
    );
  if (former.missing === null && former.status !== "left")
    throw new ActError(`${as} was not proposed and is still in the source: the account is in use`);
}

/** Adds the release to the history of runs. */
async function noteRelease(store: SyncStore, act: Release, { by, reason }: Operator, count: number): Promise<void> {
  const now = Date.now();
  const { people, kind, all, as, isNew } = act;
  const run = await store.begin(`released by ${by}: ${reason}`, now);
  const counts = JSON.stringify({ people, kind, all, as, isNew, count });
  await store.end(run, { ended: now, outcome: "released", counts });
}

/** The named people, as far as the sync knows them. */
async function* named(store: SyncStore, keys: readonly string[]): AsyncGenerator<readonly Person[]> {
  for (const piece of inPieces([...new Set(keys)])) {
    const found = await Promise.all(piece.map((key) => store.person(key)));
    yield found.filter((person) => person !== undefined);
  }
}

/** Everyone with a status, or whose change is held. */
async function* listed(
  store: SyncStore,
  filter: Parameters<SyncStore["listed"]>[0],
): AsyncGenerator<readonly Person[]> {
  for (let after = ""; ; ) {
    const people = await store.listed(filter, after, PIECE);
    if (people.length === 0) return;
    after = people.at(-1)!.key;
    yield people;
  }
}

async function* only(
  pieces: AsyncIterable<readonly Person[]>,
  isMeant: (person: Person) => boolean,
): AsyncGenerator<readonly Person[]> {
  for await (const piece of pieces) {
    const found = piece.filter(isMeant);
    if (found.length > 0) yield found;
  }
}
