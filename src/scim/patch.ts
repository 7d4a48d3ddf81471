import { isDeepStrictEqual } from "node:util";
import { badRequest } from "./error.ts";
import { compileSelector } from "./evaluate.ts";
import type { PatchOperation } from "./operations.ts";
import { type AttributePath, filterText, type TypedFilter } from "./path.ts";
import { checkSelected } from "./profile.ts";
import { type Attribute, findAttribute, isObject, type Resource, type ResourceType } from "./schema.ts";

/** Maximum comparisons of elements for one PATCH. They take time on the thread that all clients share. */
const MAX_STEPS = 4_000_000;

/** Counts the cost of a PATCH. */
interface Budget {
  steps: number;
}

/** Throws 400 `tooMany` if a PATCH would compare too many elements. */
function spend(budget: Budget, steps: number): void {
  budget.steps += steps;
  if (budget.steps > MAX_STEPS)
    throw badRequest("tooMany", "These operations would compare too many values. Send fewer of them at a time.");
}

/**
 * Applies the operations of a PATCH to a resource in order, RFC 7644 §3.5.2. Returns a new resource without empty values. Throws 400
 * `noTarget` if a selector matches nothing and does not describe the missing element. Adding present values and removing absent ones
 * succeeds, so repeats are safe.
 */
export function applyPatch(resource: Resource, operations: readonly PatchOperation[], type: ResourceType): Resource {
  const result = structuredClone(resource);
  const budget: Budget = { steps: 0 };
  for (const operation of joined(operations)) applyOperation(result, operation, type, budget);
  return result;
}

/** Merges consecutive additions to, or removals from, the same attribute: clients send members one by one. */
function joined(operations: readonly PatchOperation[]): PatchOperation[] {
  const result: PatchOperation[] = [];
  for (const operation of operations) {
    const last = result.at(-1);
    const isLike =
      last !== undefined &&
      (operation.op === "addElements" || operation.op === "removeElements") &&
      last.op === operation.op &&
      last.path.attribute === operation.path.attribute &&
      last.path.schema === operation.path.schema;
    if (isLike) (last.elements as unknown[]).push(...operation.elements);
    else result.push("elements" in operation ? { ...operation, elements: [...operation.elements] } : operation);
  }
  return result;
}

function applyOperation(resource: Resource, operation: PatchOperation, type: ResourceType, budget: Budget): void {
  const { path } = operation;
  if (operation.op === "set") setValue(resource, path, type, operation.value);
  else if (operation.op === "clear") setValue(resource, path, type, undefined);
  else {
    const elements = elementsAt(resource, path, type);
    if (operation.op === "setSelected" || operation.op === "clearSelected") checkSelected(elements, path, type);
    if (operation.op === "setSelected" && operation.isReplace) checkFound(elements, path, type);
    setElements(resource, path, type, changedElements(elements, operation, budget));
  }
}

/** The elements of a multi-valued attribute after an operation. */
function changedElements(
  elements: unknown[],
  operation: Exclude<PatchOperation, { op: "set" | "clear" }>,
  budget: Budget,
): unknown[] {
  const { selector } = operation.path;
  spend(
    budget,
    selector ? termsIn(selector) * (elements.length + textIn(elements) / LETTERS_PER_STEP) : elements.length,
  );
  switch (operation.op) {
    case "addElements":
      return added(elements, operation.elements, budget);
    case "replaceElements":
      return added([], operation.elements, budget);
    case "removeElements":
      return removed(elements, operation.elements, operation.path.attribute, budget);
    case "setSelected":
      return setSelected(elements, operation, budget);
    case "clearSelected":
      return clearSelected(elements, operation.path);
  }
}

/** Comparing this many letters counts as a step. */
const LETTERS_PER_STEP = 256;

/** The number of comparisons that a selector makes per element. */
function termsIn(filter: NonNullable<AttributePath["selector"]>): number {
  if (filter.op === "and" || filter.op === "or") return filter.filters.reduce((sum, each) => sum + termsIn(each), 0);
  return filter.op === "not" ? termsIn(filter.filter) : 1;
}

/** The total number of letters in the texts of elements. */
const textIn = (elements: readonly unknown[]): number =>
  elements.reduce<number>((sum, element) => {
    for (const value of isObject(element) ? Object.values(element) : [element])
      if (typeof value === "string") sum += value.length;
    return sum;
  }, 0);

