import { type Entry, type Value, valuesOf } from "../connector/connector.ts";
import { isObject, type Resource, schemasOf } from "../scim/schema.ts";
import { etagOf } from "../scim/version.ts";
import { attrsRead, type Group, type Mapping, type References, type RefRow, type Row } from "./mapping.ts";

/** What a resource is read with: where it is found, and the ids of what it refers to. */
export interface ReadContext {
  readonly references: References;
  readonly location: (type: string, id: string) => string;
  /** The rows that are wanted. */
  readonly wants: (row: Row) => boolean;
}

const attrsKnown = new WeakMap<(row: Row) => boolean, readonly string[]>();

/** The attributes of the entry that the wanted rows read, the key always among them. */
export function attrsFor(mapping: Mapping, wants: (row: Row) => boolean): readonly string[] {
  const known = attrsKnown.get(wants);
  if (known) return known;
  const attrs = attrsOf(mapping, wants);
  attrsKnown.set(wants, attrs);
  return attrs;
}

function attrsOf(mapping: Mapping, wants: (row: Row) => boolean): string[] {
  const rows = mapping.rows.filter((row) => !row.writeOnly && wants(row));
  return [...new Set([mapping.id.attr, ...rows.flatMap(attrsRead)])];
}

/** The references in an entry that have to be turned into ids, by the type they refer to. */
export function referencesIn(
  mapping: Mapping,
  entries: readonly Entry[],
  wants: (row: Row) => boolean,
): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const row of mapping.rows) {
    if (row.is !== "ref" || row.writeOnly || !wants(row)) continue;
    const values = found.get(row.ref) ?? new Set();
    found.set(row.ref, values);
    for (const entry of entries) for (const value of valuesOf(entry, row.attr)) values.add(String(value));
  }
  return found;
}

/** What the rows of JSONata make of an entry, by row; evaluated ahead, so that all else needs no waiting. */
type Evaluated = ReadonlyMap<Row, unknown>;

/**
 * Turns an entry into a resource, with the attributes of the wanted rows: at once where no JSONata is to be evaluated.
 * Rejects with an `ExpressionError`.
 */
export function readEntry(mapping: Mapping, entry: Entry, context: ReadContext): Resource | Promise<Resource> {
  const expressions = mapping.rows.filter(
    (row) => row.is === "expression" && row.read !== undefined && context.wants(row),
  );
  if (expressions.length === 0) return assemble(mapping, entry, context, new Map());
  const values = expressions.map(
    async (row) => [row, row.is === "expression" ? await row.read?.evaluate(entry) : undefined] as const,
  );
  return Promise.all(values).then((all) => assemble(mapping, entry, context, new Map(all)));
}

function assemble(mapping: Mapping, entry: Entry, context: ReadContext, evaluated: Evaluated): Resource {
  const { type } = mapping;
  const id = String(mapping.id.codec.decode(first(entry, mapping.id.attr)));
  const resource: Resource = { schemas: [], id };
  for (const [attribute, groups] of mapping.groups) {
    if (attribute.name === "id") continue;
    const values: unknown[] = [];
    for (const group of groups) values.push(...readGroup(group, entry, context, evaluated));
    if (values.length === 0) continue;
    const { schema } = groups[0]!.rows[0]!.path;
    if (schema !== type.schema && resource[schema.id] === undefined) resource[schema.id] = {};
    const part = schema === type.schema ? resource : (resource[schema.id] as Resource);
    part[attribute.name] = attribute.multiValued ? values : values[0];
  }
  const meta = isObject(resource.meta) ? resource.meta : {};
  const version =
    typeof meta.version === "string" || typeof meta.version === "number" ? etagOf(String(meta.version)) : undefined;
  resource.meta = {
    resourceType: type.name,
    ...meta,
    location: context.location(type.name, id),
    ...(version && { version }),
  };
  resource.schemas = schemasOf(resource, type);
  return resource;
}

function readGroup(group: Group, entry: Entry, context: ReadContext, evaluated: Evaluated): unknown[] {
  const rows = group.rows.filter((row) => !row.writeOnly && context.wants(row));
  if (group.many) {
    const [row] = rows;
    if (!row || row.is === "expression") return [];
    const values = valuesOf(entry, row.attr).map((value) =>
      row.is === "ref" ? refer(row, value, context) : row.codec.decode(value),
    );
    return values.filter(isValue).map((value) => element(group, row, value));
  }
  const parts: Resource = {};
  for (const row of rows) {
    const value = readRow(row, entry, context, evaluated);
    if (!isValue(value)) continue;
    if (!row.path.sub) return [value];
    if (isObject(value)) Object.assign(parts, value);
    else parts[row.path.sub.name] = value;
  }
  if (Object.keys(parts).length === 0) return [];
  return [group.attribute.multiValued ? { ...group.constants, ...parts } : parts];
}

function readRow(row: Row, entry: Entry, context: ReadContext, evaluated: Evaluated): unknown {
  if (row.is === "attr") return row.codec.decode(first(entry, row.attr));
  if (row.is === "expression") return evaluated.get(row);
  const value = first(entry, row.attr);
  return value === undefined ? undefined : refer(row, value, context);
}

/** What refers to a resource: its id and its URI; undefined where it is none that the type's endpoint shows. */
function refer(row: RefRow, value: Value, { references, location }: ReadContext): unknown {
  const id = references.toId(row.ref, String(value));
  if (id === undefined) return undefined;
  const hasUri = row.path.attribute.subAttributes?.some((sub) => sub.name === "$ref");
  return hasUri ? { value: id, $ref: location(row.ref, id) } : id;
}

function element(group: Group, row: Row, value: unknown): unknown {
  if (!row.path.sub) return value;
  return { ...group.constants, ...(isObject(value) ? value : { [row.path.sub.name]: value }) };
}

export const first = (entry: Entry, attr: string): Value | undefined => valuesOf(entry, attr)[0];
const isValue = (value: unknown) => value !== undefined && value !== null && value !== "";
