import { isDeepStrictEqual } from "node:util";
import type { PatchOperation } from "../scim/operations.ts";
import { constantsOf } from "../scim/patch.ts";
import { type Attribute, isObject, type Resource, schemaPart } from "../scim/schema.ts";
import { isSelectedBy } from "./compile.ts";
import { attrsWritten, type Group, type Mapping } from "./mapping.ts";
import { mayRead } from "./write.ts";

/** Reports whether a mapping refuses unmapped values: by `unmapped: reject`, or by the interoperability profile. */
export const refusesUnmapped = ({ unmapped, type }: Mapping): boolean =>
  unmapped === "reject" || type.profile?.interop !== undefined;

/**
 * The unmapped parts of a resource, by name: a whole attribute, a value that no row selects or has room for, or a part such as
 * `emails.display`. Read-only values that `present` already has are not included.
 */
export function unmappedIn(mapping: Mapping, resource: Resource, present: Resource = {}): string[] {
  return [mapping.type.schema, ...mapping.type.extensions].flatMap((schema) => {
    const part = schemaPart(resource, mapping.type, schema) ?? {};
    const before = schemaPart(present, mapping.type, schema) ?? {};
    return schema.attributes.flatMap((attribute) => {
      const value = part[attribute.name];
      if (value === undefined) return [];
      const held = before[attribute.name];
      const groups = writtenGroups(mapping, attribute);
      const isWhole =
        groups.length === 0
          ? held === undefined && !isReadByWrites(mapping, attribute)
          : Array.isArray(value) && isLost(mapping, groups, value, Array.isArray(held) ? held : []);
      if (isWhole) return [attribute.name];
      return partsWithoutRow(mapping, attribute, [value].flat(), [held].flat());
    });
  });
}

/** The unmapped parts of a PATCH, by name, whatever the entry contains. */
export function unmappedInOperations(mapping: Mapping, operations: readonly PatchOperation[]): string[] {
  return operations.flatMap((operation) => {
    const { attribute } = operation.path;
    if (!mapping.groups.has(attribute)) return [attribute.name];
    const groups = writtenGroups(mapping, attribute);
    if (bringsElements(operation) && isLost(mapping, groups, operation.elements, [])) return [attribute.name];
    return partsWithoutRow(mapping, attribute, broughtBy(operation), []);
  });
}

/** The elements that an operation contains, in whole or in part; a single complex attribute counts as one. */
function broughtBy(operation: PatchOperation): readonly unknown[] {
  const { path } = operation;
  if (bringsElements(operation)) return operation.elements;
  if (operation.op === "set" && path.sub) return [{ [path.sub.name]: operation.value }];
  if (operation.op !== "setSelected" || !path.selector) return [];
  const isFixed = (path.selector.op === "and" ? path.selector.filters : [path.selector]).every(({ op }) => op === "eq");
  return isFixed ? [{ ...constantsOf(path.selector, path), ...operation.value }] : [];
}

/** Reports whether an operation may contain something unmapped, or more than there is room for, which only the result shows. */
export function mayLose(mapping: Mapping, operation: PatchOperation, selected: Group | undefined): boolean {
  const { attribute } = operation.path;
  const groups = writtenGroups(mapping, attribute);
  if (mapping.groups.has(attribute) && partsWithoutRow(mapping, attribute, broughtBy(operation), []).length > 0)
    return true;
  if (operation.op === "setSelected")
    return selected !== undefined && !takes(selected, { ...selected.selector, ...operation.value });
  if (!bringsElements(operation)) return false;
  const { op, elements } = operation;
  // An added value may be the second one.
  const isSecond = (element: unknown) =>
    op === "addElements" && !groups.some((each) => each.many && takes(each, element));
  return elements.some(isSecond) || isLost(mapping, groups, elements, []);
}

const bringsElements = (
  operation: PatchOperation,
): operation is Extract<PatchOperation, { elements: readonly unknown[] }> =>
  operation.op === "addElements" || operation.op === "replaceElements";

const writtenGroups = ({ groups }: Mapping, attribute: Attribute): Group[] =>
  (groups.get(attribute) ?? []).filter(({ rows }) => rows.some((row) => attrsWritten(row).length > 0));

