import { isPresent } from "../scim/evaluate.ts";
import type { Resource } from "../scim/schema.ts";
import type { Person } from "../state/person.ts";
import { type Decision, decide } from "./decide.ts";
import { type Facts, factsOf, PersonError } from "./facts.ts";
import {
  earliest,
  idle,
  isLockedOut,
  type Leaving,
  lastFacts,
  leavingOf,
  refuseTwice,
  stopped,
  withPlan,
} from "./outcomes.ts";
import { type Memory, memoryOf, planOf, resourceOf } from "./person.ts";
import { referencesFor } from "./references.ts";
import { formerly, successorOf } from "./rehires.ts";
import type { Rule, Rules } from "./rules.ts";
import type { Plan } from "./shown.ts";
import type { Common } from "./steps.ts";
import { type Target, TargetError } from "./target.ts";
import { isSameValue, valueAt } from "./values.ts";

/** What a run on a readable target needs. */
export interface Work extends Common {
  readonly target: Target;
}

/** How soon a leaver's missing account is searched for again, in milliseconds. */
const GONE_MS = 24 * 3_600_000;

/**
 * Evaluates a person: the rules, the target, and what to do. Returns the person with a plan, or the reason for none. Rejects with a
 * `TargetError` only if the target is unavailable.
 */
export async function look(work: Work, person: Person): Promise<Person> {
  try {
    return await looked(work, person);
  } catch (error) {
    if (error instanceof PersonError) return stopped(work, person, error.code, error.message);
    if (error instanceof TargetError && error.kind !== "unavailable")
      return stopped(work, person, "target", `The target could not be queried for the account: ${error.message}`);
    throw error;
  }
}

async function looked(work: Work, person: Person): Promise<Person> {
  const { settings, rules, now } = work;
  const memory = memoryOf(person);
  refuseTwice(person);
  const leaving = leavingOf(settings, person, now);
  if (leaving.is === "idle") return awaited(work, person, leaving);
  const isMissing = leaving.is === "missing";
  const facts = isMissing ? undefined : await factsOf(rules, resourceOf(person), new Date(now));
  if (person.target === null) return unlinked(work, person, facts!);
  const current = await work.target.read(person.target);
  if (!current) {
    const { applied: _, confirmed: __, left: ___, ...kept } = memory;
    // It may only be out of sight: an account to be locked stays linked and is checked again.
    if (isMissing || facts!.life !== "here")
      return {
        ...idle(person, "gone", "The account no longer exists in the target.", memory),
        next: earliest(now + GONE_MS, facts?.due?.getTime()),
      };
    // A person who should have an account gets a new one.
    const free = { ...person, target: null, memory: JSON.stringify(kept) };
    return unlinked(work, free, facts!, "the account no longer exists in the target");
  }
  refuseOthers(work, facts, current, memory);
  return linked(work, person, facts, current);
}

/**
 * Somebody missing from the source, which does not count, or not yet. The last record can still lock the account, and does nothing else.
 */
async function awaited(
  work: Work,
  person: Person,
  { status, why, next }: Extract<Leaving, { is: "idle" }>,
): Promise<Person> {
  const { rules, now, target } = work;
  const memory = memoryOf(person);
  const nothing = { ...idle(person, status, why, memory), next };
  if (person.target === null) return nothing;
  const facts = await lastFacts(rules, person, now);
  if (!facts) return nothing;
  const due = earliest(next, facts.due?.getTime());
  const current = isLockedOut(rules, facts) ? await target.read(person.target) : undefined;
  if (!current) return { ...nothing, next: due };
  refuseOthers(work, facts, current, memory);
  return linked(work, person, { ...facts, life: "left", wanted: [], references: [] }, current);
}

