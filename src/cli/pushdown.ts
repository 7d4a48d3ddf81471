import { isMatched } from "../compose/connector-uses.ts";
import type { Diagnostic } from "../config/diagnostic.ts";
import type { RouteEndpoint } from "../config/load.ts";
import type { Endpoint } from "../gateway/references.ts";
import type { TableRow } from "../play/shown.ts";
import { tableOf } from "../play/table.ts";

const NOTHING = "nothing: read and filtered by Postern";

/**
 * Attributes that clients match by, and whose filters the backend does not answer: each look-up reads every entry. Only of mappings that
 * write: a source is read whole.
 */
export function unansweredFilters(endpoint: Endpoint, { diagnose }: Pick<RouteEndpoint, "diagnose">): Diagnostic[] {
  const { mapping } = endpoint;
  if (!mapping.rows.some(({ readOnly }) => !readOnly)) return [];
  const table = tableOf(endpoint);
  return mapping.rows
    .filter((row, index) => !row.writeOnly && isMatched(row, mapping) && !isAnswered(table[index]!))
    .map((row) => {
      const message = `clients look for a ${mapping.type.name} by ${row.name}, and ${endpoint.name} does not answer that filter: each look-up reads all entries, limits.scan at most`;
      const about = { severity: "warning", code: "unanswered-filter", onKey: true } as const;
      return diagnose(["attributes", row.name], message, about);
    });
}

const isAnswered = ({ exact, inPart }: TableRow): boolean => [...exact, ...inPart].includes("eq");

/** Each attribute with what it is in the backend, and the operators of a filter that the backend answers. */
export function pushdownTable(endpoint: Endpoint): string {
  const lines = tableOf(endpoint).map((row) => [row.name, row.backend, row.use, answered(row)]);
  const header = ["attribute", "backend", "", "filter: pushed down (~ in part)"];
  const widths = header.map((_, column) => Math.max(...[header, ...lines].map((line) => line[column]!.length)));
  return [header, ...lines]
    .map((line) => `  ${line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd())
    .join("\n");
}

function answered({ use, exact, inPart, operators }: TableRow): string {
  if (use === "write") return "";
  const words = operators.flatMap((op) => (exact.includes(op) ? [op] : inPart.includes(op) ? [`${op}~`] : []));
  return words.join(" ") || NOTHING;
}
