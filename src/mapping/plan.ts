import type { Condition, Leaf, Scalar, Support } from "../connector/connector.ts";
import { badRequest } from "../scim/error.ts";
import { compileSelector } from "../scim/evaluate.ts";
import { type AttributePath, leafOf, pathName, type TypedFilter } from "../scim/path.ts";
import { type Group, isMixed, type Mapping, type References, type Row } from "./mapping.ts";
import { referencesTo } from "./write.ts";

/** A filter split in two: the condition for the backend, which finds all matches and perhaps more, and the rest. */
export interface Plan {
  readonly where: Condition | undefined;
  readonly rest: TypedFilter | undefined;
}

type Part = { readonly where: Condition; readonly exact: boolean };
type Supports = (condition: Condition) => Support;
type Comparing = Extract<TypedFilter, { value: unknown }>;

const everything: Condition = { op: "and", conditions: [] };
const nothing: Condition = { op: "or", conditions: [] };
const unknown: Part = { where: everything, exact: false };
const isAll = (condition: Condition) => condition.op === "and" && condition.conditions.length === 0;
const isNone = (condition: Condition) => condition.op === "or" && condition.conditions.length === 0;

/** Splits a filter. Throws 400 `invalidFilter` for an unmapped attribute. */
export function planFilter(mapping: Mapping, filter: TypedFilter, supports: Supports, references: References): Plan {
  const push = (each: TypedFilter): Part => {
    switch (each.op) {
      case "and":
        return conjunction(each.filters.map(push), supports);
      case "or":
        return disjunction(each.filters.map(push), supports);
      case "not":
        return negation(push(each.filter), supports);
      case "ne":
        return negation(leaf({ ...each, op: "eq" }), supports);
      default:
        return leaf(each);
    }
  };
  const leaf = (each: Comparing | Extract<TypedFilter, { op: "pr" }>): Part =>
    planLeaf(mapping, each, supports, references);
  const parts = filter.op === "and" ? filter.filters : [filter];
  const pushed = parts.map((part) => ({ part, result: push(part) }));
  const { where } = conjunction(
    pushed.map(({ result }) => result),
    supports,
  );
  // If the backend cannot combine conditions, it chooses which part to evaluate, so everything is checked again.
  const isAsked = where.op !== "and" || isAll(where) || supports(where) === "exact";
  const isSplit = !isAsked || pushed.filter(({ result }) => !isAll(result.where)).length > conditionsIn(where);
  const rest = pushed.filter(({ result }) => !result.exact || isSplit).map(({ part }) => part);
  return {
    where: isAll(where) ? undefined : where,
    rest: rest.length === 0 ? undefined : rest.length === 1 ? rest[0] : { op: "and", filters: rest },
  };
}

/** The number of conditions combined; a condition that is never true stands for all. */
const conditionsIn = (where: Condition): number =>
  isNone(where) ? Number.POSITIVE_INFINITY : where.op === "and" ? where.conditions.length : 1;

/** `and` pushes down what it can of each side. */
function conjunction(parts: readonly Part[], supports: Supports): Part {
  const exact = parts.every((part) => part.exact);
  const conditions = parts.map((part) => part.where).filter((where) => !isAll(where));
  if (conditions.some(isNone)) return { where: nothing, exact: true };
  if (conditions.length <= 1) return { where: conditions[0] ?? everything, exact };
  const where: Condition = { op: "and", conditions };
  const support = supports(where);
  return support === "none" ? { where: conditions[0]!, exact: false } : { where, exact: exact && support === "exact" };
}

/** `or` is pushed down only if all sides are. */
function disjunction(parts: readonly Part[], supports: Supports): Part {
  const exact = parts.every((part) => part.exact);
  if (parts.some((part) => isAll(part.where)))
    return { where: everything, exact: parts.some((part) => part.exact && isAll(part.where)) };
  const conditions = parts.map((part) => part.where).filter((where) => !isNone(where));
  if (conditions.length <= 1) return { where: conditions[0] ?? nothing, exact };
  const where: Condition = { op: "or", conditions };
  const support = supports(where);
  return support === "none" ? unknown : { where, exact: exact && support === "exact" };
}

