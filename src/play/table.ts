import type { Endpoint } from "../gateway/references.ts";
import type { Row } from "../mapping/mapping.ts";
import { planFilter } from "../mapping/plan.ts";
import { leafOf, type TypedFilter } from "../scim/path.ts";
import type { TableRow } from "./shown.ts";
import type { TrialEndpoint } from "./try.ts";

const OPERATORS = ["eq", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"] as const;

/** The rows of an endpoint's mapping, and which filters on them the backend answers. */
export const tableOf = (endpoint: TrialEndpoint | Endpoint): TableRow[] =>
  endpoint.mapping.rows.map((row) => ({
    name: row.name,
    backend: rightSide(row),
    use: row.readOnly ? "read" : row.writeOnly ? "write" : "read, write",
    ...pushed(row, endpoint),
  }));

function rightSide(row: Row): string {
  if (row.is === "expression") return "JSONata";
  return row.is === "ref"
    ? `${row.attr} -> ${row.refs.join(", ")}${row.by === undefined ? "" : ` by ${row.by}`}`
    : row.attr;
}

function pushed(
  row: Row,
  { mapping, connector }: TrialEndpoint | Endpoint,
): Pick<TableRow, "exact" | "inPart" | "operators"> {
  if (row.writeOnly) return { exact: [], inPart: [], operators: [] };
  const alone = {
    ...mapping,
    groups: new Map([
      [row.path.attribute, mapping.groups.get(row.path.attribute)!.filter((group) => group.rows.includes(row))],
    ]),
  };
  const references = { toReference: () => "cn=sample", toId: () => "sample" };
  const plans = operatorsOf(row).map((op) => {
    const filter: TypedFilter = op === "pr" ? { op, path: row.path } : { op, path: row.path, value: sampleOf(row) };
    return { op, ...planFilter(alone, filter, (condition) => connector.supports(mapping.kind, condition), references) };
  });
  return {
    operators: plans.map(({ op }) => op),
    exact: plans.filter(({ rest }) => rest === undefined).map(({ op }) => op),
    inPart: plans.filter(({ rest, where }) => rest !== undefined && where).map(({ op }) => op),
  };
}

/** The operators that make sense for a row's values. */
function operatorsOf({ path }: Row) {
  const { type } = leafOf(path);
  const isText = type === "string" || type === "reference";
  return OPERATORS.filter(
    (op) => op === "eq" || op === "pr" || (type !== "boolean" && (isText || !["co", "sw", "ew"].includes(op))),
  );
}

/** A value that a filter might compare a row with. */
function sampleOf({ path, name }: Row): string | number | boolean {
  switch (leafOf(path).type) {
    case "boolean":
      return true;
    case "dateTime":
      return "2026-01-31T08:00:00.000Z";
    case "integer":
      return 1;
    default:
      return name === "id" ? "00000000-0000-4000-8000-000000000000" : "sample";
  }
}
