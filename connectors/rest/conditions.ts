import type { Condition, Support } from "../../src/connector/connector.ts";
import { narrowest, supportByCase } from "../../src/connector/kit/support.ts";
import { compileExpression, compileOptional, type Expression } from "../../src/expression/compile.ts";
import { asInvalid, type ListCall, listCall } from "./calls.ts";
import { type Quote, quoted } from "./quotes.ts";
import type { AskedSettings, KindSettings } from "./settings.ts";

interface Asked {
  readonly to: Expression;
  readonly exact: boolean;
  /** The call to use instead of the kind's search. */
  readonly call: ListCall | undefined;
}

/** The compiled filters of an API. */
export interface Filters {
  readonly leaves: ReadonlyMap<string, { readonly caseExact: boolean; readonly asked: ReadonlyMap<string, Asked> }>;
  readonly and: Expression | undefined;
  readonly or: Expression | undefined;
  readonly not: Expression | undefined;
  readonly quote: Quote | undefined;
}

/** Compiles a kind's filters. Throws `ExpressionError`. */
export function compileFilters({ attributes, search }: KindSettings): Filters {
  const leaves = Object.entries(attributes).flatMap(([attr, { filter }]) => {
    if (!filter) return [];
    const { caseExact, ...operators } = filter;
    const asked = Object.entries(operators as Record<string, AskedSettings | undefined>).flatMap(([op, each]) =>
      each === undefined ? [] : [[op, askedOf(each)] as const],
    );
    return [[attr, { caseExact, asked: new Map(asked) }] as const];
  });
  const { and, or, not, quote } = search;
  return {
    quote,
    leaves: new Map(leaves),
    and: compileOptional(and),
    or: compileOptional(or),
    not: compileOptional(not),
  };
}

const askedOf = (given: AskedSettings): Asked =>
  typeof given === "string"
    ? { to: compileExpression(given), exact: true, call: undefined }
    : { to: compileExpression(given.to), exact: given.exact, call: given.call && listCall(given.call) };

/** How well the API answers a condition. A case-sensitive API is asked about letters only if case matters. */
export function supports(filters: Filters, condition: Condition): Support {
  const { leaves, and, or, not } = filters;
  switch (condition.op) {
    case "and":
      // If conditions cannot be combined, only the first is asked, which finds no less.
      return and && !hasOwnCall(filters, condition) ? "exact" : "superset";
    case "or":
      return or && !hasOwnCall(filters, condition) ? "exact" : "none";
    case "not":
      return not && !hasOwnCall(filters, condition) ? "exact" : "none";
    case "has":
      return "none";
    default: {
      const leaf = leaves.get(condition.attr);
      const asked = leaf?.asked.get(condition.op);
      if (!leaf || !asked) return "none";
      const exact = asked.exact ? "exact" : "superset";
      const byCase = condition.op === "pr" ? "exact" : supportByCase(condition, leaf.caseExact);
      return byCase === "exact" ? exact : byCase;
    }
  }
}

/** Reports whether part of a condition uses a call of its own, which cannot be combined. */
function hasOwnCall(filters: Filters, condition: Condition): boolean {
  if (condition.op === "and" || condition.op === "or")
    return condition.conditions.some((each) => hasOwnCall(filters, each));
  if (condition.op === "not") return hasOwnCall(filters, condition.condition);
  return ownCall(filters, condition) !== undefined;
}

/** The call for a condition, if it is not the kind's search. */
export function ownCall(filters: Filters, condition: Condition): ListCall | undefined {
  if (condition.op === "and" && (!filters.and || hasOwnCall(filters, condition)))
    return condition.conditions.length === 0 ? undefined : ownCall(filters, chosen(filters, condition.conditions));
  return "attr" in condition ? filters.leaves.get(condition.attr)?.asked.get(condition.op)?.call : undefined;
}

/** The condition to ask if they cannot be combined: one with a call of its own, else the narrowest. */
const chosen = (filters: Filters, conditions: readonly Condition[]): Condition =>
  conditions.find((each) => "attr" in each && ownCall(filters, each)) ?? narrowest(conditions);

/** A condition in the API's query language: text or an object, as configured. */
export async function inWords(filters: Filters, condition: Condition): Promise<unknown> {
  const { leaves, and, or, not } = filters;
  const together = async (conditions: readonly Condition[], how: Expression) => {
    const inner = await Promise.all(conditions.map((each) => inWords(filters, each)));
    return asInvalid(() => how.evaluate(undefined, { conditions: inner }));
  };
  switch (condition.op) {
    case "and":
      return and && !hasOwnCall(filters, condition)
        ? together(condition.conditions, and)
        : inWords(filters, chosen(filters, condition.conditions));
    case "or":
      return together(condition.conditions, or!);
    case "not": {
      const inner = await inWords(filters, condition.condition);
      return asInvalid(() => not!.evaluate(undefined, { condition: inner }));
    }
    case "has":
      throw new TypeError("bit conditions cannot be sent to an API");
    default: {
      const { to } = leaves.get(condition.attr)!.asked.get(condition.op)!;
      if (condition.op === "pr") return asInvalid(() => to.evaluate(undefined, {}));
      const { value } = condition;
      const variables = { value, ...(filters.quote && { quoted: quoted(value, filters.quote) }) };
      return asInvalid(() => to.evaluate(undefined, variables));
    }
  }
}
