import { type Entry, fromValues, type Value } from "../../src/connector/connector.ts";

/** A JSON object of an API. */
export type Json = Record<string, unknown>;

/** Reports whether a value is a JSON object. */
export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value of an attribute: a property of that name, or a nested one, a.b. */
function valueAt(item: Json, attr: string): unknown {
  if (Object.hasOwn(item, attr)) return item[attr];
  return attr
    .split(".")
    .reduce<unknown>((at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined), item);
}

/** The requested attributes of an API's object as an entry, without empty texts, nulls and empty lists. */
export function toEntry(item: Json, attrs: readonly string[]): Entry {
  const pairs = attrs.map((attr) => [attr, fromValues(valuesIn(valueAt(item, attr)))] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

/** The values that an API returns for an attribute. */
export function valuesIn(given: unknown): Value[] {
  if (Array.isArray(given)) return given.flatMap(valuesIn);
  return given === undefined || given === null || given === "" ? [] : [given as Value];
}

/** An entry, or attribute values, as an API's object: a.b becomes b within a. */
export function toObject(entry: { readonly [attr: string]: unknown }): Json {
  const result: Json = {};
  for (const [attr, value] of Object.entries(entry)) {
    if (value === undefined) continue;
    const names = attr.split(".");
    const last = names.pop()!;
    let at = result;
    for (const name of names) {
      if (!isObject(at[name])) at[name] = {};
      at = at[name] as Json;
    }
    at[last] = value;
  }
  return result;
}

/** The result of a look-up that returns only keys. */
export class KeyAlone {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}

/** How many entries are read concurrently. */
export const AT_ONCE = 8;

/** Processes many items, a few at a time. */
export async function inTurns<From, To>(all: readonly From[], work: (each: From) => Promise<To>): Promise<To[]> {
  const results: To[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE)
    results.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(work))));
  return results;
}