/** Somebody without an account: found by a match, proposed as a rehire, or new. */
async function unlinked(work: Work, person: Person, facts: Facts, why?: string): Promise<Person> {
  const { rules, store } = work;
  const memory = memoryOf(person);
  const next = facts.due?.getTime() ?? null;
  if (facts.life === "outOfScope") return { ...idle(person, "ignored", "The person is not in scope.", memory), next };
  if (memory.handedTo !== undefined)
    return { ...idle(person, "gone", `${memory.handedTo} has the account now.`, memory), next };
  if (memory.rehire !== undefined && memory.rehire !== "new") {
    const before = await store.person(memory.rehire.of);
    const account = before?.target ? await work.target.read(before.target) : undefined;
    if (account)
      return adopted(work, person, facts, account, {
        kind: "changes",
        reason: `takes over the account of ${before!.key}`,
      });
  }
  const match = await matching(work, person, facts);
  if (match && !match.isSure && facts.life !== "here")
    return {
      ...idle(
        person,
        "ignored",
        `The person has left. It is not certain that the account with the ${match.by} is theirs, so it is not changed.`,
        memory,
      ),
      next,
    };
  if (match) {
    const kind = match.isSure ? "changes" : "adoptions";
    return adopted(work, person, facts, match.account, { kind, reason: `the account was found by ${match.by}` });
  }
  if (facts.life === "left")
    return { ...idle(person, "ignored", "The person has left, and has no account.", memory), next };
  const before = memory.rehire === "new" ? undefined : await formerly(work, person);
  if (before) {
    const plan: Plan = {
      kind: "rehires",
      do: "propose",
      of: before.key,
      changes: [],
      reason: `may be ${before.key}, who ${before.missing === null ? "is in the source, too" : "was here before"}: an operator must confirm, or say that it is a new person`,
    };
    return withPlan(person, plan, memory, { status: "waiting", next });
  }
  const { found, warnings } = await referencesFor(work, person.key, facts);
  const changes = [
    ...facts.wanted.flatMap(({ rule, value }) => (value === undefined ? [] : [created(rule, value)])),
    ...(await Promise.all(
      rules.rules.map(async (rule) => {
        if (rule.is !== "expression" || !rule.isUnique) return [];
        const value = memory.names?.[rule.place.path] ?? (await facts.candidate(rule, 1));
        return value === undefined ? [] : [created(rule, value)];
      }),
    ).then((all) => all.flat())),
    ...facts.references.flatMap(({ rule }) => {
      const id = found.get(rule.place.path);
      return id ? [created(rule, id)] : [];
    }),
  ];
  const groups = facts.groups.length > 0 ? { groups: facts.groups } : {};
  const plan: Plan = { kind: "creates", do: "create", reason: why ?? "the person has no account", changes, ...groups };
  const { why: _, ...kept } = memory;
  return withPlan(person, plan, { ...kept, warnings }, { status: "waiting", next });
}

const created = ({ place: { name, path } }: Rule, to: unknown) => ({ name, path, from: undefined, to });

/** The account found by the first match that finds any. Rejects if it is ambiguous. */
async function matching(
  { rules, target, store }: Work,
  person: Person,
  facts: Facts,
): Promise<{ account: Resource; by: string; isSure: boolean } | undefined> {
  const earlier: { path: string; value: string }[] = [];
  for (const place of rules.match) {
    const isSure = rules.sure.has(place.path);
    const value = await wantedAt(rules, facts, place.path, memoryOf(person));
    if (value === undefined) continue;
    const accounts = await target.find(place, value);
    if (accounts.length > 1)
      throw new PersonError(
        "ambiguous",
        `Several accounts have the ${place.name} ${value}: it is not clear which belongs to ${person.key}. Leave it on only one of them.`,
      );
    const [account] = accounts;
    if (account) {
      // An account with another value of a better match is somebody else's, whatever else is equal.
      const isOthers = earlier.some(({ path, value: own }) => {
        const other = valueAt(account, rules.match.find((each) => each.path === path)!, rules.target);
        return other !== undefined && String(other).toLowerCase() !== own.toLowerCase();
      });
      const owner = await store.byTarget(String(account.id));
      if (owner && owner.key !== person.key) {
        if (isSure)
          throw new PersonError("taken", `The account with the ${place.name} ${value} belongs to ${owner.key}.`);
      } else if (!isOthers) return { account, by: `${place.name} ${value}`, isSure };
    }
    earlier.push({ path: place.path, value });
  }
  return undefined;
}

/** The wanted value at a place, as text; for a unique name, the chosen one or the first candidate. */
async function wantedAt(rules: Rules, facts: Facts, path: string, { names }: Memory): Promise<string | undefined> {
  const rule = rules.rules.find(({ place }) => place.path === path);
  if (!rule) return undefined;
  if (rule.is === "expression" && rule.isUnique) return names?.[path] ?? (await facts.candidate(rule, 1));
  const value = facts.wanted.find((each) => each.rule === rule)?.value;
  return value === undefined || typeof value === "object" ? undefined : String(value);
}

/** An existing account, linked to the person. */
async function adopted(
  work: Work,
  person: Person,
  facts: Facts,
  account: Resource,
  { kind, reason }: Pick<Plan, "kind" | "reason">,
): Promise<Person> {
  const id = String(account.id);
  const decided = await linked(work, { ...person, target: id }, facts, account);
  const plan = planOf(decided);
  const isGrave = plan && (plan.kind === "disables" || plan.kind === "deletes");
  // The link matters more than the changes.
  const own = isGrave && kind !== "adoptions" ? plan.kind : kind;
  const taking: Plan = {
    do: "update",
    changes: [],
    ...plan,
    kind: own,
    adopt: id,
    reason: plan ? `${reason}; ${plan.reason}` : reason,
  };
  return withPlan(person, taking, memoryOf(decided), { status: "waiting", next: decided.next });
}

