import type { Condition, Connector, Entry } from "../connector/connector.ts";
import { attrsKept, attrsOf, attrsRead, type Mapping, secretAttrs } from "../mapping/mapping.ts";
import type { Reading } from "./rehearsed.ts";

/** The attributes of each kind that mappings in force read or write, without those that hold secrets. */
export function attributesInForce(
  mappings: readonly Mapping[],
  connector: Pick<Connector, "kinds">,
): Map<string, Set<string>> {
  const known = new Map<string, Set<string>>();
  for (const mapping of mappings) {
    const attrs = known.get(mapping.kind) ?? new Set([connector.kinds.get(mapping.kind)?.key ?? mapping.id.attr]);
    known.set(mapping.kind, attrs);
    const secret = secretAttrs(mapping);
    const used = [...mapping.rows.flatMap(attrsRead), ...attrsOf(mapping), ...attrsKept(mapping)];
    for (const attr of used) if (!secret.has(attr)) attrs.add(attr);
  }
  for (const { rows } of mappings)
    for (const row of rows)
      if (row.is === "ref" && row.by !== undefined)
        for (const { kind } of mappings.filter(({ type }) => row.refs.includes(type.name)))
          known.get(kind)!.add(row.by);
  return known;
}

/**
 * A connector that reads only what the mappings in force read: somebody's draft may name any attribute of the directory, such as the one
 * with the passwords, and must not show it.
 */
export function restricted(connector: Connector, known: ReadonlyMap<string, ReadonlySet<string>>): Reading {
  const { create: _, update: __, delete: ___, slow: ____, ...reading } = connector;
  const only = (kind: string, attrs: readonly string[]) => attrs.filter((attr) => known.get(kind)?.has(attr));
  const nothing: readonly Entry[] = [];
  return {
    ...reading,
    get: async (request) =>
      known.has(request.kind) ? connector.get({ ...request, attrs: only(request.kind, request.attrs) }) : undefined,
    search: async (request) => {
      const { kind, where, attrs } = request;
      const isKnown = known.has(kind) && (!where || attrsIn(where).every((attr) => known.get(kind)!.has(attr)));
      return isKnown ? connector.search({ ...request, attrs: only(kind, attrs) }) : { entries: nothing, total: 0 };
    },
  };
}

function attrsIn(condition: Condition): string[] {
  if ("attr" in condition) return [condition.attr];
  return "condition" in condition ? attrsIn(condition.condition) : condition.conditions.flatMap(attrsIn);
}
