import { instantOf } from "../json/date.ts";
import type { Comparison, Literal } from "./filter.ts";
import { type AttributePath, leafOf, type TypedFilter } from "./path.ts";
import { type Attribute, isObject, type Resource, type ResourceType, schemaPart } from "./schema.ts";

/** Reports whether a resource matches a filter. */
export type Predicate = (resource: Resource) => boolean;

/**
 * Compiles a filter to a predicate on resources, RFC 7644 §3.4.2.2. A multi-valued attribute matches if any of its values does; `ne`
 * negates `eq`, so it is true without a value.
 */
export function compileFilter(filter: TypedFilter, type: ResourceType): Predicate {
  return compile(filter, (path) => {
    const elements = compileElements(path, type);
    return (resource) => elements(resource).flatMap((element) => leafValues(element, path));
  });
}

/** Compiles a selector to a predicate on elements; an element of a simple attribute is its `value`. */
export function compileSelector(selector: TypedFilter): (element: unknown) => boolean {
  const valuesAt = (path: AttributePath) => (element: unknown) =>
    isObject(element) ? listOf(element[path.attribute.name]) : listOf(element);
  return compile(selector, valuesAt as (path: AttributePath) => (resource: Resource) => unknown[]) as (
    element: unknown,
  ) => boolean;
}

/** The elements (or the single value) of an attribute that its selector matches. */
function compileElements(path: AttributePath, type: ResourceType): (resource: Resource) => unknown[] {
  const selects = path.selector && compileSelector(path.selector);
  return (resource) => {
    const values = listOf(schemaPart(resource, type, path.schema)?.[path.attribute.name]);
    return selects ? values.filter(selects) : values;
  };
}

/**
 * The value that a resource is sorted by, RFC 7644 §3.4.2.3: of several values the primary one, else the first. Instants become numbers.
 */
export function sortKeyAt(
  path: AttributePath,
  type: ResourceType,
): (resource: Resource) => Exclude<Key, bigint> | undefined {
  const elements = compileElements(path, type);
  const { type: leafType } = leafOf(path);
  const keyOf = comparisonKey(leafOf(path)) as (value: unknown) => Exclude<Key, bigint> | undefined;
  return (resource) => {
    const found = elements(resource);
    const chosen = found.find((element) => isObject(element) && element.primary === true) ?? found[0];
    const [value] = chosen === undefined ? [] : leafValues(chosen, path);
    if (leafType === "dateTime") return value === undefined ? undefined : keyOf(value);
    return ["string", "number", "boolean"].includes(typeof value) ? (value as Exclude<Key, bigint>) : undefined;
  };
}

function leafValues(element: unknown, path: AttributePath): unknown[] {
  if (!isObject(element)) return [element];
  const leaf = leafOf(path);
  return leaf === path.attribute ? [element] : listOf(element[leaf.name]);
}

function compile(filter: TypedFilter, valuesAt: (path: AttributePath) => (resource: Resource) => unknown[]): Predicate {
  switch (filter.op) {
    case "and": {
      const parts = filter.filters.map((inner) => compile(inner, valuesAt));
      return (resource) => parts.every((part) => part(resource));
    }
    case "or": {
      const parts = filter.filters.map((inner) => compile(inner, valuesAt));
      return (resource) => parts.some((part) => part(resource));
    }
    case "not": {
      const inner = compile(filter.filter, valuesAt);
      return (resource) => !inner(resource);
    }
    case "pr": {
      const values = presencePath(filter.path, valuesAt);
      return (resource) => values(resource).some(isPresent);
    }
    default: {
      const values = valuesAt(filter.path);
      const matches = comparisonOf(filter.op === "ne" ? "eq" : filter.op, filter.value, leafOf(filter.path));
      return filter.op === "ne"
        ? (resource) => !values(resource).some(matches)
        : (resource) => values(resource).some(matches);
    }
  }
}

/** `emails pr` means any element, not only one with a `value`. */
function presencePath(path: AttributePath, valuesAt: (path: AttributePath) => (resource: Resource) => unknown[]) {
  if (path.sub || path.attribute.type !== "complex") return valuesAt(path);
  return valuesAt({ ...path, attribute: { ...path.attribute, subAttributes: [] } });
}

/** Reports whether a value counts as present: null, empty strings, [] and {} do not (RFC 7644). */
export function isPresent(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false;
  if (Array.isArray(value)) return value.some(isPresent);
  return !isObject(value) || Object.values(value).some(isPresent);
}

function comparisonOf(op: Exclude<Comparison, "ne">, wanted: Literal, leaf: Attribute): (value: unknown) => boolean {
  const keyOf = comparisonKey(leaf);
  const key = keyOf(wanted);
  return (value) => {
    const actual = keyOf(value);
    return actual !== undefined && compareKeys[op](actual, key as never);
  };
}

/** The comparable form of a type's values: an instant, a number, or text, folded unless `caseExact`. */
function comparisonKey(leaf: Attribute): (value: unknown) => Key | undefined {
  switch (leaf.type) {
    case "dateTime":
      return (value) => {
        const instant = instantOf(String(value))?.getTime() ?? Date.parse(String(value));
        return Number.isNaN(instant) ? undefined : instant;
      };
    case "integer":
    case "decimal":
      // Integers beyond JavaScript's range are text.
      return (value) =>
        typeof value === "number"
          ? value
          : typeof value === "string" && /^-?\d{16,20}$/.test(value)
            ? BigInt(value)
            : undefined;
    case "boolean":
      return (value) => (typeof value === "boolean" ? value : undefined);
    default:
      return leaf.caseExact
        ? (value) => (typeof value === "string" ? value : undefined)
        : (value) => (typeof value === "string" ? value.toLowerCase() : undefined);
  }
}

type Key = string | number | bigint | boolean;
const compareKeys: Record<Exclude<Comparison, "ne">, (actual: Key, wanted: Key) => boolean> = {
  eq: (a, b) => a === b,
  co: (a, b) => String(a).includes(String(b)),
  sw: (a, b) => String(a).startsWith(String(b)),
  ew: (a, b) => String(a).endsWith(String(b)),
  gt: (a, b) => order(a, b) > 0,
  ge: (a, b) => order(a, b) >= 0,
  lt: (a, b) => order(a, b) < 0,
  le: (a, b) => order(a, b) <= 0,
};

/** Compares numbers by size and text by code points, like any backend that compares UTF-8 bytes. */
function order(a: Key, b: Key): number {
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
