import { type Condition, type Connector, type Entry, valuesOf } from "../connector/connector.ts";
import { type Mapping, partsOfTarget, type References } from "../mapping/mapping.ts";
import { ask, type Context } from "./context.ts";

/** A resource type on a route: what it is mapped by, and the connector that serves it. */
export interface Endpoint {
  readonly mapping: Mapping;
  readonly connector: Connector;
  /** The connector's name in the configuration. */
  readonly name: string;
}

/** The endpoints of a route, by resource type. */
export type Endpoints = ReadonlyMap<string, Endpoint>;

/** Pairs of ids and references that are known, by type; `References` for the mapping to use. */
export interface KnownReferences extends References {
  /** Turns ids into references: one call for each type, none where a reference is the key itself. */
  readonly learnIds: (ids: Iterable<readonly [type: string, id: string]>) => Promise<void>;
  /** Finds what ids refer to that are to be taken out of lists, out of reach as it may be; of those that `learnIds` did not find. */
  readonly learnRemoved: (ids: Iterable<readonly [type: string, id: string]>) => Promise<void>;
  /** Turns references into ids, likewise. */
  readonly learnReferences: (references: ReadonlyMap<string, ReadonlySet<string>>) => Promise<void>;
}

/** Starts with nothing known; `home` is the endpoint whose attributes hold the references. */
export function knownReferences(endpoints: Endpoints, home: Endpoint, context: Context): KnownReferences {
  const byId = new Map<string, string>();
  const removed = new Map<string, string>();
  const byReference = new Map<string, string>();
  const pair = (type: string, value: string) => `${type}\0${value}`;
  // An id of a type that this route does not serve, or another connector does, refers to nothing here.
  const endpointOf = (type: string): Endpoint | undefined => {
    const endpoint = endpoints.get(type);
    return endpoint?.connector === home.connector ? endpoint : undefined;
  };

  async function learn(target: string, to: "references" | "keys", values: readonly string[]): Promise<void> {
    const { type, by } = partsOfTarget(target);
    const endpoint = endpointOf(type);
    if (!endpoint || values.length === 0) return;
    const resolved = () =>
      endpoint.connector.resolve
        ? ask(context, endpoint, "resolve", { to, values })
        : new Map(values.map((value) => [value, value]));
    for (const [from, result] of by === undefined
      ? await resolved()
      : await lookedUp(endpoint, by, to, values, context)) {
      const [id, reference] = to === "references" ? [from, result] : [result, from];
      byId.set(pair(target, id), reference);
      byReference.set(pair(target, reference), id);
    }
  }

  return {
    toReference: (type, id) => byId.get(pair(type, id)),
    toId: (type, reference) => byReference.get(pair(type, reference)),
    toRemoved: (type, id) => removed.get(pair(type, id)),
    anyKind: home.connector.anyKind,
    learnRemoved: async (ids) => {
      const unknown = [...ids].filter(([target, id]) => !byId.has(pair(target, id)));
      await Promise.all(
        [...Map.groupBy(unknown, ([target]) => target)].map(async ([target, pairs]) => {
          const { type, by } = partsOfTarget(target);
          const endpoint = endpointOf(type);
          if (!endpoint?.connector.outside || by !== undefined) return;
          const values = [...new Set(pairs.map(([, id]) => id))];
          const found = await ask(context, endpoint, "outside", { values });
          for (const [id, reference] of found) removed.set(pair(target, id), reference);
        }),
      );
    },
    learnIds: async (ids) => {
      const byType = Map.groupBy(ids, ([type]) => type);
      await Promise.all(
        [...byType].map(([type, pairs]) => learn(type, "references", [...new Set(pairs.map(([, id]) => id))])),
      );
    },
    learnReferences: async (references) => {
      const unknown = (type: string, values: ReadonlySet<string>) =>
        [...values].filter((value) => !byReference.has(pair(type, value)));
      await Promise.all([...references].map(([type, values]) => learn(type, "keys", unknown(type, values))));
    },
  };
}

/** How many entries one search names, and how many of one value are looked at. */
const BATCH = 200;
const MAX_NAMESAKES = 20;