const isReadByWrites = ({ write }: Mapping, { name }: Attribute): boolean =>
  write.some(({ expression }) => mayRead(expression, name));

/** Parts that identify an element or follow from another part. */
const UNKEPT = new Set(["type", "primary", "$ref"]);

/** The parts of elements without a row, by dotted name, except those in `before`. Read-only parts have a row. */
function partsWithoutRow(
  mapping: Mapping,
  attribute: Attribute,
  elements: readonly unknown[],
  before: readonly unknown[],
): string[] {
  const names = new Set<string>();
  const there = new Set(before.flatMap((each) => (isObject(each) ? Object.entries(each).map(textOf) : [])));
  for (const element of elements) {
    if (!isObject(element)) continue;
    const groups = (mapping.groups.get(attribute) ?? []).filter((each) => isSelectedBy(element, each.selector));
    // An element without any row is reported as a whole.
    if (groups.length === 0) continue;
    for (const [name, value] of Object.entries(element)) {
      const hasRow = groups.some(
        ({ selector, rows }) => name in selector || rows.some(({ path: { sub } }) => !sub || sub.name === name),
      );
      if (!UNKEPT.has(name) && !hasRow && !there.has(textOf([name, value]))) names.add(`${attribute.name}.${name}`);
    }
  }
  return names.size > 0 && isReadByExpressions(mapping, attribute) ? [] : [...names];
}

/** Reports whether any expression that writes to the backend may read an attribute. */
const isReadByExpressions = (mapping: Mapping, attribute: Attribute): boolean =>
  isReadByWrites(mapping, attribute) ||
  mapping.create.some(({ expressions }) => expressions.some((each) => mayRead(each, attribute.name))) ||
  mapping.rows.some(
    (row) =>
      row.is === "expression" &&
      !row.readOnly &&
      row.write.some(({ expression }) => mayRead(expression, attribute.name)),
  );

/** Reports whether a group has a row for an element, and the element a part for that row. */
function takes({ selector, rows }: Group, element: unknown): boolean {
  if (!isObject(element)) return true;
  return (
    isSelectedBy(element, selector) &&
    rows.some((row) => {
      if (attrsWritten(row).length === 0) return false;
      return row.is === "expression" || !row.path.sub || element[row.path.sub.name] !== undefined;
    })
  );
}

/** Reports whether the rows do not take all new elements of a list. */
function isLost(
  mapping: Mapping,
  groups: readonly Group[],
  elements: readonly unknown[],
  before: readonly unknown[],
): boolean {
  const isTaken = (element: unknown) => groups.some((group) => takes(group, element));
  // Most of a long list is unchanged.
  const there = new Set(before.map(textOf));
  const isKnown = (element: unknown) => there.has(textOf(element)) || before.some((each) => isRestOf(element, each));
  if (elements.some((element) => !isTaken(element) && !isKnown(element))) return true;
  // An expression over the whole list may keep what rows do not.
  const attribute = groups[0]?.attribute;
  if (attribute && isReadByWrites(mapping, attribute)) return false;
  return withoutRoom(groups, elements) > withoutRoom(groups, before);
}

/** The number of elements that displace each other: rows without `many` use the last matching one. */
function withoutRoom(groups: readonly Group[], elements: readonly unknown[]): number {
  const single = groups.filter(({ many }) => !many);
  if (single.length === 0) return 0;
  const kept = single.flatMap((group) => elements.findLast((element) => takes(group, element)) ?? []);
  const isKept = (element: unknown) => kept.some((each) => isDeepStrictEqual(each, element));
  const hasRoom = (element: unknown) => groups.some((group) => group.many && takes(group, element));
  const isOfOne = (element: unknown) => groups.some((group) => takes(group, element));
  return elements.filter((element) => isOfOne(element) && !hasRoom(element) && !isKept(element)).length;
}

const textOf = (value: unknown): string => JSON.stringify(value);

/** Reports whether an element is a remainder of another; a new primary value removes the mark from others. */
const isRestOf = (element: unknown, before: unknown): boolean =>
  isObject(element) && isObject(before)
    ? Object.entries(element).every(([name, value]) => name === "primary" || isDeepStrictEqual(before[name], value))
    : isDeepStrictEqual(element, before);
