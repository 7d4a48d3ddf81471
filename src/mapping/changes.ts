import { isDeepStrictEqual } from "node:util";
import { type Change, type Entry, type Value, valuesOf } from "../connector/connector.ts";
import { withoutValues } from "../connector/kit/values.ts";
import { ScimError } from "../scim/error.ts";
import { required } from "../scim/input.ts";
import type { PatchOperation } from "../scim/operations.ts";
import { constantsOf } from "../scim/patch.ts";
import { leafOf } from "../scim/path.ts";
import { isObject, type Resource } from "../scim/schema.ts";
import { isSelectedBy } from "./compile.ts";
import {
  type AttrRow,
  attrsOf,
  attrsUnread,
  type Group,
  type Mapping,
  type References,
  type RefRow,
  type Row,
} from "./mapping.ts";
import { mayLose, refusesUnmapped } from "./unmapped.ts";
import { encode, encodeAll, isUntyped, mayRead, withDefaults, writeResource } from "./write.ts";

/**
 * The changes that a PATCH requires, computed without the entry; undefined if it must be read first. Both ways have the same result.
 * Operations on unmapped attributes require none. Throws 400 `mutability` if a required attribute would be removed.
 */
export function directChanges(
  mapping: Mapping,
  operations: readonly PatchOperation[],
  references: References,
  isSingle: IsSingle = () => true,
): Change[] | undefined {
  const changes: Change[] = [];
  for (const [index, operation] of operations.entries()) {
    const isLast = !operations.slice(index + 1).some(({ path }) => path.attribute === operation.path.attribute);
    if (isLast && takesRequiredAway(operation))
      throw required(operation.path.attribute, mapping.type, operation.path.schema, "mutability");
    const change = () => changesOf(mapping, operation, references, isSingle);
    const direct = isLast ? change() : orElse(change);
    if (!direct) return undefined;
    changes.push(...direct);
  }
  return changes;
}

/** Reports whether a backend attribute is single-valued. */
export type IsSingle = (attr: string) => boolean;

/** A later operation may undo the cause of a refusal: leave that to the other way. */
function orElse<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof ScimError) return undefined;
    throw error;
  }
}

function takesRequiredAway(operation: PatchOperation): boolean {
  const { path } = operation;
  const takesAway = operation.op === "clear" || (operation.op === "replaceElements" && operation.elements.length === 0);
  return takesAway && path.attribute.required && !path.sub;
}

function changesOf(
  mapping: Mapping,
  operation: PatchOperation,
  references: References,
  isSingle: IsSingle,
): Change[] | undefined {
  const { path } = operation;
  if (takesRequiredAway(operation)) return undefined;
  const groups = mapping.groups.get(path.attribute) ?? [];
  const isDirect = groups.every((group) =>
    group.rows.every(
      (row) =>
        row.readOnly || (row.is !== "expression" && !(row.is === "attr" && needsPresent(row, operation, isSingle))),
    ),
  );
  if (!isDirect || mapping.write.some(({ expression }) => mayRead(expression, path.attribute.name))) return undefined;
  // Hidden values are kept: visible ones are added and removed.
  // References to other types or out of reach are hidden too.
  const isPartial = groups.some((group) =>
    group.rows.some(
      (row) => (row.is === "attr" && row.codec.isPartial) || (row.is === "ref" && row.many && !row.readOnly),
    ),
  );
  if (isPartial && operation.op !== "addElements" && operation.op !== "removeElements") return undefined;
  // A reference by name may be spelled differently for the same entry, which only the present values show.
  const isNamed = groups.some((group) => group.rows.some((row) => row.is === "ref" && row.by !== undefined));
  if (isNamed && operation.op === "removeElements") return undefined;
  if (refusesUnmapped(mapping) && mayLose(mapping, operation, selectedGroup(groups, path))) return undefined;
  switch (operation.op) {
    case "set":
    case "clear":
      return allOf(groups, (group) =>
        assign(
          group,
          { [path.sub?.name ?? ""]: operation.op === "set" ? operation.value : undefined },
          references,
          isSingle,
        ),
      );
    case "addElements":
    case "removeElements":
    case "replaceElements":
      return elementChanges(groups, operation, references);
    case "setSelected":
    case "clearSelected": {
      const group = selectedGroup(groups, path);
      if (!group) return undefined;
      // Whether such a value exists must be checked: replacing none is refused.
      if (operation.op === "setSelected" && operation.isReplace && mapping.type.profile?.interop) return undefined;
      // A new type makes it another element.
      if (operation.op === "setSelected" && !isSelectedBy({ ...group.selector, ...operation.value }, group.selector))
        return undefined;
      if (operation.op === "setSelected" && operation.value.primary === true && marksPrimary(groups)) return undefined;
      if (operation.op === "setSelected") return assign(group, operation.value, references, isSingle);
      // Without that part the element may no longer exist.
      if (path.sub && group.rows.length > 1) return undefined;
      const names = path.sub ? [path.sub.name] : group.rows.map((row) => row.path.sub?.name ?? "");
      return assign(group, Object.fromEntries(names.map((name) => [name, undefined])), references, isSingle);
    }
  }
}