/** `not` is pushed down only if its inside is exact: negating a superset would lose results. */
function negation(part: Part, supports: Supports): Part {
  if (!part.exact) return unknown;
  if (isAll(part.where)) return { where: nothing, exact: true };
  if (isNone(part.where)) return { where: everything, exact: true };
  const where: Condition = { op: "not", condition: part.where };
  return supports(where) === "exact" ? { where, exact: true } : unknown;
}

function planLeaf(
  mapping: Mapping,
  filter: Comparing | Extract<TypedFilter, { op: "pr" }>,
  supports: Supports,
  references: References,
): Part {
  const { path } = filter;
  if (path.attribute.name === "meta" && path.sub?.name === "resourceType") {
    const holds = compileSelector({ ...filter, path: { schema: path.schema, attribute: path.sub } })({
      resourceType: mapping.type.name,
    });
    return { where: holds ? everything : nothing, exact: true };
  }
  const groups = mapping.groups.get(path.attribute)?.filter((group) => group.rows.some((row) => !row.writeOnly)) ?? [];
  if (groups.length === 0) {
    throw badRequest(
      "invalidFilter",
      `"${pathName(path, mapping.type)}" is not mapped, so it cannot be used in a filter.`,
    );
  }
  return disjunction(
    groups.map((group) => planGroup(group, filter, supports, references)),
    supports,
  );
}

/** A leaf on one element: the selector and the comparison apply to the same value. */
function planGroup(
  group: Group,
  filter: Comparing | Extract<TypedFilter, { op: "pr" }>,
  supports: Supports,
  references: References,
): Part {
  const { path } = filter;
  const presence = () =>
    disjunction(
      group.rows.filter((row) => !row.writeOnly).map((row) => ask(row, "pr", undefined, path, supports, references)),
      supports,
    );
  const own: Part =
    filter.op === "pr" && !path.sub && path.attribute.type === "complex"
      ? path.selector
        ? { where: everything, exact: true }
        : presence()
      : planSub(group, { op: filter.op, value: comparedValue(filter), path }, supports, references);
  if (!path.selector) return own;
  const inner = (each: TypedFilter): Part => {
    switch (each.op) {
      case "and":
        return conjunction(each.filters.map(inner), supports);
      case "or":
        return disjunction(each.filters.map(inner), supports);
      case "not":
        return negation(inner(each.filter), supports);
      case "ne":
        return negation(inner({ ...each, op: "eq" }), supports);
      default:
        return planSub(
          group,
          { op: each.op, value: comparedValue(each), path: { ...path, sub: each.path.attribute } },
          supports,
          references,
          true,
        );
    }
  };
  const selected = inner(path.selector);
  // A negated comparison, or a constant, says nothing about whether a value exists.
  const isImplied = [own, selected].some(({ where }) => !isAll(where) && !hasNot(where));
  const both = conjunction(isImplied ? [own, selected] : [own, selected, presence()], supports);
  if (!group.many || isAll(selected.where) || isNone(both.where)) return both;
  // With several values, one may match the selector and another the comparison, so the result must be checked again. And a
  // negation asks the backend about all values while the selector means one: only presence is certain.
  return { where: hasNot(both.where) ? presence().where : both.where, exact: both.exact && isBare(path) };
}

/** `members[value eq "x"]`: a single comparison in the selector and none after it. */
const isBare = (path: AttributePath) => path.sub === undefined && path.selector?.op === "eq";
const hasNot = (condition: Condition): boolean =>
  condition.op === "not" || ((condition.op === "and" || condition.op === "or") && condition.conditions.some(hasNot));

type Op = Exclude<Comparing["op"], "ne"> | "pr" | "ne";

/** A comparison with a sub-attribute of a group. */
interface Comparison {
  readonly op: Op;
  readonly value: Scalar | undefined;
  readonly path: AttributePath;
}

const comparedValue = (filter: TypedFilter): Scalar | undefined =>
  "value" in filter ? (filter.value as Scalar) : undefined;

