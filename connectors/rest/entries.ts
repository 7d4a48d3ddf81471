import { type Entry, fromValues, type Value } from "../../src/connector/connector.ts";

/** A JSON object, as an API gives and takes it. */
export type Json = Record<string, unknown>;

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value at an attribute: a property of that name, or a property of a property, a.b. */
function valueAt(item: Json, attr: string): unknown {
  if (Object.hasOwn(item, attr)) return item[attr];
  return attr
    .split(".")
    .reduce<unknown>((at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined), item);
}

/** What of an API's object is asked for, as an entry: no empty texts, nulls or empty lists. */
export function toEntry(item: Json, attrs: readonly string[]): Entry {
  const pairs = attrs.map((attr) => [attr, fromValues(valuesIn(valueAt(item, attr)))] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

/** The values in what an API gives for an attribute. */
export function valuesIn(given: unknown): Value[] {
  if (Array.isArray(given)) return given.flatMap(valuesIn);
  return given === undefined || given === null || given === "" ? [] : [given as Value];
}

/** An entry, or values of attributes, as the API's object: a.b becomes b within a. */
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

/** What a look-up gives of an entry where it gives its key alone. */
export class KeyAlone {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}

/** How many entries' own calls are made at a time. */
export const AT_ONCE = 8;

/** Does something for each of many, a few at a time. */
export async function inTurns<From, To>(all: readonly From[], work: (each: From) => Promise<To>): Promise<To[]> {
  const results: To[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE)
    results.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(work))));
  return results;
}
