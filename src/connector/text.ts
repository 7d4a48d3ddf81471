import type { Change, Condition } from "./connector.ts";

/** A condition as readable text: `and(login eq "ann", not(title pr))`. */
export function conditionText(condition: Condition): string {
  switch (condition.op) {
    case "and":
    case "or":
      if (condition.conditions.length === 0) return condition.op === "and" ? "everything" : "nothing";
      return `${condition.op}(${condition.conditions.map(conditionText).join(", ")})`;
    case "not":
      return `not(${conditionText(condition.condition)})`;
    case "pr":
      return `${condition.attr} pr`;
    case "has":
      return `${condition.attr} has ${condition.bits}`;
    default:
      return `${condition.attr} ${condition.op} ${JSON.stringify(condition.value)}`;
  }
}

/** A change as readable text: `replace title "x"`. */
export function changeText(change: Change): string {
  if (change.op === "swap") return `swap ${change.attr} ${JSON.stringify(change.from)} ${JSON.stringify(change.to)}`;
  return [change.op, change.attr, ...change.values.map((value) => JSON.stringify(value))].join(" ");
}
