/** Numbers with this many digits, or an exponent, may not be represented exactly. */
const MAY_BE_INEXACT = /[0-9.]{16}|\d[eE]/;

/** JavaScript represents every number of this many digits exactly, IEEE 754. */
const MAX_DIGITS = 15;

/**
 * Parses JSON without rounding: a number that JavaScript cannot represent exactly (an ID beyond 2^53) becomes the result of `inexact` for
 * its text. Throws a `SyntaxError` for invalid JSON, and whatever `inexact` throws.
 */
export function parseExactly(text: string, inexact: (source: string) => unknown): unknown {
  if (!MAY_BE_INEXACT.test(text)) return JSON.parse(text);
  const revive = (_: string, value: unknown, { source }: { readonly source?: string }): unknown =>
    typeof value !== "number" || source === undefined || isExact(value, source) ? value : inexact(source);
  return JSON.parse(text, revive as Parameters<typeof JSON.parse>[1]);
}

/** Reports whether a number equals its text. */
export function isExact(value: number, source: string): boolean {
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value);
  const digits = source
    .replace(/[eE].*$/, "")
    .replace(/[-.]/g, "")
    .replace(/^0+|0+$/g, "");
  return digits === "" || (digits.length <= MAX_DIGITS && Number.isFinite(value) && value !== 0);
}

/** Converts to JSON, turning texts that `parseExactly` may have made from numbers back into numbers. */
export function stringifyExactly(value: unknown): string {
  const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };
  const isNumber = (text: string) =>
    /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) && !isExact(Number(text), text);
  return JSON.stringify(value, (_, each) => (typeof each === "string" && isNumber(each) ? rawJSON(each) : each));
}
