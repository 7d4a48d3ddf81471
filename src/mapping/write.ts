import { type Entry, fromValues, type Value } from "../connector/connector.ts";
import type { Expression } from "../expression/compile.ts";
import { badRequest } from "../scim/error.ts";
import { ENTERPRISE_USER, isObject, type Resource, schemaPart } from "../scim/schema.ts";
import { isSelectedBy } from "./compile.ts";
import { type AttrRow, attrsWritten, type Group, type Mapping, type References, type RefRow } from "./mapping.ts";
import { first, heldBy } from "./read.ts";

/**
 * A resource in which an element that says no type has that of the row which is marked as primary, or of the only row there is: it
 * would fall between the rows else. Throws 400 `invalidValue` where that is not sure.
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

/** Whether an element says no type, and belongs to none of the groups for want of it. */
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
  throw badRequest("invalidValue", `A value of "${name}" says no type: it is one of ${types.join(", ")}.`);
}

/** The values of a row in a resource: of the element that its selector names, the last where there are several. */
function valuesIn(resource: Resource, group: Group, row: AttrRow | RefRow, mapping: Mapping): unknown[] {
  const value = schemaPart(resource, mapping.type, row.path.schema)?.[group.attribute.name];
  const elements = (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter(
    (element) => !group.attribute.multiValued || !isObject(element) || isSelectedBy(element, group.selector),
  );
  const { sub } = row.path;
  // A row has room for one element, and takes its parts from that one alone.
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
      throw badRequest("invalidValue", `"${row.name}": there is no ${types} with the id ${JSON.stringify(id)}.`);
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

/** The values that a row has of elements, as the entry's; those of a removal may be out of reach. Throws as `encode` does. */
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

/** What can be taken out of a list though it is out of reach is referred to for that alone. */
const withRemoved = (references: References): References => ({
  ...references,
  toReference: (target, id) => references.toReference(target, id) ?? references.toRemoved?.(target, id),
});

/** What an id refers to, of the row's types; of any kind where what is outside of them is shown. */
export function referencesTo(row: RefRow, id: string, { toReference, anyKind }: References): string[] {
  const found = row.targets.map((target) => toReference(target, id)).filter((each) => each !== undefined);
  const other = found.length === 0 && row.outside === "show" ? anyKind?.referenceTo(id) : undefined;
  return other === undefined ? found : [other];
}

/** What expressions over a resource find beside it: the entry as it is, and the enterprise extension by a short name. */
const bindingsFor = (resource: Resource, entry: Entry) => ({ entry, enterprise: resource[ENTERPRISE_USER] });

/**
 * Turns a resource into the entry that it describes: an attribute for each row that is written, absent where the
 * resource has no value. `present` is the entry as it is, for codecs and expressions that keep what SCIM does not know.
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
        // A reference to nothing is passed over: what is there stays.
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

/** An entry to create, and what to try where another entry has one of its values. */
export interface Creation {
  readonly entry: Entry;
  /** The entry with the next value for an attribute; undefined where there is none left to try. */
  readonly next: (attr: string) => Promise<Entry | undefined>;
}

/** The entry to create: what the table writes, and what `create` gives for attributes that it leaves empty. */
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

/** The values of an attribute's expressions, in their order, each once; those that mention `$n` are counted on. */
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

/**
 * What of `create` is given anew where it is emptied: not what is true or false. Who is disabled would be enabled by an omission.
 */
export const refilled = ({ create, rows }: Mapping): Mapping["create"] =>
  create.filter(
    ({ attr }) =>
      !rows.some(
        (row) => row.is === "attr" && row.attr === attr && (row.path.sub ?? row.path.attribute).type === "boolean",
      ),
  );

/** A rewritten entry, where what would be emptied gets what `create` gives it: it is there for a reason. */
export async function withDefaults(mapping: Mapping, before: Entry, entry: Entry, resource: Resource): Promise<Entry> {
  const filled: Record<string, Entry[string]> = { ...entry };
  for (const { attr, expressions } of refilled(mapping)) {
    if (entry[attr] !== undefined || before[attr] === undefined) continue;
    const { value, done } = await candidatesOf(expressions, resource, entry).next();
    if (!done) filled[attr] = value;
  }
  return filled;
}

/** Whether an expression may give something else when an attribute changes. */
export const mayRead = ({ names, readsAll }: Expression, attribute: string): boolean =>
  readsAll || names.has(attribute);
