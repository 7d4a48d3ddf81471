import { LRUCache } from "lru-cache";
import type { Condition } from "../../src/connector/connector.ts";
import { type Directory, filterOf, find, toEntry } from "./directory.ts";
import { dnKey, isWithin } from "./dn.ts";
import { toFilter } from "./filter.ts";
import { dnOf } from "./formats.ts";

/** Maximum number of keys or DNs in one search. */
const BATCH = 500;

/** Splits values into batches for one search each. */
export const batches = (values: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(values.length / BATCH) }, (_, index) =>
    values.slice(index * BATCH, (index + 1) * BATCH),
  );

/** Converts keys of a kind to DNs, or DNs to keys. */
export type Resolve = (
  kind: string,
  to: "references" | "keys",
  values: readonly string[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, string>>;

const KEY_MS = 2000;
const MAX_KNOWN = 10_000;

/** Looks up one batch of keys or DNs. Those that are not of the kind are absent from the result. */
export type LookUp = Resolve;

/** Resolves references, and forgets what this gateway's writes invalidate. */
export interface Resolver {
  readonly resolve: Resolve;
  /** Called when an entry was created or deleted here: its DN may now mean another entry, or none. */
  readonly changed: () => void;
}

/**
 * Converts keys to DNs, or DNs to keys, with one search for up to 500. DNs are always looked up, so a rename is never missed. The key of a
 * DN is cached for two seconds, because many entries refer to few. A stale key would need an entry to be deleted and recreated by others
 * within that time.
 */
export function createResolver(lookUp: LookUp): Resolver {
  const known = new LRUCache<string, string>({ max: MAX_KNOWN, ttl: KEY_MS });
  const of = (name: string, value: string) => `${name}\0${value}`;
  let changes = 0;
  const resolve: Resolve = async (name, to, values, signal) => {
    const before = changes;
    const result = new Map<string, string>();
    const unknown = values.filter((value) => {
      const key = to === "keys" ? known.get(of(name, value)) : undefined;
      if (key === undefined) return true;
      result.set(value, key);
      return false;
    });
    const found = await Promise.all(batches(unknown).map((batch) => lookUp(name, to, batch, signal)));
    for (const [value, answer] of found.flatMap((each) => [...each])) {
      result.set(value, answer);
      // If a write overtook a look-up, it may have read the earlier entry.
      if (to === "keys" && changes === before) known.set(of(name, value), answer);
    }
    return result;
  };
  return {
    resolve,
    changed: () => {
      changes++;
      known.clear();
    },
  };
}

/** Looks up by key, or by the operational attribute that holds an entry's own DN. */
export const lookUpByDn =
  (directory: Directory): LookUp =>
  async (name, to, batch, signal) => {
    const kind = directory.kinds.get(name)!;
    const attr = to === "references" ? kind.key : directory.dialect.dnAttribute;
    const byDn = new Map(to === "keys" ? batch.map((value) => [dnKey(value), value]) : []);
    const where: Condition = { op: "or", conditions: batch.map((value) => ({ op: "eq", attr, value })) };
    const search = { base: kind.base, filter: filterOf(kind, where, directory), attrs: [kind.key] };
    const result = new Map<string, string>();
    for (const found of await find(directory, search, signal)) {
      const key = String(toEntry(kind, found, [kind.key], directory)[kind.key]);
      if (to === "references") result.set(key, found.dn);
      else if (byDn.has(dnKey(found.dn))) result.set(byDn.get(dnKey(found.dn))!, key);
    }
    return result;
  };

/** Looks up keys in the whole tree that contains a kind's base: entries of any kind, wherever they were moved. */
export async function lookOutside(
  directory: Directory,
  name: string,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const kind = directory.kinds.get(name)!;
  const [root] = await find(directory, { base: "", scope: "base", attrs: ["namingContexts"] }, signal);
  const base = [root?.namingContexts ?? []]
    .flat()
    .map((suffix) => dnOf(String(suffix)))
    .find((suffix) => isWithin(kind.base, suffix));
  const result = new Map<string, string>();
  if (base === undefined) return result;
  for (const batch of batches(keys.filter((key) => directory.dialect.isKey(key, kind.key)))) {
    const where: Condition = { op: "or", conditions: batch.map((value) => ({ op: "eq", attr: kind.key, value })) };
    for (const found of await find(directory, { base, filter: toFilter(where, directory), attrs: [kind.key] }, signal))
      result.set(String(toEntry(kind, found, [kind.key], directory)[kind.key]), found.dn);
  }
  return result;
}
