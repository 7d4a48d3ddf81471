import type { AuditTrail } from "./sink/trail.ts";
import type { Leases } from "./state/leases.ts";
import { HELD, inPieces, NO_PLAN, type Person } from "./state/person.ts";
import type { SyncStore } from "./state/syncs.ts";
import { isUnderWay, withLease } from "./sync/lease.ts";
import { memoryOf, planOf } from "./sync/person.ts";
import { REHIRE } from "./sync/source.ts";

/** Which held changes are released: of some people, of a kind, or all. */
export interface Release {
  readonly people: readonly string[];
  readonly kind?: string | undefined;
  readonly all: boolean;
  /** The key of the person whose account a rehire takes over. */
  readonly as?: string | undefined;
  /** Whether a possible rehire is somebody new. */
  readonly isNew: boolean;
}

/** What an operator does to a sync. `retry` without people means all that failed or were stopped. */
export type Act =
  | ({ readonly do: "release" } & Release)
  | { readonly do: "retry" | "forget"; readonly people: readonly string[] }
  | { readonly do: "cancel" };

/** Who does it, and why. */
export interface Operator {
  readonly by: string;
  readonly reason?: string | undefined;
}

/** What an act needs: the store, and the audit log where there is one. */
export interface ActParts {
  readonly leases: Leases;
  readonly store: SyncStore;
  readonly audit: AuditTrail | undefined;
}

/** What an act has done: for how many people, and which of those that were named the sync does not know. */
export interface Acted {
  readonly count: number;
  readonly unknown: readonly string[];
}

/** What was asked for cannot be done as it was asked; nothing was changed. */
export class ActError extends Error {
  override name = "ActError";
}

/** How many people one record of the audit log names, and how many are changed at a time. */
const PIECE = 500;

/** What the audit log calls an act that is done. */
const DONE = { release: "released", retry: "retried", forget: "forgotten", cancel: "cancelled" } as const;

/** An act that works on people, in pieces: it changes those that it is given, and gives how many there were. */
interface Work {
  readonly people: () => AsyncGenerator<readonly Person[]>;
  readonly change: (people: readonly Person[]) => Promise<unknown>;
}

/**
 * Does what an operator asks for, alone of all processes that share the store, and records who asked, why, and for whom it was done: before it is
 * done, and after each piece of it. Rejects with an `ActError`, with a `BusyError` while a run is under way, and where it cannot be recorded.
 */
export async function carryOutAct(parts: ActParts, sync: string, act: Act, operator: Operator): Promise<Acted> {
  const never = new AbortController().signal;
  if (act.do === "cancel") return cancel(parts, sync, operator);
  return withLease(parts.leases, sync, never, () => onPeople(parts, sync, act, operator));
}

/** The records of an act: the first before it, `done` for each piece of it. Rejects where the first cannot be written. */
async function recorded({ audit }: ActParts, sync: string, act: Act, { by, reason }: Operator) {
  const about = { sync, by, ...(reason !== undefined && { reason }) };
  const { do: event, ...asked } = act;
  // One record is no longer for whoever names ten thousand people: the records behind name each of them.
  const some = "people" in asked && { people: asked.people.slice(0, PIECE) };
  const intent = await audit?.intent({ event, ...about, ...asked, ...some });
  return {
    done: async (entries: readonly { readonly key: string; readonly kind: string | null }[]) =>
      audit?.outcome({ event: DONE[event], intent, ...about, entries }),
  };
}

/** Has the run that is under way end soon. */
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

/** The release of held changes: the next run makes them. */
async function releases(store: SyncStore, { people, kind, all }: Release): Promise<Work> {
  if (people.length === 0 && kind === undefined && !all)
    throw new ActError("say what is released: the keys of people, a kind of changes, or all");
  for await (const piece of named(store, people))
    if (piece.some((person) => person.kind === "rehires"))
      throw new ActError("a possible rehire is released by saying whose account it is, or that the person is new");
  const isMeant = (person: Person) =>
    person.held === HELD.held && person.kind !== "rehires" && (kind === undefined || person.kind === kind);
  return {
    people: () => only(people.length > 0 ? named(store, people) : listed(store, { held: HELD.held }), isMeant),
    change: (found) => store.release({ keys: found.map(({ key }) => key) }),
  };
}

/** The decision on possible rehires: whose account each of them takes over, or that it is somebody new. */
async function rehires(store: SyncStore, { people, as }: Release): Promise<Work> {
  if (as !== undefined && people.length !== 1) throw new ActError("whose account is taken over is said of one person");
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

/** Rejects where an account is not to be taken over: only that of who was proposed is, or of somebody else who would be told for the same person and is not here. */
async function refuseUnlike(store: SyncStore, key: string, as: string): Promise<void> {
  const former = await store.person(as);
  if (former?.target == null) throw new ActError(`${as} is nobody with an account`);
  const person = await store.person(key);
  if (person?.kind !== "rehires" || planOf(person)?.of === as) return;
  if (!(await store.namesakes(key, REHIRE)).includes(as))
    throw new ActError(
      `${as} differs from ${key} in what tells a rehire: the account that was proposed is ${planOf(person)?.of}'s`,
    );
  if (former.missing === null && former.status !== "left")
    throw new ActError(`${as} is in the source, and was not proposed: the account is in use`);
}

/** A release is in the history of runs, too. */
async function noteRelease(store: SyncStore, act: Release, { by, reason }: Operator, count: number): Promise<void> {
  const now = Date.now();
  const { people, kind, all, as, isNew } = act;
  const run = await store.begin(`released by ${by}: ${reason}`, now);
  const counts = JSON.stringify({ people, kind, all, as, isNew, count });
  await store.end(run, { ended: now, outcome: "released", counts });
}

/** People by their keys, as far as the sync knows them. */
async function* named(store: SyncStore, keys: readonly string[]): AsyncGenerator<readonly Person[]> {
  for (const piece of inPieces([...new Set(keys)])) {
    const found = await Promise.all(piece.map((key) => store.person(key)));
    yield found.filter((person) => person !== undefined);
  }
}

/** All people of a status, or whose change is held. */
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
