import type { Alias, Person } from "../state/person.ts";
import type { Facts } from "./facts.ts";
import { resourceOf } from "./person.ts";
import type { Rule } from "./rules.ts";
import type { Common } from "./steps.ts";
import { valueAt } from "./values.ts";

/** What references are to be, by path: an id, null for none. Those that nobody has an account for yet are not among them. */
export interface FoundReferences {
  readonly found: ReadonlyMap<string, string | null>;
  /** What is wrong with references, in words. */
  readonly warnings: readonly string[];
  /** Whether somebody else's record decides, so that the person is looked at with each run. */
  readonly isOpen: boolean;
}

/** What somebody may be known by. */
const ALIAS = /^[^\x00-\x1f\x7f]{1,500}$/;

/** How references are found. */
export interface ReferenceOptions {
  /** What the target knows a person by; null where it does not. */
  readonly idOf?: (person: Person) => string | null;
  /** Whether it is noted whom the person refers to. */
  readonly isNoted?: boolean;
}

/** How far a chain of managers is followed to see whether it is a circle. */
const MAX_CHAIN = 50;

/** Finds whom a person's references name. Who has no account yet is waited for: the reference is set when there is one. */
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
      warnings.push(`${shown}: what the source gives is no name: it is too long, or has characters that control.`);
      continue;
    }
    const keys = alias.place === "" ? [alias.value] : await work.store.known(alias, 2);
    if (keys.length > 1) {
      warnings.push(`${shown}: several people are known as ${name}, so none of them is set.`);
      isOpen = true;
    } else if (keys[0] === key) {
      warnings.push(`${shown}: the person's own key, ${name}. It is not set.`);
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
            ? `${shown}: ${name} has no account yet. It is set when there is one.`
            : `${shown}: the source has nobody known as ${name}. It is set when it has.`,
        );
    }
  }
  // Whoever is named may get an account, or another one: the person is looked at again then.
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

/** So many are remembered whose chain was followed to its end in a run, and who are in no circle. */
const MAX_CLEAR = 50_000;

/** Whether the chain of references that begins with somebody comes back to the person, as the source has it. */
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
    // A circle that the person is not in is somebody else's.
    if (seen.has(at)) return false;
    seen.add(at);
    const person = await store.person(at);
    // Who has left the source is nobody's report any more.
    if (!person || person.missing !== null) break;
    const name = valueAt(resourceOf(person), rule.from, rules.source);
    if (name === undefined || name === null || name === "") break;
    const alias = aliasFor(rule, String(name).trim());
    at = alias.place === "" ? alias.value : (await store.known(alias, 1))[0];
  }
  if (known.size > MAX_CLEAR) known.clear();
  // A chain that is too long to follow tells nothing of those who are in it.
  if (seen.size < MAX_CHAIN) for (const each of seen) known.add(each);
  return false;
}
