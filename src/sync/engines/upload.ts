import type { EntraClient } from "../../graph/client.ts";
import { UploadError } from "../../graph/error.ts";
import { correlate, type Outcome, type Sent } from "../../graph/outcome.ts";
import { MAX_RECORDS, type UploadRecord } from "../../graph/request.ts";
import { NO_PLAN, type Person } from "../../state/person.ts";
import { type Facts, factsOf, PersonError } from "../facts.ts";
import {
  earliest,
  failedWith,
  idle,
  isLockedOut,
  LEAVING_REASONS,
  lastFacts,
  leavingOf,
  refuseTwice,
  stopped,
  withPlan,
} from "../outcomes.ts";
import { type Memory, memoryOf, planOf, resourceOf } from "../person.ts";
import { referencesFor } from "../references.ts";
import type { Rule } from "../rules.ts";
import type { Plan, ValueChange } from "../shown.ts";
import { type Common, type Engine, type RunOptions, throwIfCancelled } from "../steps.ts";
import { TargetError } from "../target.ts";
import { fingerprint, isSameValue, nulled, resourceWith } from "../values.ts";

/** The calls to Entra. */
export type Uploads = Pick<EntraClient, "upload" | "log">;

/** How often outcomes are checked, and when they are given up, in milliseconds: the log is about ten minutes late. */
const LOOK_MS = 5 * 60_000;
const GIVE_UP_MS = 60 * 60_000;
/** How many uploaded people are looked up in the log at a time. */
const OUTSTANDING = 5000;

/**
 * Works on Entra's inbound provisioning: uploads complete records, and reads their outcomes from the provisioning log later. Entra's data
 * is not read: a change is a difference from the last successful upload.
 */
export function uploadEngine(work: Common, client: Uploads, options: RunOptions): Engine {
  return {
    begin: () => collect(work, client, options),
    look: (person) => look(work, person),
    apply: async (people, done) => {
      for (let at = 0; at < people.length; at += MAX_RECORDS) {
        await throwIfCancelled(work.store, options);
        await upload(work, client, options, people.slice(at, at + MAX_RECORDS), done);
      }
    },
    finish: async () => ({ added: 0, removed: 0, failures: [] }),
  };
}

/** A person's record: the value of each path, undefined for none. */
type Values = Readonly<Record<string, unknown>>;

async function look(work: Common, person: Person): Promise<Person> {
  try {
    return await looked(work, person);
  } catch (error) {
    if (error instanceof PersonError) return stopped(work, person, error.code, error.message);
    throw error;
  }
}

async function looked(work: Common, person: Person): Promise<Person> {
  const { rules, settings, now } = work;
  const memory = memoryOf(person);
  refuseTwice(person);
  const leaving = leavingOf(settings, person, now);
  const facts =
    leaving.is === "present"
      ? await factsOf(rules, resourceOf(person), new Date(now))
      : await lastFacts(rules, person, now);
  if (leaving.is === "idle" && (person.target === null || !facts || !isLockedOut(rules, facts))) {
    const status = memory.sent ? "sent" : leaving.status;
    return { ...idle(person, status, leaving.why, memory), next: earliest(leaving.next, facts?.due?.getTime()) };
  }
  const life = leaving.is === "present" ? facts!.life : leaving.is === "idle" ? "left" : "missing";
  const next = facts?.due?.getTime() ?? null;
  if (person.target === null && life !== "here") {
    const why = life === "left" ? "The person has left, and was never uploaded." : "The person is not in scope.";
    return { ...idle(person, "ignored", why, memory), next };
  }
  if (life === "outOfScope" && settings.leavers.outOfScope === "ignore")
    return { ...idle(person, "ok", "The person is no longer in scope, which is ignored.", memory), next };
  const wanted = await wantedValues(work, person, facts, life);
  const { values, warnings, isOpen } = wanted;
  const due = isOpen ? Math.min(next ?? now, now) : next;
  const known = memory.sent?.values ?? memory.applied;
  const changes = Object.entries(values).flatMap(([path, to]): ValueChange[] => {
    const from = known?.[path] ?? undefined;
    const { name } = rules.rules.find(({ place }) => place.path === path)?.place ?? rules.active;
    return isSameValue(from, to) && known !== undefined ? [] : [{ name, path, from, to }];
  });
  const { why: _, ...kept } = memory;
  const remembered: Memory = { ...kept, warnings, names: wanted.names };
  if (changes.length === 0 || (memory.error?.next != null && memory.error.next > now && isSameRecord(memory, values)))
    return withPlan(person, undefined, remembered, {
      status: statusOf(person, memory, life),
      next: earliest(due, memory.error?.next),
    });
  const isDisabling = changes.some(
    ({ path, to, from }) => path === rules.active.path && to === false && from !== false,
  );
  const kind = person.target === null ? "creates" : isDisabling ? "disables" : "changes";
  const reason =
    life === "here"
      ? person.target === null
        ? "the person has not been uploaded yet"
        : "as the rules require"
      : LEAVING_REASONS[life];
  const plan: Plan = {
    kind,
    do: "upload",
    reason,
    changes: changes.filter(({ to, from }) => to !== undefined || from !== undefined),
  };
  return withPlan(person, plan, remembered, { status: "waiting", next: due });
}

