import { badRequest } from "./error.ts";
import { readComplex, readElements, readValue } from "./input.ts";
import { type AttributePath, patchTarget, pathName } from "./path.ts";
import { checkOperation } from "./profile.ts";
import { findAttribute, isObject, type ResourceType, type Schema } from "./schema.ts";

/**
 * A PATCH operation in normalised form, whatever dialect it came in.
 * - `set`, `clear`: the value of a simple attribute, or of a sub-attribute of a single complex one.
 * - `addElements`, `replaceElements`, `removeElements`: elements of a multi-valued attribute; removal matches by the given parts.
 * - `setSelected`: sub-attributes of the elements that a selector matches (all without one). A missing element is created.
 * - `clearSelected`: a sub-attribute of those elements or, without one, the elements themselves.
 */
export type PatchOperation =
  | { readonly op: "set"; readonly path: AttributePath; readonly value: unknown }
  | { readonly op: "clear"; readonly path: AttributePath }
  | {
      readonly op: "addElements" | "replaceElements" | "removeElements";
      readonly path: AttributePath;
      readonly elements: readonly unknown[];
    }
  | {
      readonly op: "setSelected";
      readonly path: AttributePath;
      readonly value: Readonly<Record<string, unknown>>;
      /** Whether it is a replace: then a missing element can be created only from `type` and `primary`. */
      readonly isReplace?: boolean;
    }
  | { readonly op: "clearSelected"; readonly path: AttributePath };

type Verb = "add" | "replace" | "remove";

/** More operations than any client sends in one request. */
const MAX_OPERATIONS = 2000;
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/**
 * Parses the body of a PATCH, RFC 7644 §3.5.2, in the RFC's form or one of Entra's dialects. Throws 400 `invalidSyntax`, `invalidPath`,
 * `invalidValue`, `noTarget` or `mutability`, naming the operation.
 */
export function readPatch(body: unknown, type: ResourceType): PatchOperation[] {
  if (!isObject(body)) throw badRequest("invalidSyntax", "The body must be a JSON object, a PatchOp.");
  const { schemas } = body;
  const isPatch =
    Array.isArray(schemas) && schemas.some((each) => String(each).toLowerCase() === PATCH_OP.toLowerCase());
  const isNone = schemas === undefined || (Array.isArray(schemas) && schemas.length === 0);
  if (!isPatch && (!isNone || type.profile?.literal))
    throw badRequest("invalidSyntax", `"schemas" of a PATCH must be ["${PATCH_OP}"].`);
  const list = Object.entries(body).find(([key]) => key.toLowerCase() === "operations")?.[1];
  // Some clients send an empty list if nothing has changed.
  if (!Array.isArray(list))
    throw badRequest("invalidSyntax", `A PATCH requires "Operations", a list, and "schemas": ["${PATCH_OP}"].`);
  if (list.length === 0 && type.profile?.literal)
    throw badRequest("invalidSyntax", 'A PATCH requires at least one of "Operations".');
  if (list.length > MAX_OPERATIONS)
    throw badRequest("invalidValue", `A PATCH can have at most ${MAX_OPERATIONS} operations.`);
  return list.flatMap((each, index) => readOperation(each, index, type));
}

function readOperation(operation: unknown, index: number, type: ResourceType): PatchOperation[] {
  if (!isObject(operation)) throw badRequest("invalidSyntax", `Operation ${index + 1} must be a JSON object.`);
  const fields = Object.fromEntries(Object.entries(operation).map(([key, value]) => [key.toLowerCase(), value]));
  if (Object.keys(fields).length < Object.keys(operation).length)
    throw badRequest("invalidSyntax", `Operation ${index + 1} contains the same name twice, in different case.`);
  checkOperation(fields, index, type);
  const verb = typeof fields.op === "string" ? fields.op.toLowerCase() : undefined;
  if (verb !== "add" && verb !== "replace" && verb !== "remove") {
    throw badRequest("invalidSyntax", `Operation ${index + 1}: "op" must be add, replace or remove.`);
  }
  const { path, value } = fields;
  if (path === undefined || path === null || path === "") {
    if (verb === "remove") throw badRequest("noTarget", `Operation ${index + 1}: remove requires a "path".`);
    if (!isObject(value)) {
      throw badRequest(
        "invalidValue",
        `Operation ${index + 1}: without a "path" the value must be a JSON object of attributes.`,
      );
    }
    return ofObject(verb, value, type);
  }
  if (typeof path !== "string") throw badRequest("invalidPath", `Operation ${index + 1}: "path" must be a string.`);
  if (verb !== "remove" && !("value" in fields))
    throw badRequest("invalidValue", `Operation ${index + 1}: ${verb} requires a "value".`);
  const target = patchTarget(path, type);
  if (!("extension" in target)) return ofPath(verb, target, value, type);
  return ofExtension(verb, target.extension, value, type);
}

const isWritable = (attribute: { mutability: string }) => attribute.mutability !== "readOnly";
const ignoredKeys = new Set(["schemas", "id", "meta"]);

/** An operation without a path: each key is an attribute, a dotted name, a path or an extension's URN. */
function ofObject(verb: "add" | "replace", value: Record<string, unknown>, type: ResourceType): PatchOperation[] {
  return Object.entries(value)
    .filter(([key]) => !ignoredKeys.has(key.toLowerCase()))
    .flatMap(([key, inner]) => {
      const target = patchTarget(key, type);
      if (!("extension" in target)) return ofPath(verb, target, inner, type);
      return ofExtension(verb, target.extension, inner, type);
    });
}

