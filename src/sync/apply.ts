import { NO_PLAN, type Person } from "../state/person.ts";
import { type Facts, factsOf, PersonError } from "./facts.ts";
import { settledMemory, type Work } from "./look.ts";
import { failedWith, stopped } from "./outcomes.ts";
import { type Memory, memoryOf, planOf, resourceOf } from "./person.ts";
import { referencesFor } from "./references.ts";
import { isPassword, type Rule } from "./rules.ts";
import type { Plan, ValueChange } from "./shown.ts";
import { pause } from "./steps.ts";
import { TargetError } from "./target.ts";
import { patchOf, resourceWith, valueAt } from "./values.ts";

const NAME = /^[^\x00-\x1f\x7f]{1,300}$/;

/** Additional result of a creation: the first password. */
export interface Created {
  readonly key: string;
  readonly id: string;
  readonly userName: string | undefined;
  readonly password: string | undefined;
}

/** What carrying out a plan needs. */
export interface Applying extends Work {
  /** Delivers a first password. Rejects if it did not arrive. */
  readonly deliver: ((created: Created) => Promise<void>) | undefined;
}

/** How often a throttling target is retried within a run, and the maximum wait in seconds. */
const MAX_PATIENCE = 5;
const MAX_WAIT = 60;

/**
 * Carries out a person's plan. Returns the person with an account, or with a failure in words. Rejects with a `TargetError` of kind
 * `unavailable` if the target is unavailable, which says nothing about the person, and with `Cancelled` if the signal ends a wait.
 */
export async function apply(work: Applying, person: Person, signal: AbortSignal): Promise<Person> {
  const plan = planOf(person)!;
  let current = person;
  for (let attempt = 1; ; attempt++) {
    try {
      return await applied(work, current, plan);
    } catch (error) {
      if (!(error instanceof PersonError || error instanceof TargetError)) throw error;
      // What was stored on the way counts from here on: a lost response may have assigned names.
      current = (await work.store.person(person.key)) ?? person;
      if (error instanceof PersonError) return stopped(work, current, error.code, error.message);
      if (error.kind !== "unavailable") return failedWith(work, current, error.kind, error.message);
      const { retryAfter } = error;
      if (signal.aborted) await pause(0, signal);
      if (retryAfter === undefined || retryAfter > MAX_WAIT || attempt >= MAX_PATIENCE) throw error;
      await pause(retryAfter, signal);
    }
  }
}

async function applied(work: Applying, person: Person, plan: Plan): Promise<Person> {
  switch (plan.do) {
    case "create":
      return create(work, person, plan);
    case "update":
      return update(work, person, plan);
    case "delete": {
      await work.target.remove(person.target!);
      await work.store.belong(person.key, []);
      const { applied: _, confirmed: __, left: ___, ...kept } = memoryOf(person);
      return done(work, { ...person, target: null }, { ...kept, why: plan.reason }, plan, "gone");
    }
    default:
      return person;
  }
}

/** Drops a completed plan and records what was done. */
function done({ now }: Work, person: Person, memory: Memory, plan: Plan, status: string): Person {
  const { error: _, ...kept } = memory;
  const last = { at: now, did: `${plan.do}: ${plan.reason}` };
  return {
    ...person,
    status,
    ...NO_PLAN,
    memory: JSON.stringify({ ...kept, last }),
  };
}