const statusOf = (person: Person, memory: Memory, life: string): string =>
  memory.sent ? "sent" : memory.error ? "failed" : life === "here" ? "ok" : person.target === null ? "ignored" : "left";

const hashOf = (values: Values): string =>
  fingerprint(
    JSON.stringify(
      Object.entries(values)
        .filter(([, value]) => value != null)
        .toSorted(([one], [other]) => (one < other ? -1 : 1)),
    ),
  );

/** Reports whether the same record has failed: then it is sent again only when it is due. */
const isSameRecord = ({ failed }: Memory, values: Values): boolean => failed === hashOf(values);

/** The content of a person's record. A leaver keeps the last upload, but inactive. */
async function wantedValues(work: Common, person: Person, facts: Facts | undefined, life: Facts["life"] | "missing") {
  const { rules, store } = work;
  const memory = memoryOf(person);
  const isLeaving = life !== "here";
  const values: Record<string, unknown> = {};
  const names: Record<string, string> = { ...memory.names };
  if (!facts || life === "missing" || life === "outOfScope" || person.missing !== null) {
    Object.assign(values, memory.sent?.values ?? memory.applied, { [rules.active.path]: false });
    return { values, names, warnings: memory.warnings ?? [], isOpen: false };
  }
  const { found, warnings, isOpen } = await referencesFor(work, person.key, facts, {
    idOf: (each) => each.target ?? (isKeyed(rules) ? each.key : null),
  });
  for (const { rule, value } of facts.wanted) {
    const { path } = rule.place;
    const before = memory.applied?.[path];
    if (rule.when === "create" && before != null) values[path] = before;
    else if (value === undefined && rule.keepsNull) values[path] = before ?? undefined;
    else values[path] = value;
  }
  for (const [path, key] of found) values[path] = key ?? undefined;
  for (const rule of rules.rules) {
    if (rule.is !== "expression" || !rule.isUnique) continue;
    const { path } = rule.place;
    names[path] ??= await freeName(store, person.key, facts, rule);
    values[path] = names[path];
  }
  if (isLeaving) values[rules.active.path] = false;
  const externalId = String(values[rules.match[0]!.path] ?? "").trim();
  if (externalId === "")
    throw new PersonError("rule", `The rule for ${rules.match[0]!.name} has no result, but Entra matches by it.`);
  values[rules.match[0]!.path] = externalId;
  return { values, names, warnings, isOpen };
}

/** Reports whether Entra knows people by their keys. */
const isKeyed = ({ rules, match, key }: Common["rules"]): boolean =>
  rules.some((rule) => rule.place.path === match[0]!.path && rule.is === "path" && rule.from.path === key.path);

/** The first name that no other person of the sync has. Whether Entra has it shows after the upload. */
async function freeName(store: Common["store"], key: string, facts: Facts, rule: Rule): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const value = await facts.candidate(rule, attempt);
    if (value === undefined)
      throw new PersonError("name", `The rule for ${rule.place.name} gives no name that is free.`);
    if ((await store.reserve(rule.place.path, value.toLowerCase(), key)) === key) return value;
  }
}

async function upload(
  work: Common,
  client: Uploads,
  options: RunOptions,
  people: readonly Person[],
  done: (person: Person) => Promise<void>,
): Promise<void> {
  const { signal, now } = options;
  const externalId = work.rules.match[0]!.path;
  const batch = await Promise.all(
    people.map(async (person) => {
      const memory = memoryOf(person);
      const known = memory.sent?.values ?? memory.applied ?? {};
      const changed = Object.fromEntries(planOf(person)!.changes.map(({ path, to }) => [path, to]));
      const values: Values = { ...known, ...changed };
      return { person, memory, values, record: recordOf(work, String(values[externalId] ?? person.key), values) };
    }),
  );
  let at: Date;
  try {
    ({ at } = await client.upload(
      batch.map(({ record }) => record),
      signal,
    ));
  } catch (error) {
    if (!(error instanceof UploadError)) throw error;
    if (error.kind !== "refused")
      throw new TargetError("unavailable", error.message, { cause: error, retryAfter: error.retryAfter });
    // Entra refuses a whole request because of one unreadable record: each is then sent by itself, so that only that one fails.
    if (people.length > 1) {
      for (const person of people) await upload(work, client, options, [person], done);
      return;
    }
    return done(failedWith(work, people[0]!, "refused", error.message));
  }
  for (const { person, memory, values } of batch) {
    const { error: _, ...kept } = memory;
    const plan = planOf(person)!;
    const sent: NonNullable<Memory["sent"]> = { at: at.getTime(), hash: hashOf(values), values: withNulls(values) };
    await done({
      ...person,
      target: String(values[externalId] ?? person.key),
      status: "sent",
      ...NO_PLAN,
      next: earliest(person.next, now() + LOOK_MS),
      memory: JSON.stringify({ ...kept, sent, last: { at: now(), did: `upload: ${plan.reason}` } }),
    });
  }
}

