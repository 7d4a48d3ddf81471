import { isDeepStrictEqual } from "node:util";
import { badRequest } from "./error.ts";
import { isPresent } from "./evaluate.ts";
import { checkResource } from "./profile.ts";
import {
  type Attribute,
  commonAttributes,
  findAttribute,
  isDateTime,
  isObject,
  type Resource,
  type ResourceType,
  type Schema,
  schemaPart,
} from "./schema.ts";

/** A client's normalised resource, and the names in it that no schema of the type defines. */
export interface Input {
  readonly resource: Resource;
  readonly unknown: readonly string[];
}

/**
 * Normalises the body of a POST or PUT, RFC 7644 §3.3 and §3.5.1: names in the schema's spelling, values of the attribute's type, without
 * empty and readOnly values. Throws 400 `invalidSyntax` if it is not a resource, 400 `invalidValue` for a value of the wrong type or a
 * missing required one.
 */
export function readResource(body: unknown, type: ResourceType): Input {
  if (!isObject(body)) throw badRequest("invalidSyntax", `The body must be a JSON object, a ${type.name}.`);
  checkSchemas(body.schemas, type);
  checkResource(body, type);
  const unknown: string[] = [];
  const extensionIds = new Map(type.extensions.map((schema) => [schema.id.toLowerCase(), schema]));
  const resource: Resource = {};
  for (const [key, value] of Object.entries(body)) {
    if (key.toLowerCase() === "schemas") continue;
    const extension = extensionIds.get(key.toLowerCase());
    if (extension) {
      const part = readAttributes(value, extension.attributes, `${extension.id}:`, unknown);
      if (Object.keys(part).length > 0) resource[extension.id] = part;
      continue;
    }
    const attribute = findAttribute(commonAttributes, key) ?? findAttribute(type.schema.attributes, key);
    if (attribute) assign(resource, attribute, value, attribute.name);
    else unknown.push(key);
  }
  requireAll(resource, type);
  return { resource, unknown };
}

/**
 * Throws 400 `invalidSyntax` if the body's `schemas` name another type, RFC 7643 §3. Missing `schemas` and unknown URNs are tolerated
 * unless the route's profile is literal.
 */
function checkSchemas(schemas: unknown, type: ResourceType): void {
  const isNone = schemas === undefined || (Array.isArray(schemas) && schemas.length === 0);
  if (isNone && !type.profile?.literal) return;
  if (!isListOfStrings(schemas)) throw badRequest("invalidSyntax", '"schemas" must be a list of URNs.');
  const given = schemas.map((each) => each.toLowerCase());
  const { id } = type.schema;
  if (!given.includes(id.toLowerCase()))
    throw badRequest("invalidSyntax", `"schemas" of a ${type.name} must contain "${id}".`);
  const { extensions } = type.profile?.interop?.defined ?? type;
  const known = [id, ...extensions.map((each) => each.id)].map((each) => each.toLowerCase());
  const unknown = type.profile?.literal ? schemas.find((each) => !known.includes(each.toLowerCase())) : undefined;
  if (unknown !== undefined)
    throw badRequest("invalidSyntax", `A ${type.name} has no schema ${JSON.stringify(unknown.slice(0, 200))} here.`);
}

/**
 * Throws 400 if a required attribute of the type, or of an extension in use, has no value: `invalidValue`, or `mutability` if a PATCH
 * removed it (RFC 7644 §3.5.2.2).
 */
export function requireAll(
  resource: Resource,
  type: ResourceType,
  scimType: "invalidValue" | "mutability" = "invalidValue",
): void {
  for (const schema of [type.schema, ...type.extensions]) {
    const part = schemaPart(resource, type, schema);
    if (!part && type.requiredExtensions?.includes(schema.id))
      throw badRequest("invalidValue", `A ${type.name} requires the extension "${schema.id}".`);
    if (!part) continue;
    const missing = schema.attributes.find(
      (each) => each.required && each.mutability !== "readOnly" && !isPresent(part[each.name]),
    );
    if (missing) throw required(missing, type, schema, scimType);
  }
}

/**
 * Throws 400 `mutability` if an immutable attribute, or sub-attribute of a single complex one, would change or lose its value (RFC 7643
 * §2.2).
 */
export function checkImmutable(current: Resource, target: Resource, type: ResourceType): void {
  for (const schema of [type.schema, ...type.extensions]) {
    const [before, after] = [schemaPart(current, type, schema) ?? {}, schemaPart(target, type, schema) ?? {}];
    for (const attribute of schema.attributes) {
      const name = schema === type.schema ? attribute.name : `${schema.id}:${attribute.name}`;
      checkSame(before[attribute.name], after[attribute.name], attribute, name);
      if (attribute.multiValued) continue;
      for (const sub of attribute.subAttributes ?? []) {
        const part = (value: unknown) => (isObject(value) ? value[sub.name] : undefined);
        checkSame(part(before[attribute.name]), part(after[attribute.name]), sub, `${name}.${sub.name}`);
      }
    }
  }
}

function checkSame(before: unknown, after: unknown, attribute: Attribute, name: string): void {
  if (attribute.mutability !== "immutable" || before === undefined || isDeepStrictEqual(before, after)) return;
  throw badRequest("mutability", `"${name}" is immutable: its value cannot be changed.`);
}