async function update(work: Applying, person: Person, plan: Plan): Promise<Person> {
  const { target, rules, store } = work;
  const id = plan.adopt ?? person.target!;
  let memory = memoryOf(person);
  const account =
    plan.changes.length > 0
      ? await target.update(id, patchOf(plan.changes))
      : plan.adopt
        ? await target.read(id)
        : undefined;
  if (plan.strip) await target.strip(id);
  if (plan.adopt) await replaceFormer(work, person.key, memory);
  if (plan.groups) await store.belong(person.key, plan.groups);
  if (account && person.missing === null) {
    const facts = await factsOf(rules, resourceOf(person), new Date(work.now));
    const { found } = await referencesFor(work, person.key, facts, { isNoted: false });
    const written = new Map(plan.changes.map(({ path, to }) => [path, to]));
    const settled = { facts, references: found, account, written };
    memory = settledMemory(rules, settled, { ...memory, names: namesOf(work, memory, account) });
  }
  if (plan.changes.some(({ path, to }) => path === rules.active.path && to === false))
    await store.belong(person.key, []);
  // Stages are counted from when the account was locked, not from when a plan was first made.
  if (memory.left && plan.changes.some(({ path, to }) => path === rules.active.path && to === false))
    memory = { ...memory, left: { ...memory.left, since: work.now } };
  if (plan.stage !== undefined) memory = { ...memory, left: { ...memory.left!, stage: plan.stage } };
  if (plan.adopt) {
    const { rehire: _, ...kept } = memory;
    memory = kept;
    for (const [path, name] of Object.entries(memory.names ?? {}))
      await store.reserve(path, name.toLowerCase(), person.key);
  }
  const linked = done(work, { ...person, target: id }, memory, plan, memory.left ? "left" : "ok");
  if (plan.adopt) {
    // Wake others first: after a kill in between, they would wait for the account forever.
    await store.wake(person.key);
    await store.save([linked]);
  }
  // The next stage of leaving may be due, or scheduled.
  return memory.left || plan.adopt ? { ...linked, next: 0 } : linked;
}

/** Unique names that an account already has belong to the person. */
function namesOf({ rules }: Work, { names = {} }: Memory, account: Record<string, unknown>): Record<string, string> {
  const chosen: Record<string, string> = { ...names };
  for (const rule of rules.rules) {
    if (!isUnique(rule)) continue;
    const value = valueAt(account, rule.place, rules.target);
    if (value !== undefined) chosen[rule.place.path] ??= String(value);
  }
  return chosen;
}

const isUnique = (rule: Rule): rule is Extract<Rule, { is: "expression" }> => rule.is === "expression" && rule.isUnique;

/** Removes the account from its former holder. */
async function replaceFormer({ store, now }: Work, key: string, { rehire }: Memory): Promise<void> {
  if (rehire === undefined || rehire === "new") return;
  const before = await store.person(rehire.of);
  if (!before) return;
  const { left: _, applied: __, confirmed: ___, ...kept } = memoryOf(before);
  const memory = JSON.stringify({
    ...kept,
    handedTo: key,
    why: `${key} has the account now.`,
    last: { at: now, did: "handed over" },
  });
  // The account is still in the groups: the rules decide what happens.
  await store.handOver(before.key, key);
  await store.save([{ ...before, target: null, status: "gone", next: null, ...NO_PLAN, memory }]);
}

async function create(work: Applying, person: Person, plan: Plan): Promise<Person> {
  const { rules, store } = work;
  const facts = await factsOf(rules, resourceOf(person), new Date(work.now));
  const memory = memoryOf(person);
  const { found } = await referencesFor(work, person.key, facts, { isNoted: false });
  // A creation whose response was lost is found again, not repeated.
  const present = await presentAccount(work, person.key, facts, memory);
  if (present) {
    const again: Plan = {
      ...plan,
      do: "update",
      changes: [],
      adopt: String(present.id),
      reason: `the account already exists${work.deliver ? "; its first password was not delivered: set another one" : ""}`,
    };
    return { ...(await update(work, person, again)), next: 0 };
  }
  const given: Pick<ValueChange, "path" | "to">[] = facts.wanted.map(({ rule, value }) => ({
    path: rule.place.path,
    to: value,
  }));
  for (const [path, id] of found) given.push({ path, to: id ?? undefined });
  let password: string | undefined;
  for (const rule of rules.rules) {
    if (!rule.isSecret) continue;
    const secret = await facts.secret(rule);
    given.push({ path: rule.place.path, to: secret });
    if (isPassword(rule) && typeof secret === "string") password = secret;
  }
  const { account, names } = await createNamed(work, person, facts, given);
  const id = String(account.id);
  const written = new Map([...given.map(({ path, to }) => [path, to] as const), ...Object.entries(names)]);
  const settled = settledMemory(rules, { facts, references: found, account, written }, { ...memory, names });
  const { left: _, rehire: __, ...kept } = settled;
  const isActive = valueAt(account, rules.active, rules.target) !== false;
  // People who are waited for may get an account right now: this one is evaluated again when all are made.
  const isWaiting = facts.references.some(({ rule }) => !found.has(rule.place.path));
  const made = { ...person, target: id, ...(isWaiting && { next: 0 }) };
  const linked = done(work, made, { ...kept, wasActive: isActive, created: work.now }, plan, "ok");
  // The groups do not contain a new account yet.
  await store.unsettleMember(person.key);
  if (plan.groups) await store.belong(person.key, plan.groups);
  await store.wake(person.key);
  // From here on the account is the person's, whatever fails later. It is saved last: after a kill, the next run finds the account.
  await store.save([linked]);
  const userName = typeof account.userName === "string" ? account.userName : undefined;
  try {
    await work.deliver?.({ key: person.key, id, userName, password });
  } catch (error) {
    const told = `the first password could not be delivered: ${(error as Error).message}. Set another one`;
    const { last, ...rest } = memoryOf(linked);
    return { ...linked, memory: JSON.stringify({ ...rest, last: { at: work.now, did: `${last!.did}; ${told}` } }) };
  }
  return linked;
}

