import { Duration } from "luxon";
import { HELD, NO_PLAN, type Person } from "../state/person.ts";
import type { SyncSettings } from "./definition.ts";
import { type Facts, factsOf, PersonError } from "./facts.ts";
import { type Memory, memoryOf, type PersonFailure, type Plan, planOf, resourceOf } from "./person.ts";
import type { Rules } from "./rules.ts";

/** The time that a run goes by, in milliseconds since 1970. */
interface Clocked {
  readonly now: number;
}

/** Retries come after 5 minutes first, then after twice as long each time, up to a day; after 28 days no more. */
const FIRST_RETRY_MS = 5 * 60_000;
const MAX_RETRY_MS = 24 * 3_600_000;
const DROPPED_MS = 28 * 24 * 3_600_000;
/** What is wrong with a record; and when everything else is looked at again, in milliseconds. */
const IN_SOURCE = ["twice", "source", "tooLarge", "rule"];
const AGAIN_MS = 3_600_000;

/** What of a plan somebody sees before releasing it. */
const essence = ({ reason: _, ...plan }: Plan): string => JSON.stringify(plan);

/** A person with a plan, or with none. What was released is what somebody saw, and nothing else. */
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

/** Nothing is to be done, for a reason. */
export function idle(person: Person, status: string, why: string, memory: Memory): Person {
  const { error: _, ...kept } = memory;
  return withPlan(person, undefined, { ...kept, why }, { status, next: null });
}

/** Nothing is done for the person until what is wrong is another. */
export function stopped({ now }: Clocked, person: Person, code: string, message: string): Person {
  const memory = memoryOf(person);
  const since = memory.error?.code === code ? memory.error.since : now;
  // What is wrong in the source shows when the record changes; the target may be put right without a word.
  const next = IN_SOURCE.includes(code) ? null : now + AGAIN_MS;
  const error: PersonFailure = { code, message, since, attempts: 0, next };
  return withPlan(person, undefined, { ...memory, error }, { status: "stopped", next });
}

/** A change that was refused, or clashes: told in words, and tried again later, ever less often. */
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

/** Whether nothing is known of a person who was looked at: the target did not answer, or a machine that has too much to do let a rule run out of time. */
export const isUnseen = (person: Person): boolean =>
  ["failed", "stopped"].includes(person.status) &&
  ["unavailable", "target", "slow"].includes(memoryOf(person).error?.code ?? "");

/** The first of some times; null where there is none. */
export const earliest = (...times: readonly (number | null | undefined)[]): number | null => {
  const known = times.filter((time) => time != null);
  return known.length === 0 ? null : Math.min(...known);
};

/** Why somebody's account is to be locked, in words. */
export const LEAVING_REASONS = {
  left: "the person has left",
  missing: "the source does not have the person any more",
  outOfScope: "the person is not in scope any more",
} as const;

/** Rejects where the last read had several records of a person: none of them is believed. */
export function refuseTwice({ key, twice, seen }: Person): void {
  if (twice > 0 && twice === seen)
    throw new PersonError("twice", `The source has several records with the key ${key}: none of them is used.`);
}

/** What a record says of somebody whom the source does not have any more; undefined where it is wrong, which locks nobody in. */
export const lastFacts = (rules: Rules, person: Person, now: number): Promise<Facts | undefined> =>
  factsOf(rules, resourceOf(person), new Date(now)).catch((error: unknown) => {
    if (error instanceof PersonError) return undefined;
    throw error;
  });

/** Whether the rules lock somebody out. */
export const isLockedOut = ({ active }: Rules, { life, wanted }: Facts): boolean =>
  life === "left" || wanted.some(({ rule, value }) => rule.place.path === active.path && value === false);

/** What the source's silence about somebody means. */
export type Leaving =
  | { readonly is: "present" }
  | { readonly is: "missing" }
  | { readonly is: "idle"; readonly status: string; readonly why: string; readonly next: number | null };

/** Whether somebody is missing from the source, and whether that counts. */
export function leavingOf({ leavers }: SyncSettings, { missing, target }: Person, now: number): Leaving {
  if (missing === null) return { is: "present" };
  if (target === null)
    return { is: "idle", status: "gone", why: "The source does not have the person any more.", next: null };
  if (leavers.missing === "ignore")
    return {
      is: "idle",
      status: "ok",
      why: "The source does not have the person any more, which is ignored.",
      next: null,
    };
  const counts = missing + Duration.fromISO(leavers.after).toMillis();
  if (now >= counts) return { is: "missing" };
  const why = "The source does not have the person any more; that does not count yet.";
  return { is: "idle", status: "ok", why, next: counts };
}