/** 400: a required attribute is missing or would be removed. */
export const required = (
  attribute: Attribute,
  type: ResourceType,
  schema: Schema,
  scimType: "invalidValue" | "mutability",
) =>
  badRequest(
    scimType,
    `"${schema === type.schema ? "" : `${schema.id}:`}${attribute.name}" is required for a ${type.name}.`,
  );

function readAttributes(value: unknown, attributes: readonly Attribute[], prefix: string, unknown: string[]): Resource {
  if (value === null || value === undefined) return {};
  if (!isObject(value)) throw badRequest("invalidValue", `"${prefix.slice(0, -1)}" must be a JSON object.`);
  const part: Resource = {};
  for (const [key, inner] of Object.entries(value)) {
    const attribute = findAttribute(attributes, key);
    if (attribute) assign(part, attribute, inner, prefix + attribute.name);
    else unknown.push(prefix + key);
  }
  return part;
}

function assign(target: Resource, attribute: Attribute, value: unknown, where: string): void {
  if (attribute.mutability === "readOnly") return;
  const regular = readValue(value, attribute, where);
  if (regular !== undefined) target[attribute.name] = regular;
}

/**
 * Normalises an attribute's value: a list if multi-valued, else a single value; `undefined` if empty (null, "", [], {}). `where` names it
 * in errors. Values that are wrapped (`[{"value": "x"}]`), bare instead of complex, or text instead of a boolean or number are accepted.
 */
export function readValue(value: unknown, attribute: Attribute, where: string): unknown {
  if (attribute.multiValued) {
    const elements = readElements(value, attribute, where);
    return elements.length > 0 ? elements : undefined;
  }
  const single = Array.isArray(value) && value.length <= 1 ? value[0] : value;
  return attribute.type === "complex"
    ? readComplex(single, attribute, where)
    : readSimple(unwrap(single), attribute, where);
}

/** Normalises the elements of a multi-valued attribute, without empty ones. */
export function readElements(value: unknown, attribute: Attribute, where: string): unknown[] {
  const elements = Array.isArray(value) ? value : [value];
  return elements
    .map((element) =>
      attribute.type === "complex"
        ? readComplex(element, attribute, where)
        : readSimple(unwrap(element), attribute, where),
    )
    .filter((element) => element !== undefined);
}

/** Normalises a complex value: a bare value becomes its `value`. readOnly sub-attributes are removed. */
export function readComplex(value: unknown, attribute: Attribute, where: string): Resource | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  const object = isObject(value) ? value : { value };
  const result: Resource = {};
  for (const [key, inner] of Object.entries(object)) {
    const sub = findAttribute(attribute.subAttributes, key);
    if (!sub) {
      if (isObject(value)) continue;
      throw badRequest("invalidValue", `"${where}" is complex: its value must be a JSON object.`);
    }
    // A member's $ref may be null, and display names are read-only: neither is a reason to refuse.
    if (sub.mutability === "readOnly") continue;
    const regular = readValue(inner, sub, `${where}.${sub.name}`);
    if (regular !== undefined) result[sub.name] = regular;
  }
  return Object.keys(result).some((key) => key !== "type" && key !== "primary") ? result : undefined;
}

const unwrap = (value: unknown): unknown => (isObject(value) && "value" in value ? value.value : value);

function readSimple(value: unknown, attribute: Attribute, where: string): unknown {
  if (value === null || value === undefined || value === "") return undefined;
  const fail = (wanted: string) => badRequest("invalidValue", `"${where}" must be ${wanted}, not ${describe(value)}.`);
  switch (attribute.type) {
    case "boolean": {
      if (typeof value === "boolean") return value;
      const text = typeof value === "string" ? value.toLowerCase() : "";
      if (text !== "true" && text !== "false") throw fail("true or false");
      return text === "true";
    }
    case "integer":
    case "decimal": {
      const number = typeof value === "string" ? Number(value) : value;
      const fits =
        typeof number === "number" &&
        (attribute.type === "decimal" ? Number.isFinite(number) : Number.isSafeInteger(number));
      if (!fits) throw fail(attribute.type === "integer" ? "a whole number" : "a number");
      return number;
    }
    case "dateTime":
      if (typeof value !== "string" || !isDateTime(value)) throw fail('a date-time such as "2026-01-31T08:00:00Z"');
      return value;
    case "binary":
      if (typeof value !== "string" || !/^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/.test(value))
        throw fail("base64");
      return value;
    default: {
      // A number may be meant as text, such as an employee number; true and false may not.
      const text = typeof value === "number" ? String(value) : value;
      if (typeof text !== "string") throw fail("text");
      if (text.includes("\0"))
        throw badRequest("invalidValue", `"${where}" contains a NUL character, which is not allowed.`);
      return text;
    }
  }
}

const describe = (value: unknown): string =>
  Array.isArray(value)
    ? `a list of ${value.length}`
    : isObject(value)
      ? "a JSON object"
      : JSON.stringify(typeof value === "string" ? value.slice(0, 40) : value);

const isListOfStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");
