import type { Attribute, ResourceType, Schema } from "../scim/schema.ts";
import { type Group, isMixed, type Mapping } from "./mapping.ts";

/** A mapping's resource type reduced to mapped attributes: what `/Schemas` and `/ResourceTypes` may promise. */
export function publishedType(mapping: Mapping): ResourceType {
  const cut = (schema: Schema): Schema => ({
    ...schema,
    attributes: schema.attributes.flatMap((attribute) => publishedAttribute(attribute, mapping)),
  });
  return {
    ...mapping.type,
    schema: cut(mapping.type.schema),
    extensions: mapping.type.extensions.map(cut).filter((extension) => extension.attributes.length > 0),
  };
}

function publishedAttribute(attribute: Attribute, mapping: Mapping): Attribute[] {
  const groups = mapping.groups.get(attribute);
  if (!groups) return [];
  const rows = groups.flatMap((group) => group.rows);
  const mutability = rows.every((row) => row.readOnly) ? "readOnly" : attribute.mutability;
  if (!attribute.subAttributes) return [{ ...attribute, mutability }];
  const constants = new Set(groups.flatMap((group) => Object.keys(group.constants)));
  // A row for a whole attribute may read and write any of its parts.
  const isWhole = rows.some((row) => !row.path.sub && row.is === "expression");
  const isTyped = rows.some((row) => row.is === "ref" && isMixed(row));
  const hasReference = rows.some((row) => row.is === "ref");
  const subAttributes = attribute.subAttributes
    .filter(
      (sub) =>
        isWhole ||
        constants.has(sub.name) ||
        (hasReference && sub.name === "$ref") ||
        (isTyped && sub.name === "type") ||
        rows.some((row) => row.path.sub === sub),
    )
    .map((sub) => ({
      ...sub,
      ...(rows.some((row) => row.path.sub === sub) &&
        rows.filter((row) => row.path.sub === sub).every((row) => row.readOnly) && { mutability: "readOnly" as const }),
      ...canonicalValues(groups, sub),
    }));
  return [{ ...attribute, mutability, subAttributes }];
}

function canonicalValues(groups: readonly Group[], sub: Attribute): { canonicalValues?: string[] } {
  const values = groups.map((group) => group.constants[sub.name]).filter((value) => typeof value === "string");
  return values.length > 0 ? { canonicalValues: [...new Set(values)] } : {};
}
