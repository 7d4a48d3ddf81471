import type { Diagnostic } from "../config/diagnostic.ts";
import type { RouteEndpoint } from "../config/load.ts";
import { isMatched } from "../connector-uses.ts";
import type { Endpoint } from "../gateway/references.ts";
import type { Row } from "../mapping/mapping.ts";
import { planFilter } from "../mapping/plan.ts";
import { leafOf, type TypedFilter } from "../scim/path.ts";

const operators = ["eq", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"] as const;
const NOTHING = "nothing: read and filtered by Postern";

/**
 * Attributes that clients match by, and whose filters the backend does not answer: each look-up reads every entry. Only of mappings that
 * write: a source is read whole.
 */
export function unansweredFilters(endpoint: Endpoint, { diagnose }: Pick<RouteEndpoint, "diagnose">): Diagnostic[] {
  const { mapping } = endpoint;
  if (!mapping.rows.some(({ readOnly }) => !readOnly)) return [];
  return mapping.rows
    .filter((row) => !row.writeOnly && isMatched(row, mapping) && !/^eq\b/.test(pushed(row, endpoint)))
    .map((row) => {
      const message = `clients look for a ${mapping.type.name} by ${row.name}, and ${endpoint.name} does not answer that filter: each look-up reads all entries, limits.scan at most`;
      const about = { severity: "warning", code: "unanswered-filter", onKey: true } as const;
      return diagnose(["attributes", row.name], message, about);
    });
}

/** Each attribute with what it is in the backend, and the operators of a filter that the backend answers. */
export function pushdownTable(endpoint: Endpoint): string {
  const lines = endpoint.mapping.rows.map((row) => [
    row.name,
    rightSide(row),
    row.readOnly ? "read" : row.writeOnly ? "write" : "read, write",
    pushed(row, endpoint),
  ]);
  const header = ["attribute", "backend", "", "filter: pushed down (~ in part)"];
  const widths = header.map((_, column) => Math.max(...[header, ...lines].map((line) => line[column]!.length)));
  return [header, ...lines]
    .map((line) => `  ${line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd())
    .join("\n");
}

function rightSide(row: Row): string {
  if (row.is === "expression") return "JSONata";
  return row.is === "ref"
    ? `${row.attr} -> ${row.refs.join(", ")}${row.by === undefined ? "" : ` by ${row.by}`}`
    : row.attr;
}

function pushed(row: Row, { mapping, connector }: Endpoint): string {
  if (row.writeOnly) return "";
  const leaf = leafOf(row.path);
  const sample =
    leaf.type === "boolean"
      ? true
      : leaf.type === "dateTime"
        ? "2026-01-31T08:00:00.000Z"
        : leaf.type === "integer"
          ? 1
          : row.name === "id"
            ? "00000000-0000-4000-8000-000000000000"
            : "sample";
  const isOrdered = leaf.type !== "boolean";
  const isText = leaf.type === "string" || leaf.type === "reference";
  const asked = operators.filter(
    (op) => op === "eq" || op === "pr" || (isOrdered && (isText || !["co", "sw", "ew"].includes(op))),
  );
  const answers = asked.flatMap((op) => {
    const filter: TypedFilter = op === "pr" ? { op, path: row.path } : { op, path: row.path, value: sample };
    const references = { toReference: () => "cn=sample", toId: () => "sample" };
    const alone = {
      ...mapping,
      groups: new Map([
        [row.path.attribute, mapping.groups.get(row.path.attribute)!.filter((group) => group.rows.includes(row))],
      ]),
    };
    const plan = planFilter(alone, filter, (condition) => connector.supports(mapping.kind, condition), references);
    if (plan.rest === undefined) return [op];
    return plan.where ? [`${op}~`] : [];
  });
  return answers.join(" ") || NOTHING;
}