/** The object that contains the attribute: the resource, or its extension's part, created for writing. */
function partFor(resource: Resource, path: AttributePath, type: ResourceType, make: boolean): Resource | undefined {
  if (path.schema === type.schema) return resource;
  const part = resource[path.schema.id];
  if (isObject(part)) return part;
  if (!make) return undefined;
  const made: Resource = {};
  resource[path.schema.id] = made;
  return made;
}

function setValue(resource: Resource, path: AttributePath, type: ResourceType, value: unknown): void {
  const part = partFor(resource, path, type, value !== undefined);
  if (!part) return;
  if (!path.sub) {
    assign(part, path.attribute.name, value, resource, path, type);
    return;
  }
  const complex = { ...(isObject(part[path.attribute.name]) ? (part[path.attribute.name] as Resource) : {}) };
  if (value === undefined) delete complex[path.sub.name];
  else complex[path.sub.name] = value;
  assign(part, path.attribute.name, Object.keys(complex).length > 0 ? complex : undefined, resource, path, type);
}

function setElements(resource: Resource, path: AttributePath, type: ResourceType, elements: unknown[]): void {
  const part = partFor(resource, path, type, elements.length > 0);
  if (part) assign(part, path.attribute.name, elements.length > 0 ? elements : undefined, resource, path, type);
}

function assign(
  part: Resource,
  name: string,
  value: unknown,
  resource: Resource,
  path: AttributePath,
  type: ResourceType,
): void {
  if (value !== undefined) part[name] = value;
  else delete part[name];
  if (path.schema !== type.schema && Object.keys(part).length === 0) delete resource[path.schema.id];
}

function elementsAt(resource: Resource, path: AttributePath, type: ResourceType): unknown[] {
  const value = partFor(resource, path, type, false)?.[path.attribute.name];
  return Array.isArray(value) ? value : [];
}

/** Indexes elements by the value that possible matches share. */
function byValue(elements: readonly unknown[]): { with: Map<unknown, number[]>; without: number[] } {
  const index = { with: new Map<unknown, number[]>(), without: [] as number[] };
  for (const [at, element] of elements.entries()) note(index, element, at);
  return index;
}

function note(index: ReturnType<typeof byValue>, element: unknown, at: number): void {
  const value = plainValue(element);
  if (value === undefined) index.without.push(at);
  else if (index.with.has(value)) index.with.get(value)!.push(at);
  else index.with.set(value, [at]);
}

/** The index value of an element: its `value`, or itself if simple; undefined if that is structured. */
function plainValue(element: unknown): unknown {
  const value = isObject(element) ? element.value : element;
  return typeof value === "object" ? undefined : value;
}

/** The elements that may match another. */
const candidates = (index: ReturnType<typeof byValue>, wanted: unknown, all: number): readonly number[] => {
  const value = plainValue(wanted);
  return value !== undefined ? (index.with.get(value) ?? []) : Array.from({ length: all }, (_, at) => at);
};

/** Adds missing elements, and missing parts to those that match. A new primary element takes the mark from others (RFC 7644 §3.5.2). */
function added(elements: readonly unknown[], more: readonly unknown[], budget: Budget): unknown[] {
  const result = [...elements];
  const index = byValue(result);
  let primary = result.flatMap((element, at) => (isPrimary(element) ? [at] : []));
  for (const element of more) {
    const near = candidates(index, element, result.length);
    spend(budget, 1 + near.length);
    const found = near.find((at) => agrees(result[at], element));
    const present = found === undefined ? undefined : result[found];
    if (isPrimary(element) && !isPrimary(present)) {
      for (const at of primary) result[at] = withoutPrimary(result[at]);
      primary = [found ?? result.length];
    }
    if (found === undefined) {
      note(index, element, result.length);
      result.push(element);
    } else if (isObject(present) && isObject(element)) result[found] = { ...present, ...element };
  }
  return result;
}

/** Removes matching elements; case matters only if the schema says so. */
function removed(
  elements: readonly unknown[],
  gone: readonly unknown[],
  attribute: Attribute,
  budget: Budget,
): unknown[] {
  const form = formOf(attribute);
  const named = gone.map(form);
  const index = byValue(named);
  return elements.filter((each) => {
    const element = form(each);
    const value = plainValue(element);
    const near = [...(value === undefined ? [] : (index.with.get(value) ?? [])), ...index.without];
    spend(budget, near.length);
    return !near.some((at) => agrees(element, named[at]));
  });
}

