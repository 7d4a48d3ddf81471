import type { ComparisonLeaf, Condition, Support } from "../connector.ts";

const isOrder = ({ op }: ComparisonLeaf): boolean => ["gt", "ge", "lt", "le"].includes(op);
const hasCase = (leaf: ComparisonLeaf): boolean =>
  typeof leaf.value === "string" && (isOrder(leaf) || leaf.value.toLowerCase() !== leaf.value.toUpperCase());

/** How well a backend answers a comparison that tells upper from lower case in the attribute always, or never. */
export function supportByCase(leaf: ComparisonLeaf, tellsCase: boolean): Support {
  if (!hasCase(leaf) || tellsCase === (leaf.caseExact === true)) return "exact";
  // Case decides what comes before what: there neither order holds the other.
  return tellsCase || isOrder(leaf) ? "none" : "superset";
}

/** Of conditions that cannot be put together the one to ask, which finds fewest: an equality, where there is one. */
export const narrowest = (conditions: readonly Condition[]): Condition =>
  conditions.find(({ op }) => op === "eq") ?? conditions[0]!;
