import type { Person } from "../state/person.ts";
import { lastFacts } from "./outcomes.ts";
import { memoryOf, resourceOf } from "./person.ts";
import { aliasOf } from "./rules.ts";
import { REHIRE } from "./source.ts";
import type { Common } from "./steps.ts";

/** A former person under another key, by the identifying paths. */
export async function formerly({ rules, store, settings }: Common, person: Person): Promise<Person | undefined> {
  if (settings.rehires.length === 0) return undefined;
  const value = aliasOf(resourceOf(person), rules.rehires, rules.source);
  if (value === undefined) return undefined;
  const keys = await store.known({ place: REHIRE, value }, 10);
  const others = await Promise.all(keys.filter((key) => key !== person.key).map((key) => store.person(key)));
  return others.find((other) => other?.target != null);
}

/**
 * The key of somebody who may take a person's account over: in the source, without an account, with the same identifying values, and not
 * decided otherwise. It does not matter whether the proposal exists already: it may be made in the same run.
 */
export async function successorOf({ rules, store, settings, now }: Common, key: string): Promise<string | undefined> {
  if (settings.rehires.length === 0) return undefined;
  for (const other of await store.namesakes(key, REHIRE)) {
    const person = await store.person(other);
    if (!person || person.target !== null || person.missing !== null) continue;
    const { rehire, handedTo } = memoryOf(person);
    if (handedTo !== undefined || rehire === "new" || (rehire && rehire.of !== key)) continue;
    const facts = await lastFacts(rules, person, now);
    // An invalid record says nothing.
    if (!facts || facts.life === "here") return other;
  }
  return undefined;
}
