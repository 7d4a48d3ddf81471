import type { Alias, Person } from "../state/person.ts";
import type { Facts } from "./facts.ts";
import { resourceOf } from "./person.ts";
import type { Rule } from "./rules.ts";
import type { Common } from "./steps.ts";
import { valueAt } from "./values.ts";

/** The wanted references by path: an ID, or null for none. Those whose target has no account yet are omitted. */
export interface FoundReferences {
  readonly found: ReadonlyMap<string, string | null>;
  /** Problems with references. */
  readonly warnings: readonly string[];
  /** Whether somebody else's record decides, so that the person is evaluated with each run. */
  readonly isOpen: boolean;
}

/** What a person may be known by. */
const ALIAS = /^[^\x00-\x1f\x7f]{1,500}$/;

/** How to find references. */
export interface ReferenceOptions {
  /** The target's ID of a person; null if there is none. */
  readonly idOf?: (person: Person) => string | null;
  /** Whether to record whom the person refers to. */
  readonly isNoted?: boolean;
}

/** How far a chain of managers is followed to find cycles. */
const MAX_CHAIN = 50;

/** Finds the people whom a person's references name. A reference to somebody without an account is set once there is one. */
export async function referencesFor(
  work: Common,
  key: string,
  facts: Facts,
  { idOf = ({ target }) => target, isNoted = true }: ReferenceOptions = {},
): Promise<FoundReferences> {
  const found = new Map<string, string | null>();
  const warnings: string[] = [...facts.unused];
  let isOpen = false;
  for (const { rule, name } of facts.references) {
    const { path, name: shown } = rule.place;
    if (name === undefined) {
      found.set(path, null);
      continue;
    }
    const alias = aliasFor(rule, name);
    if (!ALIAS.test(alias.value)) {
      warnings.push(
        `${shown}: the source's value is not a valid name: it is too long, or contains control characters.`,
      );
      continue;
    }
    const keys = alias.place === "" ? [alias.value] : await work.store.known(alias, 2);
    if (keys.length > 1) {
      warnings.push(`${shown}: several people are known as ${name}, so it is not set.`);
      isOpen = true;
    } else if (keys[0] === key) {
      warnings.push(`${shown}: ${name} is the person's own key. It is not set.`);
      found.set(path, null);
    } else if (keys[0] !== undefined && (await isInCircle(work, rule, key, keys[0]))) {
      warnings.push(`${shown}: ${name} and ${key} refer to each other in a circle. It is not set.`);
      found.set(path, null);
      isOpen = true;
    } else {
      const person = keys[0] === undefined ? undefined : await work.store.person(keys[0]);
      const id = person ? idOf(person) : null;
      if (id !== null) found.set(path, id);
      else
        warnings.push(
          person
            ? `${shown}: ${name} has no account yet. It is set once there is one.`
            : `${shown}: nobody in the source is known as ${name}. It is set once there is somebody.`,
        );
    }
  }
  // The person is evaluated again when the named one gets an account, or another one.
  const named = facts.references.flatMap(({ rule, name }) =>
    name === undefined || !ALIAS.test(name) ? [] : [aliasFor(rule, name)],
  );
  if (isNoted && facts.references.length > 0) await work.store.referTo(key, named);
  return { found, warnings, isOpen };
}

type ReferenceRule = Extract<Rule, { is: "reference" }>;

const aliasFor = ({ by }: ReferenceRule, name: string): Alias =>
  by === undefined
    ? { place: "", value: name }
    : { place: by.path, value: name.normalize("NFKC").trim().toLowerCase() };

/** How many people whose chains end without a cycle are remembered in a run. */
const MAX_CLEAR = 50_000;

/** Reports whether a chain of references leads back to its start, according to the source. */
async function isInCircle(
  { store, rules, clear }: Common,
  rule: ReferenceRule,
  key: string,
  start: string,
): Promise<boolean> {
  const seen = new Set<string>();
  const { path } = rule.place;
  const known = clear.get(path) ?? new Set<string>();
  clear.set(path, known);
  let at: string | undefined = start;
  for (let step = 0; at !== undefined && !known.has(at) && step < MAX_CHAIN; step++) {
    if (at === key) return true;
    // A cycle without the person is somebody else's problem.
    if (seen.has(at)) return false;
    seen.add(at);
    const person = await store.person(at);
    // People who left the source end the chain.
    if (!person || person.missing !== null) break;
    const name = valueAt(resourceOf(person), rule.from, rules.source);
    if (name === undefined || name === null || name === "") break;
    const alias = aliasFor(rule, String(name).trim());
    at = alias.place === "" ? alias.value : (await store.known(alias, 1))[0];
  }
  if (known.size > MAX_CLEAR) known.clear();
  // A chain that is too long says nothing about its members.
  if (seen.size < MAX_CHAIN) for (const each of seen) known.add(each);
  return false;
}
