import { type Entry, fromValues, type Value } from "../connector/connector.ts";
import { badRequest } from "../scim/error.ts";
import { isObject, type Resource, schemaPart } from "../scim/schema.ts";
import { isSelectedBy } from "./compile.ts";
import { type AttrRow, attrsWritten, type Group, type Mapping, type References, type RefRow } from "./mapping.ts";
import { first } from "./read.ts";

/** The values of a row in a resource: of the element that its selector names, the last where there are several. */
function valuesIn(resource: Resource, group: Group, row: AttrRow | RefRow, mapping: Mapping): unknown[] {
  const value = schemaPart(resource, mapping.type, row.path.schema)?.[group.attribute.name];
  const elements = (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter(
    (element) => !group.attribute.multiValued || !isObject(element) || isSelectedBy(element, group.selector),
  );
  const { sub } = row.path;
  const values = elements
    .map((element) => (sub && isObject(element) ? element[sub.name] : element))
    .filter((each) => each !== undefined);
  return group.many ? values : values.slice(-1);
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
    const reference = references.toReference(row.ref, id);
    if (reference === undefined && row.missing === "reject") {
      throw badRequest("invalidValue", `"${row.name}": there is no ${row.ref} with the id ${JSON.stringify(id)}.`);
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

/**
 * Turns a resource into the entry that it describes: an attribute for each row that is written, absent where the
 * resource has no value. `present` is the entry as it is, for codecs and expressions that keep what SCIM does not know.
 */
export async function writeResource(
  mapping: Mapping,
  resource: Resource,
  references: References,
  present: Entry = {},
): Promise<Entry> {
  const entry: Record<string, Entry[string]> = {};
  for (const groups of mapping.groups.values()) {
    for (const group of groups) {
      for (const row of group.rows) {
        if (row.readOnly) continue;
        if (row.is === "expression") {
          for (const { attr, expression } of row.write) {
            entry[attr] = (await expression.evaluate(resource, { entry: present })) as Entry[string];
          }
          continue;
        }
        const values = valuesIn(resource, group, row, mapping);
        const inputs = values.length === 0 && row.is === "attr" && !group.many ? [undefined] : values;
        const encoded = inputs.map((value) => encode(row, value, references, first(present, row.attr)));
        entry[row.attr] = fromValues(encoded.filter((value) => value !== undefined));
      }
    }
  }
  return entry;
}

/** The entry to create: what the table writes, and what `create` gives for attributes that it leaves empty. */
export async function entryToCreate(mapping: Mapping, resource: Resource, references: References): Promise<Entry> {
  const entry: Record<string, Entry[string]> = { ...(await writeResource(mapping, resource, references)) };
  for (const { attr, expression } of mapping.create) {
    const missing = entry[attr] === undefined;
    const value = missing ? await expression.evaluate(resource, { entry }) : undefined;
    if (value !== undefined && value !== null && value !== "") entry[attr] = value as Entry[string];
  }
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}

/** A rewritten entry, where what the table would leave empty gets what `create` gives it: it is there for a reason. */
export async function withDefaults(mapping: Mapping, entry: Entry, resource: Resource): Promise<Entry> {
  const filled: Record<string, Entry[string]> = { ...entry };
  for (const { attr, expression } of mapping.create) {
    if (attr in entry && entry[attr] === undefined)
      filled[attr] = (await expression.evaluate(resource, { entry })) as Entry[string];
  }
  return filled;
}

/** What the resource holds and no row takes, by name. */
export function unmappedIn(mapping: Mapping, resource: Resource): string[] {
  return [mapping.type.schema, ...mapping.type.extensions].flatMap((schema) => {
    const part = schemaPart(resource, mapping.type, schema) ?? {};
    return schema.attributes
      .filter((attribute) => {
        const value = part[attribute.name];
        if (value === undefined) return false;
        const groups = mapping.groups
          .get(attribute)
          ?.filter((group) => group.rows.some((row) => attrsWritten(row).length > 0));
        if (!groups?.length) return true;
        return (
          Array.isArray(value) &&
          value.some((element) => !groups.some((group) => isSelectedBy(element, group.selector)))
        );
      })
      .map((attribute) => attribute.name);
  });
}
