import type { ComparisonLeaf, Condition, Support } from "../connector.ts";

const isOrder = ({ op }: ComparisonLeaf): boolean => ["gt", "ge", "lt", "le"].includes(op);
const hasCase = (leaf: ComparisonLeaf): boolean =>
  typeof leaf.value === "string" && (isOrder(leaf) || leaf.value.toLowerCase() !== leaf.value.toUpperCase());

/** How well a comparison is supported if the backend always, or never, compares an attribute case-sensitively. */
export function supportByCase(leaf: ComparisonLeaf, tellsCase: boolean): Support {
  if (!hasCase(leaf) || tellsCase === (leaf.caseExact === true)) return "exact";
  // Case affects the order, so neither order includes the other.
  return tellsCase || isOrder(leaf) ? "none" : "superset";
}

/** The most selective of several conditions: an equality if there is one. */
export const narrowest = (conditions: readonly Condition[]): Condition =>
  conditions.find(({ op }) => op === "eq") ?? conditions[0]!;
