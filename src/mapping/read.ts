import { type Entry, type Value, valuesOf } from "../connector/connector.ts";
import { findAttribute, isObject, type Resource, schemasOf } from "../scim/schema.ts";
import { etagOf } from "../scim/version.ts";
import { type AttrRow, type Group, isMixed, type References, type RefRow, type Row } from "./mapping.ts";
import type { Selection } from "./selection.ts";

/** What reading a resource needs: its location, and the IDs of referenced resources. */
export interface ReadContext {
  readonly references: References;
  readonly location: (type: string, id: string) => string;
}

/** The references in an entry to resolve to IDs, by target type. */
export function referencesIn({ refs }: Selection, entries: readonly Entry[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const row of refs) {
    for (const type of row.targets) {
      const values = found.get(type) ?? new Set();
      found.set(type, values);
      for (const entry of entries) for (const value of valuesOf(entry, row.attr)) values.add(String(value));
    }
  }
  return found;
}

/** The results of JSONata rows, evaluated in advance so that the rest is synchronous. */
type Evaluated = ReadonlyMap<Row, unknown>;
const nothing: Evaluated = new Map();

/**
 * Converts an entry to a resource with the attributes of the selected rows; synchronous without JSONata. Rejects with an `ExpressionError`.
 */
export function readEntry(selection: Selection, entry: Entry, context: ReadContext): Resource | Promise<Resource> {
  if (selection.expressions.length === 0) return assemble(selection, entry, context, nothing);
  const values = selection.expressions.map(async (row) => [row, await row.read?.evaluate(entry)] as const);
  return Promise.all(values).then((all) => assemble(selection, entry, context, new Map(all)));
}

function assemble(
  { mapping, attributes }: Selection,
  entry: Entry,
  context: ReadContext,
  evaluated: Evaluated,
): Resource {
  const { type } = mapping;
  const id = String(mapping.id.codec.decode(first(entry, mapping.id.attr)));
  const resource: Resource = { schemas: [], id };
  for (const { attribute, extension, elements } of attributes) {
    const values = elements.flatMap(({ group, rows }) => readGroup(group, rows, entry, context, evaluated));
    if (values.length === 0) continue;
    if (extension !== undefined) resource[extension] ??= {};
    const part = extension === undefined ? resource : (resource[extension] as Resource);
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

function readGroup(
  group: Group,
  rows: readonly Row[],
  entry: Entry,
  context: ReadContext,
  evaluated: Evaluated,
): unknown[] {
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
    // A computed list: each item is an element, or an element's value.
    if (Array.isArray(value) && group.attribute.multiValued)
      return value.filter(isValue).map((each) => element(group, row, each));
    if (!row.path.sub && !isObject(value)) return [value];
    if (isObject(value)) Object.assign(parts, value);
    else parts[row.path.sub!.name] = value;
  }
  if (Object.keys(parts).length === 0) return [];
  return [group.attribute.multiValued ? { ...group.constants, ...parts } : parts];
}

function readRow(row: Row, entry: Entry, context: ReadContext, evaluated: Evaluated): unknown {
  if (row.is === "attr") return row.codec.decode(heldBy(row, entry));
  if (row.is === "expression") return evaluated.get(row);
  const value = first(entry, row.attr);
  return value === undefined ? undefined : refer(row, value, context);
}

/** A reference's ID and URI; undefined if the type's endpoint would not show its target. */
function refer(row: RefRow, value: Value, { references, location }: ReadContext): unknown {
  const { subAttributes } = row.path.attribute;
  for (const [index, type] of row.refs.entries()) {
    const id = references.toId(row.targets[index]!, String(value));
    if (id === undefined) continue;
    const tellsType = isMixed(row) && findAttribute(subAttributes, "type")?.canonicalValues?.includes(type);
    const hasUri = subAttributes?.some((sub) => sub.name === "$ref");
    return hasUri ? { ...(tellsType && { type }), value: id, $ref: location(type, id) } : id;
  }
  return row.outside === "show" ? references.anyKind?.keyOf(String(value)) : undefined;
}

function element(group: Group, row: Row, value: unknown): unknown {
  if (isObject(value)) return { ...group.constants, ...value };
  return row.path.sub ? { ...group.constants, [row.path.sub.name]: value } : value;
}

/** The value that a single-valued row reads. */
export const heldBy = ({ attr, codec }: Pick<AttrRow, "attr" | "codec">, entry: Entry): Value | undefined =>
  codec.ofSeveral ? codec.ofSeveral(valuesOf(entry, attr)) : first(entry, attr);

/** An attribute's value, or the first of several. */
export function first(entry: Entry, attr: string): Value | undefined {
  const value = entry[attr];
  return Array.isArray(value) ? value[0] : (value as Value | undefined);
}

const isValue = (value: unknown) => value !== undefined && value !== null && value !== "";
