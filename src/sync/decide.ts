import { Duration } from "luxon";
import type { Resource } from "../scim/schema.ts";
import type { SyncSettings } from "./definition.ts";
import type { Facts } from "./facts.ts";
import { LEAVING_REASONS } from "./outcomes.ts";
import type { Memory } from "./person.ts";
import type { Rule, Rules } from "./rules.ts";
import type { ValueChange } from "./shown.ts";
import { KINDS, type Kind, type Plan } from "./shown.ts";
import { isSameValue, valueAt } from "./values.ts";

/** A person with a known account, according to the rules and the target. */
export interface Situation {
  /** `missing`: complete reads of the source no longer contain the person. */
  readonly life: Facts["life"] | "missing";
  /** What the rules say; undefined for a missing person. */
  readonly facts: Facts | undefined;
  /** The wanted references by path: an ID, or null for none; unresolved ones are omitted. */
  readonly references: ReadonlyMap<string, string | null>;
  /** The current account. */
  readonly current: Resource;
  readonly memory: Memory;
  /** The groups that the account is in, if rules manage groups, with their names as first given. */
  readonly groups: readonly { readonly type: string; readonly name: string; readonly shown: string }[];
  readonly now: number;
}

/** What to do, and what to remember even if nothing is done. */
export interface Decision {
  readonly plan: Plan | undefined;
  readonly memory: Memory;
  /** When something is due later. */
  readonly next: number | undefined;
}

/** Decides what an account needs to match the rules. Pure: the same situation always gives the same decision. */
export function decide(rules: Rules, settings: SyncSettings, situation: Situation): Decision {
  const { life, memory, now, current } = situation;
  const isActive = valueAt(current, rules.active, rules.target) !== false;
  if (life === "here") {
    const { left: _, ...kept } = memory;
    const { changes, isOverridden } = changesFor(rules, settings, situation, undefined);
    const remembered = { ...kept, wasActive: memory.wasActive === true || isActive, isOverridden };
    return { plan: planFor(changes, situation, rules, "as the rules require"), memory: remembered, next: undefined };
  }
  const policy =
    life === "missing" ? settings.leavers.missing : life === "outOfScope" ? settings.leavers.outOfScope : "disable";
  if (policy === "ignore") return { plan: undefined, memory, next: undefined };
  const left = memory.left ?? { since: now, why: life, stage: 0 };
  const { path } = rules.active;
  const { isOverridden: _, applied, confirmed, ...kept } = memory;
  const isLocked = applied !== undefined && !isActive;
  const remembered: Memory = {
    ...kept,
    ...(applied && { applied: isLocked ? { ...applied, [path]: false } : applied }),
    ...(confirmed && { confirmed: isLocked ? { ...confirmed, [path]: false } : confirmed }),
    wasActive: memory.wasActive === true,
    left,
  };
  const why = LEAVING_REASONS[life];
  const wasNever = memory.wasActive !== true && !isActive;
  if (wasNever && memory.created !== undefined && settings.leavers.neverStarted === "delete")
    return {
      plan: { kind: "deletes", do: "delete", reason: `${why}, before the account was ever active`, changes: [] },
      memory: remembered,
      next: undefined,
    };
  const { changes } = changesFor(rules, settings, situation, false);
  const plan = planFor(changes, situation, rules, why);
  if (plan) return { plan, memory: remembered, next: undefined };
  return staged(settings.leavers.stages, { ...situation, memory: remembered }, rules, why);
}

/** The next stage of leaving, if it is due. */
function staged(
  stages: SyncSettings["leavers"]["stages"],
  { memory, now, current }: Situation,
  rules: Rules,
  why: string,
): Decision {
  const { since, stage } = memory.left!;
  const next = stages[stage];
  if (!next) return { plan: undefined, memory, next: undefined };
  const due = since + Duration.fromISO(next.after).toMillis();
  if (now < due) return { plan: undefined, memory, next: due };
  const common = { reason: `${why}; ${next.after} have passed`, stage: stage + 1 };
  if (next.do === "delete")
    return { plan: { kind: "deletes", do: "delete", changes: [], ...common }, memory, next: undefined };
  const changes = rules.stages.get(stage)!.flatMap(({ place, value }): ValueChange[] => {
    const from = valueAt(current, place, rules.target);
    return isSameValue(from, value) ? [] : [{ name: place.name, path: place.path, from, to: value }];
  });
  const strip = next.do === "strip" ? { strip: true } : {};
  return {
    plan: { kind: next.do === "strip" ? "removals" : "changes", do: "update", changes, ...strip, ...common },
    memory,
    next: undefined,
  };
}

