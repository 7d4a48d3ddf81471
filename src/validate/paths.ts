import { type PathSyntax, parsePath } from "../scim/filter.ts";
import { isObject, type Resource } from "../scim/schema.ts";

interface Selected {
  readonly name: string;
  readonly value: unknown;
}

/** The literal that a path's selector asks for, such as `type` and `work` of `emails[type eq "work"].value`. */
function selected({ selector }: PathSyntax): Selected | undefined {
  return selector?.op === "eq" ? { name: selector.path.attribute, value: selector.value } : undefined;
}

const isCore = (urn: string | undefined) => urn === undefined || urn.startsWith("urn:ietf:params:scim:schemas:core:");

const equal = (a: unknown, b: unknown) => String(a).toLowerCase() === String(b).toLowerCase();

/** The value that a resource holds at a path as Entra writes them; undefined if there is none. */
export function valueAt(resource: unknown, path: string): unknown {
  const parsed = parsePath(path);
  const part = isCore(parsed.urn) ? resource : isObject(resource) ? resource[parsed.urn!] : undefined;
  const value = isObject(part) ? part[parsed.attribute] : undefined;
  const wanted = selected(parsed);
  const element =
    wanted && Array.isArray(value)
      ? value.find((each) => isObject(each) && equal(each[wanted.name], wanted.value))
      : wanted
        ? undefined
        : value;
  if (parsed.sub === undefined) return element;
  return isObject(element) ? element[parsed.sub] : undefined;
}

/** A resource with a value at each path. An element that a selector asks for is made, with what it is selected by. */
export function resourceOf(values: Iterable<readonly [string, unknown]>): Resource {
  const resource: Resource = {};
  for (const [path, value] of values) put(resource, parsePath(path), value);
  return resource;
}

function put(resource: Resource, path: PathSyntax, value: unknown): void {
  const part = isCore(path.urn) ? resource : child(resource, path.urn!);
  const wanted = selected(path);
  if (wanted) elementIn(part, path.attribute, wanted)[path.sub ?? "value"] = value;
  else if (path.sub !== undefined) child(part, path.attribute)[path.sub] = value;
  else part[path.attribute] = value;
}

function elementIn(part: Resource, attribute: string, { name, value }: Selected): Resource {
  const list = (part[attribute] as Resource[] | undefined) ?? [];
  part[attribute] = list;
  const found = list.find((each) => equal(each[name], value));
  if (found) return found;
  const element = { [name]: value };
  list.push(element);
  return element;
}

function child(resource: Resource, name: string): Resource {
  const found = (resource[name] as Resource | undefined) ?? {};
  resource[name] = found;
  return found;
}

/** Whether a path selects an element of a list. */
export const isSelecting = (path: string): boolean => parsePath(path).selector !== undefined;