/**
 * Pairs of keys and values of an attribute by which entries are referred to. A value that several entries have refers to none of
 * them, and none is referred to by it.
 */
async function lookedUp(
  endpoint: Endpoint,
  by: string,
  to: "references" | "keys",
  values: readonly string[],
  context: Context,
): Promise<Map<string, string>> {
  if (to === "keys") {
    const found = await keysNamed(endpoint, by, values, context);
    return new Map([...found].flatMap(([value, keys]) => (keys.length === 1 ? [[value, keys[0]!]] : [])));
  }
  const { attr: key } = endpoint.mapping.id;
  const names = new Map<string, string>();
  for (const entry of await entriesBy(endpoint, key, values, [key, by], context)) {
    const [name] = valuesOf(entry, by).map(String);
    if (name !== undefined) names.set(String(valuesOf(entry, key)[0]), name);
  }
  const sure = await keysNamed(endpoint, by, [...names.values()], context);
  return new Map([...names].filter(([, name]) => sure.get(name)?.length === 1));
}

/** The keys of all entries that have each value of an attribute. */
export async function keysNamed(
  endpoint: Endpoint,
  by: string,
  values: readonly string[],
  context: Context,
): Promise<Map<string, string[]>> {
  const { attr: key } = endpoint.mapping.id;
  const found = new Map<string, Set<string>>();
  const wanted = Map.groupBy(values, folded);
  for (const entry of await entriesBy(endpoint, by, values, [key, by], context)) {
    const [id] = valuesOf(entry, key).map(String);
    if (id === undefined) continue;
    for (const name of valuesOf(entry, by).map(String))
      for (const value of wanted.get(folded(name)) ?? []) found.set(value, (found.get(value) ?? new Set()).add(id));
  }
  return new Map([...found].map(([value, keys]) => [value, [...keys]]));
}

/** The entries that have one of some values of an attribute: many in one search, and of each value by itself where that is cut short. */
async function entriesBy(
  endpoint: Endpoint,
  attr: string,
  values: readonly string[],
  attrs: readonly string[],
  context: Context,
): Promise<readonly Entry[]> {
  const { mapping, connector } = endpoint;
  const { kind } = mapping;
  const equal = (value: string): Condition => ({
    op: "eq",
    attr,
    value,
    ...(attr === mapping.id.attr && { caseExact: true }),
  });
  const search = (where: Condition, limit: number) =>
    ask(context, endpoint, "search", { where, attrs, limit, count: false });
  const isTogether =
    values.length > 1 && connector.supports(kind, { op: "or", conditions: [equal(values[0]!)] }) !== "none";
  const all: Entry[] = [];
  const size = isTogether ? BATCH : 1;
  for (let at = 0; at < values.length; at += size) {
    const some = values.slice(at, at + size);
    const limit = some.length + MAX_NAMESAKES;
    const { entries } = await search(
      some.length === 1 ? equal(some[0]!) : { op: "or", conditions: some.map(equal) },
      limit,
    );
    if (some.length === 1 || entries.length < limit) all.push(...entries);
    else for (const value of some) all.push(...(await search(equal(value), MAX_NAMESAKES)).entries);
  }
  return all;
}

const folded = (text: string): string => text.normalize("NFKC").toLowerCase();

/** The ids in a resource, or in the values of a PATCH, at the paths that are references. */
export function idsInValues(
  mapping: Mapping,
  valuesOf: (path: { attribute: { name: string } }) => unknown[],
): [type: string, id: string][] {
  return mapping.rows.flatMap((row) =>
    row.is === "ref" && !row.readOnly
      ? valuesOf(row.path).flatMap((value) =>
          [...idsIn(value)].flatMap((id) => row.targets.map((target) => [target, id] as [string, string])),
        )
      : [],
  );
}

/** Every `value`, and every bare text, that may be an id. */
function* idsIn(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (Array.isArray(value)) for (const each of value) yield* idsIn(each);
  else if (typeof value === "object" && value !== null && "value" in value) yield* idsIn(value.value);
}
