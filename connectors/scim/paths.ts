import type { Value } from "../../src/connector/connector.ts";
import { type Filter, type PathSyntax, parsePath } from "../../src/scim/filter.ts";
import { isObject, type Resource } from "../../src/scim/schema.ts";

/** An attribute of the connector: a SCIM path on the server. */
export interface Path {
  readonly urn: string | undefined;
  readonly attribute: string;
  /** The values that elements must have, for `[type eq "work"]`: `{ type: "work" }`. */
  readonly holds: Resource | undefined;
  readonly sub: string | undefined;
}

/** Parses an attribute's name. */
export type PathOf = (attr: string) => Path;

const cache = new Map<string, Path>();

/** Parses an attribute as a SCIM path. `enterprise:` stands for the extension's URN. Throws a `TypeError`. */
export function pathOf(attr: string, enterprise: string): Path {
  const key = `${enterprise} ${attr}`;
  const known = cache.get(key);
  if (known) return known;
  const { urn, attribute, selector, sub } = parsePath(attr.replace(/^enterprise:/, `${enterprise}:`));
  const path = { urn, attribute, holds: selector && constants(selector, attr), sub };
  cache.set(key, path);
  return path;
}

function constants(selector: Filter<PathSyntax>, attr: string): Resource {
  if (selector.op === "eq") return { [selector.path.attribute]: selector.value };
  if (selector.op === "and") return Object.assign({}, ...selector.filters.map((each) => constants(each, attr)));
  throw new TypeError(`"${attr}": brackets may only contain comparisons with eq, combined with and.`);
}

/** The name of a property, found case-insensitively as SCIM requires. */
function nameIn(object: Resource, name: string): string {
  if (Object.hasOwn(object, name)) return name;
  const lower = name.toLowerCase();
  return Object.keys(object).find((each) => each.toLowerCase() === lower) ?? name;
}
const at = (object: Resource, name: string): unknown => object[nameIn(object, name)];

const isHeld = (element: unknown, holds: Resource): boolean =>
  isObject(element) &&
  Object.entries(holds).every(([name, wanted]) => {
    const value = at(element, name);
    return typeof value === "string" && typeof wanted === "string"
      ? value.toLowerCase() === wanted.toLowerCase()
      : value === wanted;
  });

/** The values at a path. */
export function valuesAt(resource: Resource, { urn, attribute, holds, sub }: Path): Value[] {
  const part = isCore(urn) ? resource : at(resource, urn!);
  if (!isObject(part)) return [];
  const value = at(part, attribute);
  const elements = (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]).filter(
    (element) => !holds || isHeld(element, holds),
  );
  const values =
    sub === undefined ? elements : elements.map((element) => (isObject(element) ? at(element, sub) : undefined));
  return values.filter((each): each is Value => each !== undefined && each !== null && each !== "");
}

/** Core attributes are in the resource itself, even if their path includes the URN. */
const isCore = (urn: string | undefined): boolean => urn === undefined || /schemas:core:/i.test(urn);

/** Replaces the values at a path of a resource. */
export function putAt(resource: Resource, path: Path, values: readonly Value[]): void {
  const { urn, attribute, holds, sub } = path;
  const part = partFor(resource, urn, values.length > 0);
  if (!part) return;
  const name = nameIn(part, attribute);
  const present = part[name];
  if (holds) {
    const present = Array.isArray(part[name]) ? part[name] : [];
    const others = present.filter((element) => !isHeld(element, holds));
    const kept = present.filter((element) => isHeld(element, holds));
    const elements = values.map((value, index) => ({
      ...holds,
      ...(index < kept.length ? (kept[index] as Resource) : {}),
      [sub ?? "value"]: value,
    }));
    set(part, name, [...others, ...elements]);
  } else if (sub === undefined) set(part, name, Array.isArray(present) || values.length > 1 ? [...values] : values[0]);
  else if (Array.isArray(present) || isManyAt(path, values))
    set(
      part,
      name,
      values.map((value) => ({ [sub]: value })),
    );
  else {
    const inner = isObject(present) ? { ...present } : {};
    set(inner, nameIn(inner, sub), values[0]);
    set(part, name, inner);
  }
}

/** Reports whether values at a path are elements of a list: by their number, or by the path. */
export const isManyAt = (path: Path, values: readonly Value[]): boolean => values.length > 1 || isListed(path);
/** Reports whether a path is a sub-attribute of list elements: `members.value`, not `name.givenName` or `manager.value`. */
export const isListed = ({ attribute, sub }: Path): boolean =>
  sub !== undefined &&
  [
    "members",
    "emails",
    "phonenumbers",
    "ims",
    "photos",
    "addresses",
    "groups",
    "entitlements",
    "roles",
    "x509certificates",
  ].includes(attribute.toLowerCase());

function partFor(resource: Resource, urn: string | undefined, make: boolean): Resource | undefined {
  if (isCore(urn)) return resource;
  const name = nameIn(resource, urn!);
  if (!isObject(resource[name])) {
    if (!make) return undefined;
    resource[name] = {};
  }
  return resource[name] as Resource;
}

/** Sets a property. Empty values remove it. */
function set(object: Resource, name: string, value: unknown): void {
  const isEmpty =
    value === undefined ||
    (Array.isArray(value) && value.length === 0) ||
    (isObject(value) && Object.keys(value).length === 0);
  if (isEmpty) delete object[name];
  else object[name] = value;
}

/** The path up to its brackets. */
export const nameOf = ({ urn, attribute }: Path): string => `${urn === undefined ? "" : `${urn}:`}${attribute}`;

/** The path without brackets, as `attributes` takes it. */
export const askedFor = (path: Path): string =>
  `${nameOf(path)}${path.holds || path.sub === undefined ? "" : `.${path.sub}`}`;

/** The contents of a path's brackets, with additions: `type eq "work" and value eq "x"`. */
export const selectorText = (holds: Resource | undefined, ...more: readonly string[]): string =>
  [...Object.entries(holds ?? {}).map(([name, value]) => `${name} eq ${JSON.stringify(value)}`), ...more].join(" and ");

/** A list element with a value. */
export const elementOf = ({ holds, sub }: Path, value: Value): unknown =>
  holds || sub !== undefined ? { ...holds, [sub ?? "value"]: value } : value;
