import { Duration } from "luxon";
import { HELD, NO_PLAN, type Person } from "../state/person.ts";
import type { SyncSettings } from "./definition.ts";
import { type Facts, factsOf, PersonError } from "./facts.ts";
import { type Memory, memoryOf, type PersonFailure, planOf, resourceOf } from "./person.ts";
import type { Rules } from "./rules.ts";
import type { Plan } from "./shown.ts";

/** The time of a run, in milliseconds since 1970. */
interface Clocked {
  readonly now: number;
}

/** The first retry is after 5 minutes, then the delay doubles up to a day; after 28 days there are no more. */
const FIRST_RETRY_MS = 5 * 60_000;
const MAX_RETRY_MS = 24 * 3_600_000;
const DROPPED_MS = 28 * 24 * 3_600_000;
/** Problems of a record; and when others are checked again, in milliseconds. */
const IN_SOURCE = ["twice", "source", "tooLarge", "rule"];
const AGAIN_MS = 3_600_000;

/** What an operator sees of a plan before releasing it. */
const essence = ({ reason: _, ...plan }: Plan): string => JSON.stringify(plan);

/** A person with a plan, or without. A release covers what the operator saw, and nothing else. */
export function withPlan(
  person: Person,
  plan: Plan | undefined,
  memory: Memory,
  rest: Pick<Person, "status" | "next">,
): Person {
  const before = person.held === HELD.released ? planOf(person) : undefined;
  const isReleased = before !== undefined && plan !== undefined && essence(before) === essence(plan);
  const planned = plan
    ? { kind: plan.kind, planned: JSON.stringify(plan), held: isReleased ? HELD.released : HELD.no }
    : NO_PLAN;
  return { ...person, ...rest, ...planned, memory: JSON.stringify(memory) };
}

/** Nothing to do, for a reason. */
export function idle(person: Person, status: string, why: string, memory: Memory): Person {
  const { error: _, ...kept } = memory;
  return withPlan(person, undefined, { ...kept, why }, { status, next: null });
}

/** Nothing is done for the person until the problem changes. */
export function stopped({ now }: Clocked, person: Person, code: string, message: string): Person {
  const memory = memoryOf(person);
  const since = memory.error?.code === code ? memory.error.since : now;
  // A problem in the source ends when the record changes; the target may be corrected without notice.
  const next = IN_SOURCE.includes(code) ? null : now + AGAIN_MS;
  const error: PersonFailure = { code, message, since, attempts: 0, next };
  return withPlan(person, undefined, { ...memory, error }, { status: "stopped", next });
}

/** A refused or conflicting change: described in words, and retried at growing intervals. */
export function failedWith({ now }: Clocked, person: Person, code: string, message: string): Person {
  const memory = memoryOf(person);
  const known = memory.error?.code === code ? memory.error : undefined;
  const since = known?.since ?? now;
  const attempts = (known?.attempts ?? 0) + 1;
  const wait = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 12));
  const next = now - since > DROPPED_MS ? null : now + wait;
  const error: PersonFailure = { code, message, since, attempts, next };
  return withPlan(person, undefined, { ...memory, error }, { status: "failed", next });
}

/** Reports whether nothing could be learned about a person: the target did not answer, or an overloaded machine let a rule time out. */
export const isUnseen = (person: Person): boolean =>
  ["failed", "stopped"].includes(person.status) &&
  ["unavailable", "target", "slow"].includes(memoryOf(person).error?.code ?? "");

/** The earliest of some times; null if there is none. */
export const earliest = (...times: readonly (number | null | undefined)[]): number | null => {
  const known = times.filter((time) => time != null);
  return known.length === 0 ? null : Math.min(...known);
};

/** Why an account is to be locked. */
export const LEAVING_REASONS = {
  left: "the person has left",
  missing: "the source no longer has the person",
  outOfScope: "the person is no longer in scope",
} as const;

/** Rejects if the last read had several records of a person: none of them is trusted. */
export function refuseTwice({ key, twice, seen }: Person): void {
  if (twice > 0 && twice === seen)
    throw new PersonError("twice", `The source has several records with the key ${key}: none of them is used.`);
}

/** What the last record says about somebody missing from the source; undefined if it is invalid, which never keeps an account open. */
export const lastFacts = (rules: Rules, person: Person, now: number): Promise<Facts | undefined> =>
  factsOf(rules, resourceOf(person), new Date(now)).catch((error: unknown) => {
    if (error instanceof PersonError) return undefined;
    throw error;
  });

/** Reports whether the rules lock somebody out. */
export const isLockedOut = ({ active }: Rules, { life, wanted }: Facts): boolean =>
  life === "left" || wanted.some(({ rule, value }) => rule.place.path === active.path && value === false);

/** What absence from the source means. */
export type Leaving =
  | { readonly is: "present" }
  | { readonly is: "missing" }
  | { readonly is: "idle"; readonly status: string; readonly why: string; readonly next: number | null };

/** Reports whether somebody is missing from the source, and whether that counts. */
export function leavingOf({ leavers }: SyncSettings, { missing, target }: Person, now: number): Leaving {
  if (missing === null) return { is: "present" };
  if (target === null) return { is: "idle", status: "gone", why: "The source no longer has the person.", next: null };
  if (leavers.missing === "ignore")
    return {
      is: "idle",
      status: "ok",
      why: "The source no longer has the person, which is ignored.",
      next: null,
    };
  const counts = missing + Duration.fromISO(leavers.after).toMillis();
  if (now >= counts) return { is: "missing" };
  const why = "The source no longer has the person; that does not count yet.";
  return { is: "idle", status: "ok", why, next: counts };
}
