import { type Condition, type Connector, type Entry, valuesOf } from "../connector/connector.ts";
import { type Mapping, partsOfTarget, type References } from "../mapping/mapping.ts";
import { ask, type Context } from "./context.ts";

/** A resource type of a route: its mapping and its connector. */
export interface Endpoint {
  readonly mapping: Mapping;
  readonly connector: Connector;
  /** The connector's name in the configuration. */
  readonly name: string;
}

/** The endpoints of a route by resource type. */
export type Endpoints = ReadonlyMap<string, Endpoint>;

/** Known pairs of IDs and references by type, used as the mapping's `References`. */
export interface KnownReferences extends References {
  /** Resolves IDs to references: one call per type, none if references are keys. */
  readonly learnIds: (ids: Iterable<readonly [type: string, id: string]>) => Promise<void>;
  /** Resolves IDs that are to be removed from lists, even if out of reach, unless `learnIds` found them. */
  readonly learnRemoved: (ids: Iterable<readonly [type: string, id: string]>) => Promise<void>;
  /** Resolves references to IDs in the same way. */
  readonly learnReferences: (references: ReadonlyMap<string, ReadonlySet<string>>) => Promise<void>;
}

/** Starts empty. `home` is the endpoint whose attributes hold the references. */
export function knownReferences(endpoints: Endpoints, home: Endpoint, context: Context): KnownReferences {
  const byId = new Map<string, string>();
  const removed = new Map<string, string>();
  const byReference = new Map<string, string>();
  const pair = (type: string, value: string) => `${type}\0${value}`;
  // IDs of types that this route does not serve, or another connector does, refer to nothing here.
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

/** Maximum entries in one search, and maximum entries examined for one value. */
const BATCH = 200;
const MAX_NAMESAKES = 20;

/** Pairs of keys and values for references by attribute. A value that several entries share refers to none of them. */
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

/** The keys of all entries with each value of an attribute. */
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

/** The entries with one of several attribute values: in one search, or one per value if that is truncated. */
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

/** The IDs in a resource, or in the values of a PATCH, at reference paths. */
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

/** Every `value` and bare text that may be an ID. */
function* idsIn(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (Array.isArray(value)) for (const each of value) yield* idsIn(each);
  else if (typeof value === "object" && value !== null && "value" in value) yield* idsIn(value.value);
}
