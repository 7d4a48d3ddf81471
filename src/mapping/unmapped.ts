import { isDeepStrictEqual } from "node:util";
import type { PatchOperation } from "../scim/operations.ts";
import { constantsOf } from "../scim/patch.ts";
import { type Attribute, isObject, type Resource, schemaPart } from "../scim/schema.ts";
import { isSelectedBy } from "./compile.ts";
import { attrsWritten, type Group, type Mapping } from "./mapping.ts";
import { mayRead } from "./write.ts";

/** Whether a mapping refuses what no row takes: by `unmapped: reject`, or by the interoperability profile. */
export const refusesUnmapped = ({ unmapped, type }: Mapping): boolean =>
  unmapped === "reject" || type.profile?.interop !== undefined;

/**
 * What a resource holds and no row takes, by name: the attribute, for itself, a value that no row selects or a second value where there
 * is room for one, or `emails.display` for a part. What `present` already holds, and is only read, is left out.
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

/** What the operations of a PATCH bring and no row takes, by name, whatever the entry holds. */
export function unmappedInOperations(mapping: Mapping, operations: readonly PatchOperation[]): string[] {
  return operations.flatMap((operation) => {
    const { attribute } = operation.path;
    if (!mapping.groups.has(attribute)) return [attribute.name];
    const groups = writtenGroups(mapping, attribute);
    if (bringsElements(operation) && isLost(mapping, groups, operation.elements, [])) return [attribute.name];
    return partsWithoutRow(mapping, attribute, broughtBy(operation), []);
  });
}

/** The elements that an operation brings, in whole or in part; a single complex attribute is as one. */
function broughtBy(operation: PatchOperation): readonly unknown[] {
  const { path } = operation;
  if (bringsElements(operation)) return operation.elements;
  if (operation.op === "set" && path.sub) return [{ [path.sub.name]: operation.value }];
  if (operation.op !== "setSelected" || !path.selector) return [];
  const isFixed = (path.selector.op === "and" ? path.selector.filters : [path.selector]).every(({ op }) => op === "eq");
  return isFixed ? [{ ...constantsOf(path.selector, path), ...operation.value }] : [];
}

/** Whether an operation may bring something that no row takes, or more than there is room for: that shows in what it results in. */
export function mayLose(mapping: Mapping, operation: PatchOperation, selected: Group | undefined): boolean {
  const { attribute } = operation.path;
  const groups = writtenGroups(mapping, attribute);
  if (mapping.groups.has(attribute) && partsWithoutRow(mapping, attribute, broughtBy(operation), []).length > 0)
    return true;
  if (operation.op === "setSelected")
    return selected !== undefined && !takes(selected, { ...selected.selector, ...operation.value });
  if (!bringsElements(operation)) return false;
  const { op, elements } = operation;
  // What is added may be the second one.
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

/** Parts that say which element it is, or follow from another part. */
const UNKEPT = new Set(["type", "primary", "$ref"]);

/** The parts of elements for which no row is, by their dotted names; what `before` has is left out. A part that is only read has a row. */
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
    // Of an element that belongs to no row the whole is said.
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

/** Whether any expression that gives the backend something may read an attribute. */
const isReadByExpressions = (mapping: Mapping, attribute: Attribute): boolean =>
  isReadByWrites(mapping, attribute) ||
  mapping.create.some(({ expressions }) => expressions.some((each) => mayRead(each, attribute.name))) ||
  mapping.rows.some(
    (row) =>
      row.is === "expression" &&
      !row.readOnly &&
      row.write.some(({ expression }) => mayRead(expression, attribute.name)),
  );

/** Whether a group has a row for an element, and a part of the element for that row. */
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

/** Whether the rows do not take all of a list's elements, of those that were not there before. */
function isLost(
  mapping: Mapping,
  groups: readonly Group[],
  elements: readonly unknown[],
  before: readonly unknown[],
): boolean {
  const isTaken = (element: unknown) => groups.some((group) => takes(group, element));
  // Of long lists most is as it was.
  const there = new Set(before.map(textOf));
  const isKnown = (element: unknown) => there.has(textOf(element)) || before.some((each) => isRestOf(element, each));
  if (elements.some((element) => !isTaken(element) && !isKnown(element))) return true;
  // An expression over the whole list may keep what the rows do not.
  const attribute = groups[0]?.attribute;
  if (attribute && isReadByWrites(mapping, attribute)) return false;
  return withoutRoom(groups, elements) > withoutRoom(groups, before);
}

/** How many elements are in the way of another: rows without `many` take the last one that they select. */
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

/** Whether an element is what is left of another; a new primary value takes that mark from the others. */
const isRestOf = (element: unknown, before: unknown): boolean =>
  isObject(element) && isObject(before)
    ? Object.entries(element).every(([name, value]) => name === "primary" || isDeepStrictEqual(before[name], value))
    : isDeepStrictEqual(element, before);
