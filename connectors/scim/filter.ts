import type { Condition, Support } from "../../src/connector/connector.ts";
import { narrowest, supportByCase } from "../../src/connector/kit/support.ts";
import { nameOf, type PathOf, selectorText } from "./paths.ts";
import type { Settings } from "./settings.ts";

/** The filters that a server supports, and the attributes that it compares case-sensitively. */
export interface Filters extends Pick<Settings, "version"> {
  readonly operators: readonly string[];
  readonly logic: readonly string[];
  readonly caseExact: ReadonlySet<string>;
  readonly pathOf: PathOf;
}

/** How well the server answers a condition. */
export function supports(filters: Filters, condition: Condition): Support {
  const { operators, logic, caseExact, pathOf, version } = filters;
  switch (condition.op) {
    case "and":
      return logic.includes("and") ? "exact" : "superset";
    case "or":
      return logic.includes("or") ? "exact" : "none";
    case "not":
      return logic.includes("not") && version !== "1.1" ? "exact" : "none";
    case "has":
      return "none";
    default: {
      if (!operators.includes(condition.op)) return "none";
      // SCIM 1.1 has no brackets: a filter over all elements finds no less.
      const exact = version === "1.1" && pathOf(condition.attr).holds ? "superset" : "exact";
      const byCase = condition.op === "pr" ? "exact" : supportByCase(condition, caseExact.has(condition.attr));
      return byCase === "exact" ? exact : byCase;
    }
  }
}

/** A condition as a SCIM filter. */
export function filterText(filters: Filters, condition: Condition): string {
  switch (condition.op) {
    case "and":
      if (!filters.logic.includes("and")) return filterText(filters, narrowest(condition.conditions));
      return condition.conditions.map((each) => `(${filterText(filters, each)})`).join(" and ");
    case "or":
      return condition.conditions.map((each) => `(${filterText(filters, each)})`).join(" or ");
    case "not":
      return `not (${filterText(filters, condition.condition)})`;
    case "has":
      throw new TypeError("SCIM has no filter for bits");
    default: {
      const path = filters.pathOf(condition.attr);
      const { holds, sub } = path;
      const name = nameOf(path);
      const compared = condition.op === "pr" ? "pr" : `${condition.op} ${JSON.stringify(condition.value)}`;
      if (holds && filters.version !== "1.1") return `${name}[${selectorText(holds, `${sub ?? "value"} ${compared}`)}]`;
      const inner = sub ?? (holds ? "value" : undefined);
      return `${name}${inner === undefined ? "" : `.${inner}`} ${compared}`;
    }
  }
}