/** Normalises an element, so that those that the schema considers equal are equal. */
function formOf(attribute: Attribute): (element: unknown) => unknown {
  const folded = (value: unknown, of: Attribute | undefined) =>
    typeof value === "string" && of?.type === "string" && of.caseExact !== true ? value.toLowerCase() : value;
  return (element) => {
    if (!isObject(element)) return folded(element, attribute);
    const subs = Object.entries(element).map(([name, value]) => [
      name,
      folded(value, findAttribute(attribute.subAttributes, name)),
    ]);
    return Object.fromEntries(subs);
  };
}

function setSelected(
  elements: unknown[],
  { path, value, isReplace }: Extract<PatchOperation, { op: "setSelected" }>,
  budget: Budget,
): unknown[] {
  const selects = path.selector ? compileSelector(path.selector) : () => true;
  const isSelected = (element: unknown): element is Resource => isObject(element) && selects(element);
  if (!elements.some(isSelected)) {
    const constants = constantsOf(path.selector, path);
    // Entra's replaces of missing elements name their type.
    const isMade = !isReplace || Object.keys(constants).every((name) => name === "type" || name === "primary");
    if (!isMade) throw noTarget(path);
    return added(elements, [{ ...constants, ...value }], budget);
  }
  const claimsPrimary = value.primary === true;
  return elements.map((element) => {
    if (isSelected(element)) return { ...element, ...value };
    return claimsPrimary ? withoutPrimary(element) : element;
  });
}

function clearSelected(elements: unknown[], path: AttributePath): unknown[] {
  const selects = path.selector ? compileSelector(path.selector) : () => true;
  if (!path.sub) return elements.filter((element) => !selects(element));
  const isSelected = (element: unknown): element is Resource => isObject(element) && selects(element);
  const { name } = path.sub;
  // An element with nothing but its type has no value.
  const isLeft = (element: Resource) => Object.keys(element).some((key) => key !== "type" && key !== "primary");
  return elements.flatMap((element) => {
    if (!isSelected(element)) return [element];
    const rest = without(element, name);
    return isLeft(rest) ? [rest] : [];
  });
}

/**
 * The constants of a selector, `type eq "work" and primary eq true`, for creating a missing element. Throws 400 `noTarget` for any other
 * comparison.
 */
export function constantsOf(selector: TypedFilter | undefined, path: AttributePath): Resource {
  if (!selector) return {};
  if (selector.op === "and") return Object.assign({}, ...selector.filters.map((inner) => constantsOf(inner, path)));
  if (selector.op === "eq") return { [selector.path.attribute.name]: selector.value };
  throw noTarget(path);
}

/** Throws 400 `noTarget` if a replace matches nothing and the route's profile does not create the element, RFC 7644 §3.5.2.3. */
function checkFound(elements: readonly unknown[], path: AttributePath, { profile }: ResourceType): void {
  if (!profile?.interop || !path.selector) return;
  const selects = compileSelector(path.selector);
  if (!elements.some((each) => isObject(each) && selects(each))) throw noTarget(path);
}

const noTarget = ({ attribute, selector }: AttributePath) =>
  badRequest(
    "noTarget",
    `No value of "${attribute.name}" matches${selector ? ` [${filterText(selector)}]` : ""}, and none can be created from it.`,
  );

/** Reports whether an element has all identifying parts of another. */
const agrees = (element: unknown, wanted: unknown): boolean =>
  isObject(element) && isObject(wanted)
    ? identity(wanted).every(([key, value]) => isDeepStrictEqual(element[key], value))
    : isDeepStrictEqual(element, wanted);

/** The identifying parts of an element: `value` and `type`; otherwise all. */
function identity(element: Resource): [string, unknown][] {
  const parts = Object.entries(element);
  return "value" in element ? parts.filter(([key]) => key === "value" || key === "type") : parts;
}

const isPrimary = (element: unknown): boolean => isObject(element) && element.primary === true;
const withoutPrimary = (element: unknown): unknown =>
  isPrimary(element) ? { ...(element as Resource), primary: false } : element;
const without = (element: Resource, name: string): Resource => {
  const { [name]: _, ...rest } = element;
  return rest;
};
