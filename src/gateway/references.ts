import { type Condition, type Connector, valuesOf } from "../connector/connector.ts";
import { type Mapping, partsOfTarget, type References } from "../mapping/mapping.ts";
import { ask, type Context } from "./context.ts";

/** A resource type on a route: what it is mapped by, and the connector that serves it. */
export interface Endpoint {
  readonly mapping: Mapping;
  readonly connector: Connector;
  /** The connector's name in the configuration. */
  readonly name: string;
}

export type Endpoints = ReadonlyMap<string, Endpoint>;

/** Pairs of ids and references that are known, by type; `References` for the mapping to use. */
export interface KnownReferences extends References {
  /** Turns ids into references: one call for each type, none where a reference is the key itself. */
  readonly learnIds: (ids: Iterable<readonly [type: string, id: string]>) => Promise<void>;
  /** Turns references into ids, likewise. */
  readonly learnReferences: (references: ReadonlyMap<string, ReadonlySet<string>>) => Promise<void>;
}

/** Starts with nothing known; `home` is the endpoint whose attributes hold the references. */
export function knownReferences(endpoints: Endpoints, home: Endpoint, context: Context): KnownReferences {
  const byId = new Map<string, string>();
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
    const { connector, mapping } = endpoint;
    const { signal } = context;
    const resolved = () =>
      connector.resolve
        ? ask(context, () => connector.resolve!({ kind: mapping.kind, to, values, signal }))
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
    anyKind: home.connector.anyKind,
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

/** How many entries one search names. */
const BATCH = 200;

/** Pairs of keys and values of an attribute by which entries are referred to. A value that several entries have refers to none. */
async function lookedUp(
  { mapping, connector }: Endpoint,
  by: string,
  to: "references" | "keys",
  values: readonly string[],
  context: Context,
): Promise<Map<string, string>> {
  const { kind } = mapping;
  const { attr: key } = mapping.id;
  const { signal } = context;
  const asked = to === "keys" ? by : key;
  const equal = (value: string): Condition => ({
    op: "eq",
    attr: asked,
    value,
    ...(asked === key && { caseExact: true }),
  });
  const several: Condition = { op: "or", conditions: [equal(values[0]!)] };
  const size = connector.supports(kind, several) === "none" ? 1 : BATCH;
  const pairs = new Map<string, string>();
  const doubtful = new Set<string>();
  for (let at = 0; at < values.length; at += size) {
    const some = values.slice(at, at + size);
    const where: Condition = size === 1 ? equal(some[0]!) : { op: "or", conditions: some.map(equal) };
    const limit = 2 * some.length;
    const { entries } = await ask(context, () =>
      connector.search({ kind, where, attrs: [key, by], limit, count: false, signal }),
    );
    const wanted = new Map(some.map((value) => [folded(value), value]));
    for (const entry of entries) {
      const [id] = valuesOf(entry, key).map(String);
      const names = valuesOf(entry, by).map(String);
      if (id === undefined || names.length === 0) continue;
      if (to === "references") pairs.set(id, names[0]!);
      else
        for (const name of names) {
          const value = some.includes(name) ? name : wanted.get(folded(name));
          if (value === undefined) continue;
          if (pairs.has(value) && pairs.get(value) !== id) doubtful.add(value);
          pairs.set(value, id);
        }
    }
  }
  for (const value of doubtful) pairs.delete(value);
  return pairs;
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
