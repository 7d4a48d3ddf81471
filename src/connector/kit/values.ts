import type { Value } from "../connector.ts";

/** A text by which two values of entries are the same where their values are: type and content, objects whatever their order. */
export const keyOfValue = (value: unknown): string =>
  typeof value === "object" && value !== null ? canonical(value) : `${typeof value} ${String(value)}`;

function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const parts = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`);
  return `{${parts.sort().join(",")}}`;
}

/** Values, each once, in the order in which they come first. */
export const distinctValues = (values: readonly Value[]): readonly Value[] =>
  values.length < 2
    ? values
    : [...new Map(values.toReversed().map((value) => [keyOfValue(value), value])).values()].toReversed();

/** Of some values those that are not among others. */
export function withoutValues<V extends Value>(values: readonly V[], others: readonly Value[]): V[] {
  if (others.length === 0) return [...values];
  const gone = new Set(others.map(keyOfValue));
  return values.filter((value) => !gone.has(keyOfValue(value)));
}