/** Rejects if an account that was the person's now has another value of the first match, or none. */
function refuseOthers({ rules }: Work, facts: Facts | undefined, current: Resource, memory: Memory): void {
  const { applied, confirmed, names, left } = memory;
  const [place] = rules.match;
  if (!place || !rules.sure.has(place.path)) return;
  const refuse = (what: string) => {
    throw new PersonError(
      "taken",
      `The account ${String(current.id)} now has ${what}, so it seems to be somebody else's. Restore its value, or forget the person: postern sync forget.`,
    );
  };
  const is = valueAt(current, place, rules.target);
  const wanted = facts?.wanted.find(({ rule }) => rule.place.path === place.path)?.value;
  // A stage of leaving may have written another value, or removed it.
  const staged = [...rules.stages].flatMap(([stage, set]) =>
    stage < (left?.stage ?? 0) ? set.filter(({ place: { path } }) => path === place.path) : [],
  );
  if (is === undefined) {
    if (isPresent(confirmed?.[place.path]) && staged.length === 0)
      refuse(`no ${place.name}, which was ${String(confirmed![place.path])},`);
    return;
  }
  const own = [wanted, applied?.[place.path], names?.[place.path], ...staged.map(({ value }) => value)].filter(
    (value) => value !== undefined && value !== null,
  );
  if (own.length > 0 && !own.some((value) => String(value).toLowerCase() === String(is).toLowerCase()))
    refuse(`the ${place.name} ${String(is)}`);
}

const nothing: ReadonlyMap<string, unknown> = new Map();

async function linked(work: Work, person: Person, facts: Facts | undefined, current: Resource): Promise<Person> {
  const { rules, settings, store, now } = work;
  const memory = memoryOf(person);
  const life = facts?.life ?? "missing";
  const references = facts ? await referencesFor(work, person.key, facts) : undefined;
  const present = settings.groups.length === 0 ? [] : await store.memberships(person.key);
  const groups = present.filter(({ state }) => state !== "remove");
  const decision: Decision = decide(rules, settings, {
    life,
    facts,
    references: references?.found ?? new Map(),
    current,
    memory,
    groups,
    now,
  });
  const { plan } = decision;
  const successor = plan?.do === "delete" ? await successorOf(work, person.key) : undefined;
  if (successor !== undefined) {
    const why = `The deletion waits: the account may be for ${successor}, who may be the same person. An operator must confirm, or say that it is a new person.`;
    return withPlan(person, undefined, { ...decision.memory, why }, { status: "left", next: now });
  }
  const next = earliest(decision.next, facts?.due?.getTime(), references?.isOpen ? now : undefined);
  // The number of attempts counts until it succeeds.
  const { error, why: _, ...rest } = decision.memory;
  const kept: Memory = plan && error ? { ...rest, error } : rest;
  const remembered: Memory = { ...kept, ...(references && { warnings: references.warnings }) };
  if (plan) return withPlan(person, plan, remembered, { status: "waiting", next });
  const settled = facts
    ? settledMemory(rules, { facts, references: references!.found, account: current, written: nothing }, remembered)
    : remembered;
  const why = remembered.isOverridden ? { why: "An administrator disabled the account, which is respected." } : {};
  return withPlan(person, undefined, { ...settled, ...why }, { status: life === "here" ? "ok" : "left", next });
}

/** The current account, the rules' results, and what was just written, by path. */
export interface Settled {
  readonly facts: Facts;
  readonly references: ReadonlyMap<string, string | null>;
  readonly account: Resource;
  readonly written: ReadonlyMap<string, unknown>;
}

/**
 * What to remember about an account: the rules' results and what it shows of them. Unwritten differences are not remembered as if they were
 * written.
 */
export function settledMemory(rules: Rules, { facts, references, account, written }: Settled, memory: Memory): Memory {
  const applied: Record<string, unknown> = {};
  const confirmed: Record<string, unknown> = {};
  const keep = (path: string, wanted: unknown, shown: unknown) => {
    if (written.has(path) || isSameValue(wanted, shown)) {
      // The rules may have changed by now: what was written counts.
      applied[path] = (written.has(path) ? written.get(path) : wanted) ?? null;
      confirmed[path] = shown ?? null;
    } else if (memory.applied && path in memory.applied) {
      applied[path] = memory.applied[path];
      confirmed[path] = memory.confirmed?.[path];
    }
  };
  for (const rule of rules.rules) {
    if (rule.isSecret) continue;
    const { path } = rule.place;
    if (rule.is === "reference" && !references.has(path) && !written.has(path)) continue;
    const isLeft = path === rules.active.path && facts.life !== "here";
    const wanted = isLeft
      ? false
      : rule.is === "reference"
        ? references.get(path)
        : (facts.wanted.find((each) => each.rule === rule)?.value ?? memory.names?.[path]);
    keep(path, wanted, valueAt(account, rule.place, rules.target));
  }
  return { ...memory, applied, confirmed };
}