/** An operation on a whole extension. null means no value, as for any attribute (RFC 7643 §2.5). */
function ofExtension(verb: Verb, extension: Schema, value: unknown, type: ResourceType): PatchOperation[] {
  if (verb === "remove" || (verb === "replace" && value === null))
    return extension.attributes.filter(isWritable).flatMap((each) => removal({ schema: extension, attribute: each }));
  if (value === null) return [];
  if (!isObject(value)) throw badRequest("invalidValue", `The value of "${extension.id}" must be a JSON object.`);
  // Some client libraries add "schemas" to an extension.
  const entries = Object.entries(value).filter(([key]) => !ignoredKeys.has(key.toLowerCase()));
  return entries.flatMap(([key, inner]) => {
    const target = patchTarget(`${extension.id}:${key}`, type);
    return "extension" in target ? [] : ofPath(verb, target, inner, type);
  });
}

function ofPath(verb: Verb, path: AttributePath, value: unknown, type: ResourceType): PatchOperation[] {
  const readOnly = [path.attribute, path.sub].find((each) => each?.mutability === "readOnly");
  if (readOnly) throw badRequest("mutability", `"${pathName(path, type)}" is readOnly: it cannot be changed.`);
  if (path.attribute.multiValued) return ofMultiValued(verb, path, value, type);
  if (verb === "remove") return removal(path);
  if (path.attribute.type === "complex" && !path.sub) return ofComplex(verb, path, value, type);
  const regular = readValue(value, path.sub ?? path.attribute, pathName(path, type));
  return [regular === undefined ? { op: "clear", path } : { op: "set", path, value: regular }];
}

/**
 * A whole single complex attribute: the given sub-attributes are merged, an empty value removes all. In the interoperability profile
 * (§6.5.2.1) a replace removes those that it omits.
 */
function ofComplex(verb: "add" | "replace", path: AttributePath, value: unknown, type: ResourceType): PatchOperation[] {
  const single = Array.isArray(value) && value.length <= 1 ? value[0] : value;
  // Entra clears a manager with an empty string. For attributes without a value of their own it means nothing.
  const isEmpty = single === "" && findAttribute(path.attribute.subAttributes, "value") !== undefined;
  if (single === null || single === undefined || isEmpty) return removal(path);
  if (typeof single !== "object" && !findAttribute(path.attribute.subAttributes, "value"))
    throw badRequest("invalidValue", `"${pathName(path, type)}" is complex: its value must be a JSON object.`);
  const object = isObject(single) ? single : { value: single };
  const isWhole = verb === "replace" && type.profile?.interop !== undefined;
  const names = new Set(Object.keys(object).map((key) => key.toLowerCase()));
  const left = isWhole ? removal(path).filter((each) => !names.has(each.path.sub!.name.toLowerCase())) : [];
  const given = Object.entries(object).flatMap(([key, inner]) => {
    const sub = findAttribute(path.attribute.subAttributes, key);
    if (!sub) {
      if (isObject(single)) return [];
      throw badRequest("invalidValue", `"${pathName(path, type)}" is complex: its value must be a JSON object.`);
    }
    return sub.mutability === "readOnly" ? [] : ofPath(verb, { ...path, sub }, inner, type);
  });
  return [...left, ...given];
}

function ofMultiValued(verb: Verb, path: AttributePath, value: unknown, type: ResourceType): PatchOperation[] {
  const name = pathName(path, type);
  if (path.selector || path.sub) {
    if (verb === "remove") return [removalOfSelected(path)];
    const regular = path.sub ? readValue(value, path.sub, name) : readComplex(firstOf(value), path.attribute, name);
    if (path.sub?.mutability === "immutable")
      throw badRequest("mutability", `"${name}" is immutable: remove the value and add another one.`);
    if (regular === undefined) return [{ op: "clearSelected", path }];
    // Without a selector, add appends an element (RFC 7644 §3.5.2.1).
    if (verb === "add" && path.sub && !path.selector) {
      const { sub, ...element } = path;
      return [{ op: "addElements", path: element, elements: [{ [sub.name]: regular }] }];
    }
    const { sub, ...element } = path;
    return [
      {
        op: "setSelected",
        path: element,
        value: sub ? { [sub.name]: regular } : (regular as Record<string, unknown>),
        ...(verb === "replace" && { isReplace: true }),
      },
    ];
  }
  const isEmpty = value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
  if (verb === "remove") {
    // Entra's older dialect lists the elements to remove in the value: only those are removed.
    if (isEmpty) return [{ op: "replaceElements", path, elements: [] }];
    return [{ op: "removeElements", path, elements: readElements(value, path.attribute, name) }];
  }
  const elements = isEmpty ? [] : readElements(value, path.attribute, name);
  return [{ op: verb === "add" ? "addElements" : "replaceElements", path, elements }];
}

/** `members[value eq "x"]` identifies the element, so that it can be removed without a read. */
function removalOfSelected(path: AttributePath): PatchOperation {
  const { selector, ...attribute } = path;
  const isValue = selector?.op === "eq" && selector.path.attribute.name === "value" && !path.sub;
  return isValue
    ? {
        op: "removeElements",
        path: attribute,
        elements: [attribute.attribute.type === "complex" ? { value: selector.value } : selector.value],
      }
    : { op: "clearSelected", path };
}

const firstOf = (value: unknown): unknown => (Array.isArray(value) && value.length === 1 ? value[0] : value);

/** Removes a whole attribute: each writable sub-attribute of a single complex one. */
function removal(path: AttributePath): PatchOperation[] {
  if (path.attribute.multiValued) return [{ op: "replaceElements", path, elements: [] }];
  if (path.attribute.type !== "complex" || path.sub) return [{ op: "clear", path }];
  return path.attribute.subAttributes!.filter(isWritable).map((sub) => ({ op: "clear", path: { ...path, sub } }));
}