/** Reports whether what a row writes depends on the present value. */
function needsPresent(
  { attr, codec: { keepsRest, mark } }: AttrRow,
  operation: PatchOperation,
  isSingle: IsSingle,
): boolean {
  if (!keepsRest || (mark && !isSingle(attr))) return false;
  return operation.op === "set" ? keepsRest(operation.value) : true;
}

/** The single group that a selector identifies by its constants and nothing else. */
function selectedGroup(groups: readonly Group[], path: PatchOperation["path"]): Group | undefined {
  const { selector } = path;
  if (
    !selector ||
    (selector.op !== "eq" && !(selector.op === "and" && selector.filters.every((each) => each.op === "eq")))
  )
    return undefined;
  const { value, ...fixed } = constantsOf(selector, path);
  if (value !== undefined || "primary" in fixed) return undefined;
  const matching = groups.filter((group) => !group.many && isDeepStrictEqual(fold(group.selector), fold(fixed)));
  return matching.length === 1 ? matching[0] : undefined;
}

const fold = (selector: Resource) =>
  Object.fromEntries(Object.entries(selector).map(([name, value]) => [name, String(value).toLowerCase()]));

/** The changes of all items, or undefined if any is unknown. */
function allOf<T>(all: readonly T[], changesOfOne: (each: T) => Change[] | undefined): Change[] | undefined {
  const found = all.map(changesOfOne);
  return found.every((each) => each !== undefined) ? found.flat() : undefined;
}

/** Sets mapped sub-attributes of a group. Constants that already match need no change. */
function assign(
  group: Group,
  values: Readonly<Record<string, unknown>>,
  references: References,
  isSingle: IsSingle,
): Change[] | undefined {
  return allOf(group.rows, (row): Change[] | undefined => {
    const name = row.path.sub?.name ?? "";
    if (row.is === "expression" || row.readOnly || !(name in values)) return [];
    if (row.is === "attr" && row.codec.mark && !isSingle(row.attr)) return marking(row, values[name]);
    const isUnset = values[name] === undefined && row.is === "ref";
    const value = isUnset ? undefined : encode(row, values[name], references);
    // A reference to nothing keeps what is present.
    if (value === undefined && values[name] !== undefined && row.is === "ref") return undefined;
    return [{ op: "replace", attr: row.attr, values: value === undefined ? [] : [value] }];
  });
}

/** Adds or removes a mark among other values. An omission never disables or enables anybody. */
function marking({ attr, codec: { mark } }: AttrRow, value: unknown): Change[] {
  if (value === undefined || value === null) return [];
  const values = [mark!.value];
  return [mark!.isSetBy(value) ? { op: "add", attr, values, over: true } : { op: "delete", attr, values }];
}

/**
 * Reports whether a row with room for one element gets exactly one complete element. Anything missing would have to come from the present
 * one.
 */
function isOne(group: Group, op: ElementOperation["op"], elements: readonly unknown[]): boolean {
  const mine = elements.filter((element) => !isObject(element) || isSelectedBy(element, group.selector));
  return mine.length === 0 || (mine.length === 1 && (op === "replaceElements" || group.rows.length === 1));
}

/** Reports whether a column marks the primary element, of which there is at most one. */
const marksPrimary = (groups: readonly Group[]): boolean =>
  groups.some((group) => group.rows.some(({ path, readOnly }) => path.sub?.name === "primary" && !readOnly));

/** Reports whether SCIM ignores case in a row's values while the backend may not: the present values then decide which one is meant. */
const foldsCase = (row: Row): boolean => {
  const leaf = leafOf(row.path);
  return row.is === "attr" && !row.readOnly && leaf.type === "string" && !leaf.caseExact;
};

type ElementOperation = Extract<PatchOperation, { elements: readonly unknown[] }>;

function elementChanges(
  groups: readonly Group[],
  { op, elements }: ElementOperation,
  references: References,
): Change[] | undefined {
  if (op === "removeElements" && groups.some((group) => !group.many || group.rows.some(foldsCase))) return undefined;
  // Untyped elements and the primary mark depend on what is present.
  if (elements.some((element) => isUntyped(element, groups))) return undefined;
  if (marksPrimary(groups) && elements.some((element) => isObject(element) && element.primary === true))
    return undefined;
  const changes: Change[] = [];
  for (const group of groups) {
    if (!group.many && !isOne(group, op, elements)) return undefined;
    const mine = elements.filter((element) => !isObject(element) || isSelectedBy(element, group.selector));
    for (const row of group.rows) {
      if (row.is === "expression" || row.readOnly) continue;
      const values = encodeAll(
        row,
        op === "removeElements" ? mine : group.many ? mine : mine.slice(-1),
        references,
        op === "removeElements",
      );
      if (op === "replaceElements") changes.push({ op: "replace", attr: row.attr, values });
      else if (values.length > 0)
        changes.push({ op: !group.many ? "replace" : op === "addElements" ? "add" : "delete", attr: row.attr, values });
    }
  }
  return changes;
}

