import { HIDDEN, isSecretName } from "../../journal/redact.ts";
import type { Mapping, RefRow } from "../../mapping/mapping.ts";
import { isObject, type Resource } from "../../scim/schema.ts";

/** How many values of a list are shown, and how long a text may be, in characters. */
const MAX_VALUES = 100;
const MAX_TEXT = 4000;

/**
 * A resource as the page shows it: bounded, and without what a name tells to be a secret. What a schema says is never returned isn't there
 * to begin with.
 */
export const shownOf = (resource: Resource): Resource => hideIn(resource) as Resource;

function hideIn(value: unknown): unknown {
  if (typeof value === "string" && value.length > MAX_TEXT) return `${value.slice(0, MAX_TEXT)}…`;
  if (Array.isArray(value)) {
    const more = value.length - MAX_VALUES;
    return [...value.slice(0, MAX_VALUES).map(hideIn), ...(more > 0 ? [`… ${more}`] : [])];
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, isSecretName(name) ? HIDDEN.secret : hideIn(each)]),
  );
}

/** What people know a resource by; empty if it has none of these. */
export function nameOf(resource: Readonly<Record<string, unknown>>, names: readonly string[]): string {
  const found = names.map((name) => resource[name]).find((value) => typeof value === "string" && value !== "");
  return typeof found === "string" ? found : "";
}

/** What a value refers to. */
export interface Reference {
  readonly id: string;
  readonly type: string;
}

const refRowsOf = ({ rows }: Mapping): RefRow[] => rows.filter((row) => row.is === "ref");

/** The attributes of a type with many references: members and groups. */
export const referenceLists = (mapping: Mapping): string[] => [
  ...new Set(refRowsOf(mapping).flatMap(({ path: { attribute } }) => (attribute.multiValued ? [attribute.name] : []))),
];

/** Single references within a resource, such as its manager, by their paths. */
export function singleReferences(mapping: Mapping, resource: Resource): Map<string, Reference> {
  const found = new Map<string, Reference>();
  for (const row of refRowsOf(mapping)) {
    const { schema, attribute } = row.path;
    if (attribute.multiValued) continue;
    const isOwn = schema === mapping.type.schema;
    const part = isOwn ? resource : resource[schema.id];
    const reference = referenceIn(isObject(part) ? part[attribute.name] : undefined, row.refs);
    const name = isOwn ? attribute.name : `${schema.id}:${attribute.name}`;
    if (reference) found.set(name, reference);
  }
  return found;
}

/** The references in an attribute with many of them. */
export function referencesIn(mapping: Mapping, resource: Resource, attribute: string): Reference[] {
  const refs = refRowsOf(mapping).flatMap((row) => (row.path.attribute.name === attribute ? row.refs : []));
  const values = resource[attribute];
  return (Array.isArray(values) ? values : []).flatMap((value) => referenceIn(value, refs) ?? []);
}

function referenceIn(value: unknown, refs: readonly string[]): Reference | undefined {
  const id = isObject(value) ? value.value : value;
  if (typeof id !== "string" || id === "") return undefined;
  const [only, ...others] = new Set(refs);
  if (others.length === 0) return { id, type: only ?? "" };
  const told = isObject(value) ? value.type : undefined;
  return { id, type: typeof told === "string" && refs.includes(told) ? told : "" };
}