/**
 * The account that already has the first match's value, perhaps from a creation whose response was lost. Rejects if it is somebody else's.
 */
async function presentAccount({ rules, target, store }: Work, key: string, { wanted }: Facts, { names }: Memory) {
  const place = rules.match[0]!;
  const value = wanted.find(({ rule }) => rule.place.path === place.path)?.value ?? names?.[place.path];
  if (value === undefined || typeof value === "object") return undefined;
  // Of two people with the same value, the first gets the account, and the other an error.
  const first = await store.reserve("(match)", String(value).toLowerCase(), key);
  if (first !== key && (await store.person(first))?.target != null)
    throw new PersonError("taken", `${first} already has an account with the ${place.name} ${String(value)}.`);
  const accounts = await target.find(place, String(value));
  if (accounts.length > 1)
    throw new PersonError(
      "ambiguous",
      `Several accounts have the ${place.name} ${String(value)}: leave it on only one of them.`,
    );
  const owner = accounts[0] && (await store.byTarget(String(accounts[0].id)));
  if (owner && owner.key !== key)
    throw new PersonError("taken", `The account with the ${place.name} ${String(value)} belongs to ${owner.key}.`);
  return accounts[0];
}

/** Creates an account with unique names: those chosen before, else the first that are free here and in the target. */
async function createNamed(
  { rules, target, store }: Work,
  person: Person,
  facts: Facts,
  given: readonly Pick<ValueChange, "path" | "to">[],
) {
  const { key } = person;
  const memory = memoryOf(person);
  const { names: before = {} } = memory;
  const unique = rules.rules.filter(isUnique);
  const attempts = new Map<string, number>();
  const choose = async (rule: (typeof unique)[number]): Promise<string> => {
    const { path, name } = rule.place;
    for (;;) {
      const attempt = (attempts.get(path) ?? 0) + 1;
      attempts.set(path, attempt);
      const chosen = attempt === 1 ? before[path] : undefined;
      const value = chosen ?? (await facts.candidate(rule, attempt - (before[path] === undefined ? 0 : 1)));
      if (value === undefined) {
        if (attempt === 1)
          throw new PersonError("name", `The rule for ${name} has no result, but an account requires it.`);
        throw new PersonError("name", `All names from the rule for ${name} are taken.`);
      }
      if (!NAME.test(value))
        throw new PersonError(
          "name",
          `The result of the rule for ${name} is not a valid name: names have up to 300 characters and no control characters.`,
        );
      if ((await store.reserve(path, value.toLowerCase(), key)) !== key) continue;
      if ((await target.find(rule.place, value)).length === 0) return value;
    }
  };
  const names: Record<string, string> = {};
  for (const rule of unique) names[rule.place.path] = await choose(rule);
  for (let tries = 0; ; tries++) {
    try {
      // Stored before the target is called: a lost response must not lead to another name.
      if (unique.length > 0)
        await store.save([{ ...person, memory: JSON.stringify({ ...memory, names: { ...before, ...names } }) }]);
      const all = [...given, ...Object.entries(names).map(([path, to]) => ({ path, to }))];
      return { account: await target.create(resourceWith(all, rules.target)), names };
    } catch (error) {
      // Somebody took a name in between, or has it where no filter finds it.
      if (
        !(error instanceof TargetError) ||
        error.kind !== "conflict" ||
        unique.length === 0 ||
        tries >= unique.length * 20
      )
        throw error;
      const taken = unique[tries % unique.length]!;
      names[taken.place.path] = await choose(taken);
    }
  }
}
