import { type PathSyntax, parsePath } from "../scim/filter.ts";
import { isObject, type Resource } from "../scim/schema.ts";

/**
 * An attribute of the target in the notation of job schemas: `userName`, `name.givenName`, `emails[type eq "work"].value`,
 * `urn:...:User:manager`.
 */
export interface TargetPath {
  /** As written. */
  readonly text: string;
  readonly urn?: string;
  readonly attribute: string;
  /** The element of a multi-valued attribute, selected by a sub-attribute. Microsoft uses only `eq` here. */
  readonly selector?: { readonly sub: string; readonly value: string };
  readonly sub?: string;
}

/** Parses the name of a target attribute. Throws an `Error` for a name that is not a path, or has a selector other than one `eq`. */
export function targetPath(text: string): TargetPath {
  const { urn, attribute, selector, sub }: PathSyntax = parsePath(text);
  if (selector && (selector.op !== "eq" || selector.path.sub !== undefined))
    throw new Error(`the selector of ${text} does not have the form [type eq "work"]`);
  return {
    text,
    attribute,
    ...(urn !== undefined && { urn }),
    ...(selector?.op === "eq" && { selector: { sub: selector.path.attribute, value: String(selector.value) } }),
    ...(sub !== undefined && { sub }),
  };
}

/** The value at a path of a resource, or undefined. Names are case-insensitive, RFC 7643 §2.1. */
export function readAt(resource: Resource, { urn, attribute, selector, sub }: TargetPath): unknown {
  const part = urn === undefined ? resource : (propertyOf(resource, urn) ?? (isCore(urn) ? resource : undefined));
  if (!isObject(part)) return undefined;
  const value = propertyOf(part, attribute);
  const element = selector ? elementOf(value, selector) : value;
  if (sub === undefined) return element;
  const from = Array.isArray(element) ? element[0] : element;
  return isObject(from) ? propertyOf(from, sub) : undefined;
}

/** Sets a value in a new resource. Missing elements and extensions are created. */
export function writeAt(resource: Resource, path: TargetPath, value: unknown): void {
  const { urn, attribute, selector, sub } = path;
  const part = urn === undefined || isCore(urn) ? resource : childOf(resource, urn);
  if (!selector) {
    if (sub === undefined) part[attribute] = value;
    else childOf(part, attribute)[sub] = value;
    return;
  }
  part[attribute] ??= [];
  const elements = part[attribute] as Resource[];
  let element = elementOf(elements, selector);
  if (!element) {
    element = { [selector.sub]: selector.sub === "primary" ? /^true$/i.test(selector.value) : selector.value };
    elements.push(element);
  }
  element[sub ?? "value"] = value;
}

/** A value as Entra compares it: texts, with booleans in its spelling and references by ID. Undefined for none. */
export function asText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "boolean") return value ? "True" : "False";
  // The order of several values does not matter, RFC 7643 §2.4.
  if (Array.isArray(value))
    return value.length === 0
      ? undefined
      : value
          .map((each) => asText(each) ?? "")
          .sort()
          .join(";");
  if (isObject(value)) return "value" in value ? asText(value.value) : JSON.stringify(value);
  return String(value);
}

const isCore = (urn: string): boolean => /^urn:ietf:params:scim:schemas:core:2\.0:/i.test(urn);

function childOf(resource: Resource, name: string): Resource {
  const child = resource[name];
  if (isObject(child)) return child;
  const made: Resource = {};
  resource[name] = made;
  return made;
}

function elementOf(value: unknown, { sub, value: wanted }: { sub: string; value: string }): Resource | undefined {
  if (!Array.isArray(value)) return undefined;
  const isIt = (element: unknown): element is Resource =>
    isObject(element) && asText(propertyOf(element, sub))?.toLowerCase() === wanted.toLowerCase();
  return value.find(isIt);
}

function propertyOf(resource: Resource, name: string): unknown {
  if (Object.hasOwn(resource, name)) return resource[name];
  const lower = name.toLowerCase();
  const found = Object.keys(resource).find((each) => each.toLowerCase() === lower);
  return found === undefined ? undefined : resource[found];
}
