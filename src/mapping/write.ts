import { type Entry, fromValues, type Value } from "../connector/connector.ts";
import type { Expression } from "../expression/compile.ts";
import { badRequest } from "../scim/error.ts";
import { ENTERPRISE_USER, isObject, type Resource, schemaPart } from "../scim/schema.ts";
import { isSelectedBy } from "./compile.ts";
import { type AttrRow, attrsWritten, type Group, type Mapping, type References, type RefRow } from "./mapping.ts";
import { first, heldBy } from "./read.ts";

/**
 * A resource in which untyped elements get the type of the primary row, or of the only one. Otherwise no row would match them. Throws 400
 * `invalidValue` if that is ambiguous.
 */
export function withTypes(mapping: Mapping, resource: Resource): Resource {
  let result = resource;
  for (const [attribute, groups] of mapping.groups) {
    const { schema } = groups[0]!.rows[0]!.path;
    const part = schemaPart(resource, mapping.type, schema);
    const elements = part?.[attribute.name];
    if (!Array.isArray(elements) || !elements.some((element) => isUntyped(element, groups))) continue;
    const typed = elements.map((element) =>
      isUntyped(element, groups)
        ? { ...rowForUntyped(attribute.name, elements, groups).selector, ...element }
        : element,
    );
    const changed = { ...part, [attribute.name]: typed };
    result = schema === mapping.type.schema ? { ...result, ...changed } : { ...result, [schema.id]: changed };
  }
  return result;
}

/** Reports whether an element has no type and therefore matches no group. */
export const isUntyped = (element: unknown, groups: readonly Group[]): element is Resource =>
  isObject(element) &&
  element.type === undefined &&
  groups.some((group) => "type" in group.selector && isWritten(group)) &&
  !groups.some((group) => isSelectedBy(element, group.selector));

const isWritten = (group: Group): boolean => group.rows.some((row) => attrsWritten(row).length > 0);

function rowForUntyped(name: string, elements: readonly unknown[], groups: readonly Group[]): Group {
  const written = groups.filter(isWritten);
  const marked = written.filter((group) => group.constants.primary === true);
  const [group, ...others] = marked.length > 0 ? marked : written;
  const isFree = group?.many || !elements.some((element) => group && isSelectedBy(element, group.selector));
  const untyped = elements.filter((element) => isUntyped(element, groups)).length;
  if (group && others.length === 0 && isFree && (group.many || untyped === 1)) return group;
  const types = written.flatMap(({ selector }) => selector.type ?? []).map((type) => JSON.stringify(type));
  throw badRequest("invalidValue", `A value of "${name}" has no type: use one of ${types.join(", ")}.`);
}

