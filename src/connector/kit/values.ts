import type { Value } from "../connector.ts";

/** A text that is equal for equal values: by type and content, whatever the order of an object's keys. */
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

/** A text that is equal for equivalent values, such as a number and its digits. */
const textOf = (value: Value): string => (typeof value === "object" ? canonical(value) : String(value));

/** Distinct values in order of first appearance. */
export const distinctValues = (values: readonly Value[]): readonly Value[] =>
  values.length < 2
    ? values
    : [...new Map(values.toReversed().map((value) => [textOf(value), value])).values()].toReversed();

/** The values that are not among others. */
export function withoutValues<V extends Value>(values: readonly V[], others: readonly Value[]): V[] {
  if (others.length === 0) return [...values];
  const gone = new Set(others.map(textOf));
  return values.filter((value) => !gone.has(textOf(value)));
}

const BASE64 = /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/;

/** Decodes base64 or base64url. Undefined for anything else, such as a URL or a data URI. */
export const bytesOf = (value: unknown): Buffer | undefined =>
  typeof value === "string" && BASE64.test(value) ? Buffer.from(value, "base64") : undefined;

const TRUE = /^(1|true|t|yes|y|on)$/i;
const FALSE = /^(0|false|f|no|n|off)$/i;

/** Parses a truth value in any common notation. Undefined for anything else. */
export function booleanOf(value: unknown): boolean | undefined {
  const text = String(value);
  return TRUE.test(text) ? true : FALSE.test(text) ? false : undefined;
}

/** Parses an integer of any size. Undefined for anything else. */
export function integerOf(value: unknown): bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === "string" && /^-?\d+$/.test(value) ? BigInt(value) : undefined;
}

/** An integer as a value: a number if JavaScript represents it exactly, else its digits. */
export const valueOfInteger = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : String(value);

/** Reports whether an integer of any size has all of the given bits. */
export function hasBits(value: unknown, bits: number): boolean {
  const wanted = BigInt(bits);
  return ((integerOf(value) ?? 0n) & wanted) === wanted;
}
