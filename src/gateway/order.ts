import type { Connector, Order } from "../connector/connector.ts";
import { comparePositions, type Position } from "../connector/reference.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { badRequest } from "../scim/error.ts";
import { sortKeyAt } from "../scim/evaluate.ts";
import { leafOf, typedPath } from "../scim/path.ts";
import type { Attribute, Resource } from "../scim/schema.ts";

/** The requested order, RFC 7644 §3.4.2.3. */
export interface Sorting {
  readonly sortBy?: string | undefined;
  readonly sortOrder?: string | undefined;
}

/** An order of resources: for the backend if it supports it, and for sorting here otherwise. */
export interface Ordering {
  readonly pushed: Order | undefined;
  /** The attribute to order by. */
  readonly attribute: Attribute;
  readonly positionOf: (resource: Resource) => Position;
  readonly compare: (a: Position, b: Position) => number;
}

/** Parses `sortBy` and `sortOrder`; undefined if absent. Throws 400 `invalidPath` or `invalidValue`. */
export function orderingOf(mapping: Mapping, connector: Connector, sorting: Sorting): Ordering | undefined {
  const { sortBy } = sorting;
  if (sortBy === undefined || sortBy.trim() === "") return undefined;
  const descending = isDescending(sorting.sortOrder);
  const path = typedPath(sortBy, mapping.type);
  const leaf = leafOf(path);
  if (leaf.type === "complex")
    throw badRequest("invalidPath", `"${sortBy}" is complex: name the sub-attribute to sort by.`);
  if (path.attribute.returned === "never" || leaf.returned === "never")
    throw badRequest(
      "invalidPath",
      `"${sortBy}" is never returned, so it cannot be sorted by: the order would reveal it.`,
    );
  const caseExact = leaf.caseExact === true;
  const isCommon = path.attribute.name === "id" || path.attribute.name === "meta";
  if (!isCommon && !mapping.groups.has(path.attribute))
    throw badRequest("invalidPath", `"${sortBy}" is not mapped, so it cannot be sorted by.`);
  const rows = (mapping.groups.get(path.attribute) ?? [])
    .flatMap((group) => (group.many ? [] : group.rows))
    .filter((row) => !row.writeOnly && (row.path.sub ?? path.attribute) === leaf);
  const [row] = rows;
  const isOne = rows.length === 1 && mapping.groups.get(path.attribute)!.length === 1 && !path.selector;
  const canPush =
    isOne && row?.is === "attr" && row.codec.keepsOrder === true && connector.sorts(mapping.kind, row.attr);
  const keyAt = sortKeyAt(path, mapping.type);
  return {
    attribute: path.attribute,
    pushed: canPush ? { attr: row.attr, descending, ...(caseExact && { caseExact }) } : undefined,
    positionOf: (resource) => ({ key: String(resource.id), value: keyAt(resource) }),
    compare: comparePositions({ descending, caseExact }),
  };
}

function isDescending(sortOrder: string | undefined): boolean {
  const order = (sortOrder ?? "ascending").toLowerCase();
  if (order !== "ascending" && order !== "descending")
    throw badRequest("invalidValue", `"sortOrder" must be ascending or descending, not ${JSON.stringify(sortOrder)}.`);
  return order === "descending";
}

/** The order by ID, which cursors use for lists that are sorted here without a requested order. */
export const byId = ({ id }: Mapping): Ordering => ({
  attribute: id.path.attribute,
  pushed: undefined,
  positionOf: (resource) => ({ key: String(resource.id) }),
  compare: comparePositions({ descending: false }),
});
