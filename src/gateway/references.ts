import type { Connector } from "../connector/connector.ts";
import type { Mapping, References } from "../mapping/mapping.ts";
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
  const target = (type: string): Endpoint | undefined => {
    const endpoint = endpoints.get(type);
    return endpoint?.connector === home.connector ? endpoint : undefined;
  };

  async function learn(type: string, to: "references" | "keys", values: readonly string[]): Promise<void> {
    const endpoint = target(type);
    if (!endpoint || values.length === 0) return;
    const { connector, mapping } = endpoint;
    const { signal } = context;
    const found = connector.resolve
      ? await ask(context, () => connector.resolve!({ kind: mapping.kind, to, values, signal }))
      : new Map(values.map((value) => [value, value]));
    for (const [from, result] of found) {
      const [id, reference] = to === "references" ? [from, result] : [result, from];
      byId.set(pair(type, id), reference);
      byReference.set(pair(type, reference), id);
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

/** The ids in a resource, or in the values of a PATCH, at the paths that are references. */
export function idsInValues(
  mapping: Mapping,
  valuesOf: (path: { attribute: { name: string } }) => unknown[],
): [type: string, id: string][] {
  return mapping.rows.flatMap((row) =>
    row.is === "ref" && !row.readOnly
      ? valuesOf(row.path).flatMap((value) =>
          [...idsIn(value)].flatMap((id) => row.refs.map((ref) => [ref, id] as [string, string])),
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