/**
 * The changes that turn one resource's entry into another's: both are written by the mapping and compared. What a PUT omits may be refilled
 * with a new entry's values; what a PATCH removes stays removed, or is refused by the backend. Rejects with an `ExpressionError`, or 400
 * `invalidValue`.
 */
export async function changesBetween(
  mapping: Mapping,
  present: Entry,
  current: Resource,
  target: Resource,
  references: References,
  { emptied, isSingle = () => true }: { readonly emptied: "refilled" | "left"; readonly isSingle?: IsSingle },
): Promise<Change[]> {
  const before = await writeResource(mapping, current, references, present);
  const after = await writeResource(mapping, target, references, present);
  const filled = emptied === "refilled" ? await withDefaults(mapping, before, after, target) : after;
  return difference(mapping, present, before, filled, references, isSingle);
}

/**
 * The changes between two written forms of an entry, given the entry as read. Single values are swapped, so that concurrent changes are
 * noticed; lists get additions and deletions.
 */
function difference(
  mapping: Mapping,
  present: Entry,
  before: Entry,
  after: Entry,
  references: References,
  isSingle: IsSingle,
): Change[] {
  const unread = attrsUnread(mapping);
  const alone = attrsAlone(mapping);
  const lists = new Set(mapping.rows.flatMap((row) => (row.is !== "expression" && row.many ? [row.attr] : [])));
  return attrsOf(mapping).flatMap((attr): Change[] => {
    const old = valuesOf(before, attr);
    const next = valuesOf(after, attr);
    if (isDeepStrictEqual(old, next)) return [];
    // A value that is never read cannot be swapped.
    if (unread.has(attr)) return [{ op: "replace", attr, values: next }];
    const actual = valuesOf(present, attr);
    // Hidden values exist: the write replaces all of them.
    const only = alone.get(attr);
    const mark = only?.is === "attr" ? only.codec.mark : undefined;
    if (mark && (actual.length > 1 || !isSingle(attr))) {
      const isMarked = (values: readonly Value[]) => values.some((value) => String(value) === mark.value);
      if (isMarked(actual) === isMarked(next)) return [];
      const values = [mark.value];
      return [isMarked(next) ? { op: "add", attr, values, over: true } : { op: "delete", attr, values }];
    }
    if (only && actual.length > 1 && (next.length > 0 || !leavesOthers(only)))
      return [{ op: "replace", attr, values: next }];
    if (!lists.has(attr) && actual.length <= 1 && next.length <= 1 && old.length <= 1) {
      return [{ op: "swap", attr, from: actual[0] ?? null, to: next[0] ?? null }];
    }
    const id = identityBy(mapping, attr, references);
    const wanted = new Set(next.map(id));
    const held = new Set(actual.map(id));
    // All names of the same entry are removed, whichever a write would use.
    const isNamed = (value: Value) => id(value) !== undefined;
    const gone = [
      ...withoutValues(
        old.filter((value) => !isNamed(value)),
        next,
      ),
      ...actual.filter((value) => isNamed(value) && !wanted.has(id(value))),
    ];
    const come = withoutValues(next, old).filter((value) => !isNamed(value) || !held.has(id(value)));
    const removal: Change[] = gone.length > 0 ? [{ op: "delete", attr, values: gone }] : [];
    return come.length > 0 ? [...removal, { op: "add", attr, values: come }] : removal;
  });
}

/** Attributes that a single row writes as a single value, with the row. */
function attrsAlone({ rows }: Mapping): Map<string, AttrRow | RefRow> {
  const written = rows.flatMap((row) => (row.is === "expression" ? row.write.map(({ attr }) => attr) : [row.attr]));
  return new Map(
    rows.flatMap((row) => {
      if (row.is === "expression" || row.many || (row.is === "attr" && row.codec.isPartial)) return [];
      return written.filter((attr) => attr === row.attr).length === 1 ? [[row.attr, row]] : [];
    }),
  );
}

/** Reports whether a row keeps other values when it has none itself. */
const leavesOthers = (row: AttrRow | RefRow): boolean => row.is === "attr" && row.codec.keepsRest !== undefined;

/** The identity behind a reference by name; undefined for other attributes and unknown names. */
function identityBy(mapping: Mapping, attr: string, references: References): (value: Value) => string | undefined {
  const row = mapping.rows.find((each) => each.is === "ref" && each.attr === attr && each.by !== undefined);
  if (row?.is !== "ref") return () => undefined;
  return (value) =>
    row.targets.map((target) => references.toId(target, String(value))).find((each) => each !== undefined);
}