/** The differences between the account and the rules; `active` as forced. */
function changesFor(
  rules: Rules,
  { respectDisabled }: SyncSettings,
  { facts, references, current, memory, life }: Situation,
  forced: false | undefined,
): { readonly changes: readonly ValueChange[]; readonly isOverridden: boolean } {
  const changes: ValueChange[] = [];
  let isOverridden = false;
  const compare = (rule: Rule, value: unknown) => {
    const { place, when, keepsNull } = rule;
    const from = valueAt(current, place, rules.target);
    if (when === "create" || (when === "empty" && from !== undefined) || (value === undefined && keepsNull)) return;
    if (isSameValue(from, value)) return;
    // A value that the target shows differently than written is not written again and again.
    const { applied = {}, confirmed = {} } = memory;
    if (place.path in applied && isSameValue(applied[place.path], value) && isSameValue(confirmed[place.path], from))
      return;
    const isOverride =
      respectDisabled &&
      place.path === rules.active.path &&
      value === true &&
      from === false &&
      (memory.isOverridden === true || memory.confirmed === undefined || confirmed[place.path] === true);
    if (isOverride) isOverridden = true;
    else changes.push({ name: place.name, path: place.path, from, to: value });
  };
  // Values written by a stage of leaving stay, whatever the rules say.
  const stages = life === "left" ? (memory.left?.stage ?? 0) : 0;
  const fixed = new Set(
    [...rules.stages].flatMap(([stage, set]) => (stage < stages ? set.map(({ place }) => place.path) : [])),
  );
  if (forced !== undefined) fixed.add(rules.active.path);
  if (life === "here" || life === "left") {
    for (const { rule, value } of facts!.wanted) if (!fixed.has(rule.place.path)) compare(rule, value);
    for (const { rule } of facts!.references) {
      const id = references.get(rule.place.path);
      if (id !== undefined) compare(rule, id ?? undefined);
    }
  }
  if (forced !== undefined) {
    const { name, path } = rules.active;
    const from = valueAt(current, rules.active, rules.target);
    if (from !== forced) changes.push({ name, path, from, to: forced });
  }
  return { changes, isOverridden };
}

/** How long an account counts as new, in milliseconds. */
const NEW_MS = 7 * 24 * 3_600_000;

/** Combines changes and memberships into a plan of the most serious kind. */
function planFor(
  changes: readonly ValueChange[],
  { facts, groups, memory, references, now }: Situation,
  rules: Rules,
  reason: string,
): Plan | undefined {
  const wanted = facts?.groups ?? [];
  const id = ({ type, name }: { type: string; name: string }) => `${type}\0${name.toLowerCase()}`;
  const present = new Set(groups.map(id));
  const asked = new Set(wanted.map(id));
  const losesGroup = [...present].some((each) => !asked.has(each));
  const hasGroups = losesGroup || [...asked].some((each) => !present.has(each));
  if (changes.length === 0 && !hasGroups) return undefined;
  // Changes that follow the creation of an account belong to it and are not counted again.
  const isNew = memory.created !== undefined && now - memory.created < NEW_MS;
  const kinds = new Set<Kind>();
  for (const { path, to } of changes) {
    if (path === rules.active.path && to === false) kinds.add("disables");
    else if (isNew && references.has(path) && !(path in (memory.applied ?? {}))) kinds.add("references");
    else kinds.add("changes");
  }
  if (losesGroup) kinds.add("removals");
  else if (hasGroups) kinds.add(isNew ? "references" : "changes");
  const kind = KINDS.find((each) => kinds.has(each))!;
  const groupsNow = groups.map(({ type, shown }) => ({ type, name: shown }));
  return { kind, do: "update", reason, changes, ...(hasGroups && { groups: wanted, groupsNow }) };
}