function planSub(
  group: Group,
  { op, value, path }: Comparison,
  supports: Supports,
  references: References,
  inSelector = false,
): Part {
  const leaf = leafOf(path);
  const name = leaf === path.attribute || !path.attribute.subAttributes ? undefined : leaf.name;
  const rows = group.rows.filter((each) => !each.writeOnly && each.path.sub?.name === name);
  const [row] = rows;
  if (row) return ask(row, op as Exclude<Op, "ne">, value, path, supports, references);
  const isWhole = group.rows.some((each) => each.is === "expression" && each.isWhole && !each.writeOnly);
  if (isWhole && !(name !== undefined && name in group.constants)) return unknown;
  const tellsType = name === "type" && group.rows.some((each) => each.is === "ref" && isMixed(each));
  if (tellsType && !(name in group.constants)) return unknown;
  if (name === undefined || !(name in group.constants)) return { where: nothing, exact: true };
  const constant: TypedFilter =
    op === "pr"
      ? { op, path: { schema: path.schema, attribute: leaf } }
      : { op, path: { schema: path.schema, attribute: leaf }, value: value! };
  if (!compileSelector(constant)(group.constants)) return { where: nothing, exact: true };
  if (inSelector) return { where: everything, exact: true };
  return disjunction(
    group.rows.filter((each) => !each.writeOnly).map((each) => ask(each, "pr", undefined, path, supports, references)),
    supports,
  );
}

/** The backend condition for one row. */
function ask(
  row: Row,
  op: Exclude<Op, "ne">,
  value: Scalar | undefined,
  path: AttributePath,
  supports: Supports,
  references: References,
): Part {
  if (row.is === "expression") {
    if (!row.search) return unknown;
    const superset = checked({ op, attr: row.search, value } as Leaf, supports);
    return { where: superset.where, exact: false };
  }
  if (row.is === "ref") {
    if (op === "pr") return { where: checked({ op, attr: row.attr }, supports).where, exact: false };
    if (op !== "eq") return unknown;
    const found = referencesTo(row, String(value), references);
    return disjunction(
      found.map((reference) => checked({ op, attr: row.attr, value: reference }, supports)),
      supports,
    );
  }
  if (op !== "pr" && value === "") return op === "eq" ? { where: nothing, exact: true } : unknown;
  const condition = row.codec.condition(row.attr, {
    op,
    value,
    caseExact: leafOf(path).caseExact === true,
  } as Parameters<typeof row.codec.condition>[1]);
  if (!condition) return unknown;
  const isInstant = leafOf(path).type === "dateTime" && "value" in condition && ORDERED.has(condition.op);
  return checked(isInstant ? { ...condition, instant: true } : condition, supports);
}

/** The operators for instants. */
const ORDERED: ReadonlySet<string> = new Set(["eq", "gt", "ge", "lt", "le"]);

/** A condition reduced to what the backend supports, leaf by leaf. */
function checked(condition: Condition, supports: Supports): Part {
  switch (condition.op) {
    case "and":
      return conjunction(
        condition.conditions.map((each) => checked(each, supports)),
        supports,
      );
    case "or":
      return disjunction(
        condition.conditions.map((each) => checked(each, supports)),
        supports,
      );
    case "not":
      return negation(checked(condition.condition, supports), supports);
    default: {
      const support = supports(condition);
      return support === "none" ? unknown : { where: condition, exact: support === "exact" };
    }
  }
}

/** The IDs that a filter compares references with, by target type. */
export function idsInFilter(mapping: Mapping, filter: TypedFilter): [type: string, id: string][] {
  switch (filter.op) {
    case "and":
    case "or":
      return filter.filters.flatMap((each) => idsInFilter(mapping, each));
    case "not":
      return idsInFilter(mapping, filter.filter);
    default: {
      const groups = mapping.groups.get(filter.path.attribute) ?? [];
      const refs = groups.flatMap((group) => group.rows.flatMap((row) => (row.is === "ref" ? row.targets : [])));
      const values = [
        ...("value" in filter ? [filter.value] : []),
        ...(filter.path.selector ? literals(filter.path.selector) : []),
      ];
      return refs.flatMap((ref) =>
        values.filter((value) => typeof value === "string").map((value) => [ref, value] as [string, string]),
      );
    }
  }
}

const literals = (filter: TypedFilter): unknown[] =>
  filter.op === "and" || filter.op === "or"
    ? filter.filters.flatMap(literals)
    : filter.op === "not"
      ? literals(filter.filter)
      : "value" in filter
        ? [filter.value]
        : [];