/** Values as stored in JSON: null instead of undefined. */
const withNulls = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).map(([path, value]) => [path, value ?? null]));

/** A person's record for Entra: complete, with explicit nulls for missing values. */
function recordOf({ rules }: Common, externalId: string, values: Values): UploadRecord {
  const entries = Object.entries(values).map(([path, value]) => ({ path, to: value ?? undefined }));
  const data = resourceWith(entries, rules.target);
  for (const { path, to } of entries) {
    const rule = rules.rules.find(({ place }) => place.path === path);
    if (to === undefined && rule && !rule.keepsNull) nulled(data, rule.place, rules.target);
  }
  return { externalId, data };
}

/** Reads the outcomes of uploads. People without one within an hour are uploaded again later. */
async function collect(work: Common, client: Uploads, options: RunOptions): Promise<void> {
  const { store } = work;
  for (let after = ""; ; ) {
    await throwIfCancelled(store, options);
    const people = await store.listed({ status: "sent" }, after, OUTSTANDING);
    if (people.length === 0) return;
    after = people.at(-1)!.key;
    const sent = people.flatMap((person): (Sent & { person: Person })[] => {
      const { at } = memoryOf(person).sent ?? {};
      return at === undefined ? [] : [{ externalId: person.target ?? person.key, at: new Date(at), person }];
    });
    if (sent.length === 0) continue;
    const since = new Date(Math.min(...sent.map(({ at }) => at.getTime())));
    let outcomes: Map<string, Outcome>;
    try {
      outcomes = await correlate(sent, client.log(since, options.signal));
    } catch (error) {
      if (!(error instanceof UploadError)) throw error;
      throw new TargetError("unavailable", error.message, { cause: error, retryAfter: error.retryAfter });
    }
    const settled = sent.flatMap(({ person, externalId, at }) => {
      const outcome = outcomes.get(externalId);
      if (outcome) return [concluded(work, person, outcome)];
      if (work.now - at.getTime() <= GIVE_UP_MS) return [];
      const { sent: _, ...kept } = memoryOf(person);
      const unsent = { ...person, memory: JSON.stringify(kept) };
      const message =
        "Entra's log has no outcome of the upload after an hour. Check that the job is started. The person is uploaded again later.";
      return [failedWith(work, unsent, "unknown", message)];
    });
    await store.save(settled);
  }
}

function concluded(work: Common, person: Person, { status, code, message, targetId, at }: Outcome): Person {
  const { sent, error: _, failed: __, ...kept } = memoryOf(person);
  const last = { at: at.getTime(), did: message };
  const isDone = status === "success" || code === "RedundantExport";
  const accepted: Memory = { ...kept, applied: sent!.values, confirmed: sent!.values };
  if (isDone) {
    const isActive = sent!.values[work.rules.active.path] !== false;
    const memory = { ...accepted, wasActive: kept.wasActive === true || isActive, last };
    return { ...person, status: isActive ? "ok" : "left", memory: JSON.stringify(memory) };
  }
  // An account that exists in Entra belongs to the person, even if something is pending: it must be locked when they leave.
  if (status === "warning" || targetId !== undefined) {
    const pending = new Set(work.rules.rules.flatMap(({ is, place }) => (is === "reference" ? [place.path] : [])));
    const applied = Object.fromEntries(Object.entries(sent!.values).filter(([path]) => !pending.has(path)));
    const memory = { ...accepted, applied, confirmed: applied, failed: sent!.hash, wasActive: true };
    return failedWith(work, { ...person, memory: JSON.stringify(memory) }, code ?? status, message);
  }
  // A refused record is sent again unchanged only when it is due.
  const memory = JSON.stringify({ ...kept, failed: sent!.hash });
  const target = kept.applied === undefined ? null : person.target;
  return failedWith(work, { ...person, target, memory }, code ?? status, message);
}
