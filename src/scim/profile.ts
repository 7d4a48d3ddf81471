import { badRequest, type ScimType } from "./error.ts";
import { compileSelector } from "./evaluate.ts";
import { parsePath } from "./filter.ts";
import { type AttributePath, attributesIn, resolvePath, typedFilter } from "./path.ts";
import {
  type Attribute,
  commonAttributes,
  findAttribute,
  isObject,
  type Profile,
  type ResourceType,
} from "./schema.ts";

/*
 * Checks that a route's profile makes before any tolerant code: each looks at a request as received, and throws 400 or lets it pass.
 * Requests that pass are processed as on any other route.
 */

/** Maximum number of names in an error. */
const MAX_NAMED = 20;

/**
 * The profile of a route for a type, given `defined`, the type as `/Schemas` shows it. `isMapped` reports whether the route stores a common
 * attribute.
 */
export function profileOf(
  { strict, profile }: { readonly strict?: boolean | undefined; readonly profile?: "entra" | "interop" | undefined },
  { type, defined }: { readonly type: ResourceType; readonly defined: ResourceType },
  isMapped: (attribute: Attribute) => boolean,
): Profile | undefined {
  if (profile === "interop") {
    const common = commonAttributes.filter((each) => each.mutability === "readOnly" || isMapped(each));
    return { literal: true, interop: { defined, accepted: inBodies(defined, common, type), common } };
  }
  return strict ? { literal: true } : undefined;
}

/** A type as shown, with common attributes and readOnly attributes of the full type, which clients send back. */
function inBodies(
  defined: ResourceType,
  common: readonly Attribute[],
  { schema, extensions }: ResourceType,
): ResourceType {
  const added = (shown: readonly Attribute[] = [], all: readonly Attribute[] = []): Attribute[] => [
    ...shown.map((each) => {
      const whole = findAttribute(all, each.name);
      return each.subAttributes ? { ...each, subAttributes: added(each.subAttributes, whole?.subAttributes) } : each;
    }),
    ...all.filter(({ name, mutability }) => mutability === "readOnly" && !shown.some((each) => each.name === name)),
  ];
  return {
    ...defined,
    schema: { ...defined.schema, attributes: [...common, ...added(defined.schema.attributes, schema.attributes)] },
    extensions: defined.extensions.map((each) => {
      const whole = extensions.find(({ id }) => id === each.id);
      return { ...each, attributes: added(each.attributes, whole?.attributes) };
    }),
  };
}

/**
 * Checks the body of a POST or PUT against the interoperability profile, §5.3. Throws 400 `invalidSyntax` for undefined attributes, 400
 * `invalidValue` for a value of the wrong JSON type.
 */
export function checkResource(body: Readonly<Record<string, unknown>>, { profile, name }: ResourceType): void {
  if (!profile?.interop) return;
  const { accepted } = profile.interop;
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(body)) {
    if (key.toLowerCase() === "schemas") continue;
    const extension = accepted.extensions.find(({ id }) => id.toLowerCase() === key.toLowerCase());
    if (extension) {
      if (value === null) continue;
      if (!isObject(value)) throw badRequest("invalidValue", `"${extension.id}" must be a JSON object.`);
      checkParts(value, extension.attributes, `${extension.id}:`, unknown);
    } else checkParts({ [key]: value }, accepted.schema.attributes, "", unknown);
  }
  refuseUnknown(unknown, name);
}

/**
 * Checks a PATCH operation against the interoperability profile, §5.3 and §6.5. Throws 400: `invalidSyntax` without a path or for an
 * undefined attribute, `invalidPath` for a whole element or extension, `invalidValue` for a value of the wrong JSON type.
 */
export function checkOperation(
  { op, path, value }: Readonly<Record<string, unknown>>,
  index: number,
  type: ResourceType,
): void {
  if (!type.profile?.interop) return;
  const at = `Operation ${index + 1}`;
  if (op !== "add" && op !== "replace" && op !== "remove")
    throw badRequest("invalidSyntax", `${at}: "op" must be "add", "replace" or "remove", in lower case.`);
  if (path === undefined || path === null || path === "")
    throw badRequest("invalidSyntax", `${at} has no "path". Send one operation per attribute, with its path.`);
  if (typeof path !== "string") return;
  const { defined, accepted, common } = type.profile.interop;
  if (type.extensions.some(({ id }) => id.toLowerCase() === path.trim().toLowerCase()))
    throw badRequest("invalidPath", `${at}: "path" names a whole extension. Send one operation per attribute.`);
  const target = resolvePath(parsePath(path), defined, "invalidSyntax");
  checkCommon([target.attribute], common, defined, "invalidSyntax");
  // RFC 7644 has no other way to remove one of several values, and clients remove members this way.
  if (target.selector && !target.sub && op !== "remove")
    throw badRequest(
      "invalidPath",
      `${at}: "path" selects a whole value. Add a sub-attribute, such as ${target.attribute.name}[...].value.`,
    );
  if (value === undefined || value === null) return;
  const unknown: string[] = [];
  const isOne = target.selector !== undefined || target.sub !== undefined;
  const attribute = target.sub ?? resolvePath(parsePath(path), accepted, "invalidSyntax").attribute;
  checkValue(value, isOne ? { ...attribute, multiValued: false } : attribute, path.slice(0, 200), unknown);
  refuseUnknown(unknown, type.name);
}