/** The values of a row in a resource, from the element that its selector matches; the last of several. */
function valuesIn(resource: Resource, group: Group, row: AttrRow | RefRow, mapping: Mapping): unknown[] {
  const value = schemaPart(resource, mapping.type, row.path.schema)?.[group.attribute.name];
  const elements = (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter(
    (element) => !group.attribute.multiValued || !isObject(element) || isSelectedBy(element, group.selector),
  );
  const { sub } = row.path;
  // A row has room for one element and takes all its parts from it.
  return (group.many ? elements : elements.slice(-1))
    .map((element) => (sub && isObject(element) ? element[sub.name] : element))
    .filter((each) => each !== undefined);
}

/** A row's SCIM value as the entry's. Throws 400 `invalidValue`; undefined for a reference that may be missing. */
export function encode(
  row: AttrRow | RefRow,
  value: unknown,
  references: References,
  present?: Value,
): Value | undefined {
  if (row.is === "ref") {
    const id = String(isObject(value) ? value.value : value);
    const [reference] = referencesTo(row, id, references);
    if (reference === undefined && row.missing === "reject") {
      const types = row.refs.join(" or ");
      throw badRequest("invalidValue", `"${row.name}": there is no ${types} with the ID ${JSON.stringify(id)}.`);
    }
    return reference;
  }
  try {
    return row.codec.encode(value, present);
  } catch (error) {
    if (error instanceof TypeError) throw badRequest("invalidValue", `"${row.name}" ${error.message}.`);
    throw error;
  }
}

/** A row's values of elements as the entry's. Values to remove may be out of reach. Throws like `encode`. */
export function encodeAll(
  row: AttrRow | RefRow,
  elements: readonly unknown[],
  references: References,
  isRemoval: boolean,
): Value[] {
  const { sub } = row.path;
  return elements
    .map((element) => (sub && isObject(element) ? element[sub.name] : element))
    .filter((value) => value !== undefined)
    .map((value) =>
      isRemoval && row.is === "ref"
        ? encode({ ...row, missing: "ignore" }, value, withRemoved(references))
        : encode(row, value, references),
    )
    .filter((value) => value !== undefined);
}

/** Resolves values to be removed, even if out of reach. */
const withRemoved = (references: References): References => ({
  ...references,
  toReference: (target, id) => references.toReference(target, id) ?? references.toRemoved?.(target, id),
});

/** The references for an ID, among the row's types, or of any kind if those outside are shown. */
export function referencesTo(row: RefRow, id: string, { toReference, anyKind }: References): string[] {
  const found = row.targets.map((target) => toReference(target, id)).filter((each) => each !== undefined);
  const other = found.length === 0 && row.outside === "show" ? anyKind?.referenceTo(id) : undefined;
  return other === undefined ? found : [other];
}

/** The variables of expressions over a resource: the current entry, and the enterprise extension under a short name. */
const bindingsFor = (resource: Resource, entry: Entry) => ({ entry, enterprise: resource[ENTERPRISE_USER] });

/**
 * Converts a resource to an entry: one attribute for each writable row, absent if the resource has no value. `present` is the current
 * entry, for codecs and expressions that keep data unknown to SCIM.
 */
export async function writeResource(
  mapping: Mapping,
  given: Resource,
  references: References,
  present: Entry = {},
): Promise<Entry> {
  const resource = withTypes(mapping, given);
  const entry: Record<string, Entry[string]> = {};
  for (const groups of mapping.groups.values()) {
    for (const group of groups) {
      for (const row of group.rows) {
        if (row.readOnly) continue;
        if (row.is === "expression") {
          for (const { attr, expression } of row.write) {
            entry[attr] = (await expression.evaluate(resource, bindingsFor(resource, present))) as Entry[string];
          }
          continue;
        }
        const values = valuesIn(resource, group, row, mapping);
        const inputs = values.length === 0 && row.is === "attr" && !group.many ? [undefined] : values;
        // Another row may have written other bits of the same integer.
        const held =
          row.is === "attr" && row.codec.bits !== undefined ? (entry[row.attr] ?? present[row.attr]) : undefined;
        const before =
          held === undefined
            ? row.is === "attr"
              ? heldBy(row, present)
              : first(present, row.attr)
            : (first({ held }, "held") as Value);
        const encoded = inputs.map((value) => encode(row, value, references, before));
        const found = encoded.filter((value) => value !== undefined);
        // A reference to nothing is ignored, and the present value kept.
        const isPassedOver = row.is === "ref" && !group.many && values.length > 0 && found.length === 0;
        entry[row.attr] = isPassedOver ? present[row.attr] : fromValues(found);
      }
    }
  }
  for (const { attr, expression } of mapping.write) {
    if (entry[attr] !== undefined) continue;
    const value = await expression.evaluate(resource, bindingsFor(resource, present));
    entry[attr] = isNothing(value) ? undefined : (value as Entry[string]);
  }
  return entry;
}

const isNothing = (value: unknown): boolean => value === undefined || value === null || value === "";

/** An entry to create, with alternatives for values that are taken. */
export interface Creation {
  readonly entry: Entry;
  /** The entry with the next candidate for an attribute; undefined if there is none left. */
  readonly next: (attr: string) => Promise<Entry | undefined>;
}

/** The entry to create: what the table writes, and what `create` sets for attributes that it leaves empty. */
export async function entryToCreate(mapping: Mapping, resource: Resource, references: References): Promise<Creation> {
  let entry: Entry = await writeResource(mapping, resource, references);
  const candidates = new Map<string, AsyncGenerator<Entry[string]>>();
  for (const { attr, expressions } of mapping.create) {
    if (entry[attr] !== undefined) continue;
    const values = candidatesOf(expressions, resource, entry);
    candidates.set(attr.toLowerCase(), values);
    const { value, done } = await values.next();
    if (!done) entry = { ...entry, [attr]: value };
  }
  entry = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
  return {
    entry,
    next: async (attr) => {
      const found = mapping.create.find((each) => each.attr.toLowerCase() === attr.toLowerCase());
      const { value, done = true } = (await candidates.get(attr.toLowerCase())?.next()) ?? {};
      if (!found || done) return undefined;
      entry = { ...entry, [found.attr]: value };
      return entry;
    },
  };
}

/** The last number that `$n` is tried with. */
const MAX_COUNTER = 99;

/** The values of an attribute's expressions in order, without duplicates; those with `$n` are continued. */
async function* candidatesOf(
  expressions: readonly Expression[],
  resource: Resource,
  entry: Entry,
): AsyncGenerator<Entry[string]> {
  const seen = new Set<string>();
  for (const expression of expressions) {
    const last = expression.variables.has("n") ? MAX_COUNTER : 2;
    for (let n = 2; n <= last; n++) {
      const value = await expression.evaluate(resource, { ...bindingsFor(resource, entry), n });
      if (isNothing(value) || seen.has(JSON.stringify(value))) continue;
      seen.add(JSON.stringify(value));
      yield value as Entry[string];
    }
  }
}

/** The parts of `create` that refill emptied attributes: not booleans, because an omission must not enable anybody. */
export const refilled = ({ create, rows }: Mapping): Mapping["create"] =>
  create.filter(
    ({ attr }) =>
      !rows.some(
        (row) => row.is === "attr" && row.attr === attr && (row.path.sub ?? row.path.attribute).type === "boolean",
      ),
  );

/** A rewritten entry in which emptied attributes get their `create` values again. */
export async function withDefaults(mapping: Mapping, before: Entry, entry: Entry, resource: Resource): Promise<Entry> {
  const filled: Record<string, Entry[string]> = { ...entry };
  for (const { attr, expressions } of refilled(mapping)) {
    if (entry[attr] !== undefined || before[attr] === undefined) continue;
    const { value, done } = await candidatesOf(expressions, resource, entry).next();
    if (!done) filled[attr] = value;
  }
  return filled;
}

/** Reports whether an expression's result may depend on an attribute. */
export const mayRead = ({ names, readsAll }: Expression, attribute: string): boolean =>
  readsAll || names.has(attribute);
