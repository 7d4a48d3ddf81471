import { HELD, type Person } from "../state/person.ts";
import type { SyncStore } from "../state/syncs.ts";
import { memoryOf, planOf } from "./person.ts";
import type { PersonPage } from "./shown.ts";

/** Finds a person by the key in the source, or by the account's ID. */
export const findPerson = async (store: SyncStore, key: string): Promise<Person | undefined> =>
  (await store.person(key)) ?? (await store.byTarget(key));

/** The page of truth of one person. */
export async function personPage(store: SyncStore, person: Person): Promise<PersonPage> {
  const { error, why, warnings, last, left, names, wasActive, isOverridden, sent } = memoryOf(person);
  const groups = await store.memberships(person.key);
  const plan = planOf(person);
  const time = (at: number | null | undefined) => (at == null ? undefined : new Date(at).toISOString());
  return {
    key: person.key,
    account: person.target ?? undefined,
    status: person.status,
    why,
    error: error && {
      code: error.code,
      message: error.message,
      since: time(error.since),
      attempts: error.attempts,
      nextTry: time(error.next),
    },
    warnings: warnings?.length ? warnings : undefined,
    missingSince: time(person.missing),
    left: left && { since: time(left.since), why: left.why, stagesDone: left.stage },
    planned: plan && { ...plan, held: person.held === HELD.held },
    lastAction: last && { at: time(last.at), did: last.did },
    waitsForEntraSince: time(sent?.at),
    nextDue: time(person.next),
    names,
    wasActive,
    overridden: isOverridden || undefined,
    groups:
      groups.length > 0
        ? groups.map(({ shown, state }) => (state === "is" ? shown : `${shown} (to ${state})`))
        : undefined,
    source: JSON.parse(person.resource) as unknown,
  };
}