/** Checks a filter against the interoperability profile, §6.3. Throws 400 `invalidFilter` for undefined attributes. */
export function checkFilter(filter: string, { profile }: ResourceType): void {
  if (!profile?.interop) return;
  const { defined, common } = profile.interop;
  checkCommon(attributesIn(typedFilter(filter, defined)), common, defined, "invalidFilter");
}

/** Throws 400 `invalidFilter` if the selector of a PATCH's path matches more than one value, §6.5.3. */
export function checkSelected(elements: readonly unknown[], { selector }: AttributePath, type: ResourceType): void {
  if (!type.profile?.interop || !selector) return;
  const selects = compileSelector(selector);
  if (elements.filter((each) => isObject(each) && selects(each)).length > 1)
    throw badRequest("invalidFilter", "The filter in the path matches more than one value: select one.");
}

/** Throws 400 for common attributes that the route does not store, such as `externalId`. */
function checkCommon(
  attributes: readonly Attribute[],
  common: readonly Attribute[],
  { name }: ResourceType,
  scimType: ScimType,
): void {
  const missing = attributes.find((each) => commonAttributes.includes(each) && !common.includes(each));
  if (missing) throw badRequest(scimType, `A ${name} has no "${missing.name}" here.`);
}

/** Checks the values of an object, and adds undefined names to `unknown`. */
function checkParts(
  object: Readonly<Record<string, unknown>>,
  attributes: readonly Attribute[] | undefined,
  prefix: string,
  unknown: string[],
): void {
  for (const [key, value] of Object.entries(object)) {
    const attribute = findAttribute(attributes, key);
    if (!attribute) unknown.push(prefix + key);
    else checkValue(value, attribute, prefix + attribute.name, unknown);
  }
}

/** Checks that a value has the JSON type of its attribute, RFC 7643 §2.3; null is no value. */
function checkValue(value: unknown, attribute: Attribute, where: string, unknown: string[]): void {
  // readOnly values are ignored (RFC 7643 §2.2), whatever they are.
  if (value === null || attribute.mutability === "readOnly") return;
  if (attribute.multiValued) {
    if (!Array.isArray(value)) throw badRequest("invalidValue", `"${where}" must be a list.`);
    for (const each of value) {
      checkValue(each, { ...attribute, multiValued: false }, where, unknown);
      // Such an element would be dropped, and a list of nothing else would empty the attribute.
      if (saysNothing(each, attribute)) throw badRequest("invalidValue", `A value of "${where}" has no writable part.`);
    }
    return;
  }
  if (attribute.type === "complex") {
    if (!isObject(value)) throw badRequest("invalidValue", `"${where}" is complex: its value must be a JSON object.`);
    checkParts(value, attribute.subAttributes, `${where}.`, unknown);
    return;
  }
  const wanted = jsonTypes[attribute.type] ?? "string";
  // A number that JavaScript would round arrives as text: see `parseExactly`.
  const isLong = wanted === "number" && typeof value === "string" && value.length > 15;
  if (typeof value !== wanted && !isLong) throw badRequest("invalidValue", `"${where}" must be a JSON ${wanted}.`);
}

/** Reports whether nothing of an element would be stored: only empty and readOnly parts, `type` and `primary`. */
function saysNothing(element: unknown, { subAttributes = [] }: Attribute): boolean {
  if (!isObject(element)) return element === null || element === "";
  const isValue = ({ name, mutability }: Attribute) =>
    mutability !== "readOnly" && name !== "type" && name !== "primary";
  const isEmpty = (value: unknown) => value === null || value === "" || (Array.isArray(value) && value.length === 0);
  if (!subAttributes.some(isValue)) return false;
  return !Object.entries(element).some(([key, value]) => {
    const sub = findAttribute(subAttributes, key);
    return sub !== undefined && isValue(sub) && !isEmpty(value);
  });
}

const jsonTypes: Readonly<Partial<Record<Attribute["type"], "boolean" | "number">>> = {
  boolean: "boolean",
  integer: "number",
  decimal: "number",
};

function refuseUnknown(names: readonly string[], type: string): void {
  if (names.length === 0) return;
  const listed = names.slice(0, MAX_NAMED).map((name) => JSON.stringify(name.slice(0, 200)));
  throw badRequest(
    "invalidSyntax",
    `A ${type} has no ${listed.join(", ")} here. GET /Schemas lists the available attributes.`,
  );
}
