import { isDeepStrictEqual } from "node:util";
import { instantOf } from "../json/date.ts";
import type { Change, ComparisonLeaf, Condition, Entry, Expected, Order, Scalar, Value } from "./connector.ts";
import { fromValues, valuesOf } from "./connector.ts";
import { ConnectorError } from "./error.ts";
import { distinctValues, hasBits, withoutValues } from "./kit/values.ts";

/** The meaning of a condition. Every connector must answer as this does. */
export function matches(entry: Entry, condition: Condition): boolean {
  switch (condition.op) {
    case "and":
      return condition.conditions.every((inner) => matches(entry, inner));
    case "or":
      return condition.conditions.some((inner) => matches(entry, inner));
    case "not":
      return !matches(entry, condition.condition);
    case "pr":
      return valuesOf(entry, condition.attr).length > 0;
    case "has":
      return valuesOf(entry, condition.attr).some((value) => hasBits(value, condition.bits));
    default: {
      if (condition.instant) return matchesInstant(entry, condition);
      const wanted = fold(condition.value, condition.caseExact);
      return valuesOf(entry, condition.attr).some((value) => {
        // Numbers are compared as text with text.
        const held = typeof value === "number" && typeof wanted === "string" ? String(value) : value;
        const actual = fold(held, condition.caseExact);
        return typeof actual === typeof wanted && compare[condition.op](actual as Scalar, wanted as Scalar);
      });
    }
  }
}

function matchesInstant(entry: Entry, { op, attr, value }: ComparisonLeaf): boolean {
  const wanted = instantOf(String(value))?.getTime();
  return valuesOf(entry, attr).some((each) => {
    const held = instantOf(String(each))?.getTime();
    return wanted !== undefined && held !== undefined && compare[op](held, wanted);
  });
}

const compare = {
  eq: (a: Scalar, b: Scalar) => a === b,
  co: (a: Scalar, b: Scalar) => String(a).includes(String(b)),
  sw: (a: Scalar, b: Scalar) => String(a).startsWith(String(b)),
  ew: (a: Scalar, b: Scalar) => String(a).endsWith(String(b)),
  gt: (a: Scalar, b: Scalar) => order(a, b) > 0,
  ge: (a: Scalar, b: Scalar) => order(a, b) >= 0,
  lt: (a: Scalar, b: Scalar) => order(a, b) < 0,
  le: (a: Scalar, b: Scalar) => order(a, b) <= 0,
};

const fold = (value: Value, caseExact?: boolean) =>
  typeof value === "string" && !caseExact ? value.toLowerCase() : value;

/** Without surrogates, UTF-16 order equals code point order. */
const SURROGATE = /[\ud800-\udfff]/;

function order(a: Scalar, b: Scalar): number {
  if (typeof a === "string" && typeof b === "string" && (SURROGATE.test(a) || SURROGATE.test(b)))
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** An entry's position in an order: its key, and its value of the ordering attribute if it has one. */
export interface Position {
  readonly key: string;
  readonly value?: Scalar | undefined;
}

/** The meaning of an order: compares two positions. Text is compared after `fold`. */
export function comparePositions({ descending, caseExact }: Omit<Order, "attr">): (a: Position, b: Position) => number {
  const folded = (value: Scalar) => fold(value, caseExact) as Scalar;
  const byValue = (a: Scalar | undefined, b: Scalar | undefined) => {
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    return order(folded(a), folded(b));
  };
  return (a, b) => {
    const result = byValue(a.value, b.value);
    return (descending ? -result : result) || order(a.key, b.key);
  };
}

/** An entry's position in the order of an attribute. */
export function positionOf(entry: Entry, attr: string, key: string): Position {
  const value = attr === key ? undefined : valuesOf(entry, attr)[0];
  return { key: String(entry[key]), ...(value !== undefined && { value: value as Scalar }) };
}

/** The meaning of changes: the entry after all of them. Throws `versionMismatch` for a swap whose `from` is no longer there. */
export function applyChanges(entry: Entry, changes: readonly Change[]): Entry {
  const result: Record<string, Entry[string]> = { ...entry };
  for (const change of changes) {
    const next = fromValues(changedValues(valuesOf(result, change.attr), change));
    if (next === undefined) delete result[change.attr];
    else result[change.attr] = next;
  }
  return result;
}

/** The values that changes set, whatever the entry contained. */
export function valuesPut(changes: readonly Change[]): Entry {
  const swapped = changes.flatMap((change) =>
    change.op === "swap" && change.to !== null ? [[change.attr, change.to] as const] : [],
  );
  const others = changes.filter(({ op }) => op !== "swap");
  return { ...applyChanges({}, others), ...Object.fromEntries(swapped) };
}

function changedValues(values: readonly Value[], change: Change): readonly Value[] {
  switch (change.op) {
    case "replace":
      return distinctValues(change.values);
    case "add":
      return distinctValues([...values, ...change.values]);
    case "delete":
      return withoutValues(values, change.values);
    case "swap": {
      const isFrom =
        change.from === null ? values.length === 0 : values.length === 1 && isDeepStrictEqual(values[0], change.from);
      if (!isFrom)
        throw new ConnectorError("versionMismatch", `"${change.attr}" has changed since it was read.`, {
          attr: change.attr,
        });
      return change.to === null ? [] : [change.to];
    }
  }
}

/** Throws `versionMismatch` unless the entry still has the expected values. A client's version is text: 7 equals "7". */
export function checkExpected(entry: Entry, expected: Expected | undefined): void {
  for (const [attr, value] of Object.entries(expected ?? {})) {
    if (entry[attr] === undefined || String(entry[attr]) !== String(value))
      throw new ConnectorError("versionMismatch", `"${attr}" is no longer ${JSON.stringify(value)}.`, { attr });
  }
}
