import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { compileSelector, isPresent } from "../scim/evaluate.ts";
import { readPatch } from "../scim/operations.ts";
import { applyPatch } from "../scim/patch.ts";
import { type AttributePath, typedPath } from "../scim/path.ts";
import { ENTERPRISE_USER, isObject, type Resource, type ResourceType, schemaPart } from "../scim/schema.ts";
import type { ValueChange } from "./shown.ts";

/** A short hash of a text. */
export const fingerprint = (text: string): string => createHash("sha256").update(text).digest("base64url").slice(0, 22);

/** A path of a resource type in rules: how to read its value, and how a PATCH writes it. */
export interface Place {
  /** The path as written in the rule. */
  readonly name: string;
  /** The full path for a PATCH. */
  readonly path: string;
  readonly typed: AttributePath;
  readonly isList: boolean;
}

/** A type's extensions by their short names in rules: `enterprise`, and `hr` for `urn:...:hr:2.0:User`. */
export const shortNames = (type: ResourceType): ReadonlyMap<string, string> =>
  new Map(
    type.extensions.flatMap(({ id }): [string, string][] => {
      if (id === ENTERPRISE_USER) return [["enterprise", id]];
      const short = /([A-Za-z]\w*):\d[\d.]*:\w+$/.exec(id)?.[1] ?? /([A-Za-z]\w*)$/.exec(id)?.[1];
      return short === undefined ? [] : [[short, id]];
    }),
  );

/** A path or filter with URNs instead of short names, except within quotes. */
export function withUrns(text: string, type: ResourceType): string {
  const urns = shortNames(type);
  return text.replace(/"(?:[^"\\]|\\.)*"|(?<![\w:.-])([A-Za-z]\w*):(?=[A-Za-z])/g, (part, short?: string) => {
    const urn = short === undefined ? undefined : urns.get(short);
    return urn === undefined ? part : `${urn}:`;
  });
}

/** Resolves a path in a type. `enterprise:` stands for the extension's URN. Throws 400 `invalidPath`. */
export function placeIn(type: ResourceType, name: string): Place {
  const path = withUrns(name, type);
  const typed = typedPath(path, type);
  const isList = typed.attribute.multiValued && !typed.selector && !typed.sub;
  return { name, path, typed, isList };
}

/** Reads the value at a place: the first, for a selector or a list's sub-attribute; undefined for none. */
export function valueAt(resource: Resource, { typed, isList }: Place, type: ResourceType): unknown {
  const value = schemaPart(resource, type, typed.schema)?.[typed.attribute.name];
  if (isList) return isPresent(value) ? value : undefined;
  const elements = Array.isArray(value) ? value : value === undefined ? [] : [value];
  const selects = typed.selector ? compileSelector(typed.selector) : () => true;
  for (const element of elements.filter(selects)) {
    const inner = typed.sub && isObject(element) ? element[typed.sub.name] : element;
    if (isPresent(inner)) return inner;
  }
  return undefined;
}

/** Reports whether the target treats two values as equal: numbers and booleans as written, lists in any order. */
export function isSameValue(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    if (one.length !== other.length) return false;
    const sorted = (list: readonly unknown[]) => list.map((each) => JSON.stringify(each)).toSorted();
    return isDeepStrictEqual(sorted(one), sorted(other));
  }
  if (isObject(one) && isObject(other)) return isDeepStrictEqual(one, other);
  if (!isPresent(one) && !isPresent(other)) return true;
  return typeof one !== "object" && typeof other !== "object" && String(one ?? "") === String(other ?? "");
}

/** Changes as the body of a PATCH, RFC 7644 §3.5.2. */
export const patchOf = (changes: readonly Pick<ValueChange, "path" | "to">[]): Record<string, unknown> => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
  Operations: changes.map(({ path, to }) =>
    to === undefined ? { op: "remove", path } : { op: "replace", path, value: to },
  ),
});

/** A resource with some values, by their paths. */
export function resourceWith(changes: readonly Pick<ValueChange, "path" | "to">[], type: ResourceType): Resource {
  const given = changes.filter(({ to }) => to !== undefined);
  const urns = given.flatMap(({ path }) =>
    type.extensions.filter(({ id }) => path.toLowerCase().startsWith(`${id.toLowerCase()}:`)).map(({ id }) => id),
  );
  const made = applyPatch({}, readPatch(patchOf(given), type), type);
  return { schemas: [type.schema.id, ...new Set(urns)], ...made };
}

/** Writes an explicit null at a place of a resource; in a list, into the element that the selector matches. */
export function nulled(resource: Resource, { typed }: Place, type: ResourceType): void {
  const within = (of: Resource, name: string, empty: Resource | Resource[]): Resource => {
    of[name] ??= empty;
    return of[name] as Resource;
  };
  const part = typed.schema === type.schema ? resource : within(resource, typed.schema.id, {});
  const { attribute, selector, sub } = typed;
  if (!sub) part[attribute.name] ??= null;
  else if (!attribute.multiValued) within(part, attribute.name, {})[sub.name] ??= null;
  else if (selector?.op === "eq") {
    const elements = within(part, attribute.name, []) as unknown as Resource[];
    const fixed = selector.path.attribute.name;
    const element = elements.find((each) => each[fixed] === selector.value);
    if (element) element[sub.name] ??= null;
    else elements.push({ [fixed]: selector.value, [sub.name]: null });
  }
}
