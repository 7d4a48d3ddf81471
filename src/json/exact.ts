/** A number of so many digits, or with an exponent, may not be the one that is written. */
const MAY_BE_INEXACT = /[0-9.]{16}|\d[eE]/;

/** So many digits every number has in JavaScript as it is written, IEEE 754. */
const MAX_DIGITS = 15;

/**
 * Parses JSON without rounding: a number that JavaScript does not hold as it is written (an id beyond 2^53) becomes what `inexact`
 * makes of its text. Throws a `SyntaxError` where the text is not JSON, and what `inexact` throws.
 */
export function parseExactly(text: string, inexact: (source: string) => unknown): unknown {
  if (!MAY_BE_INEXACT.test(text)) return JSON.parse(text);
  const revive = (_: string, value: unknown, { source }: { readonly source?: string }): unknown =>
    typeof value !== "number" || source === undefined || isExact(value, source) ? value : inexact(source);
  return JSON.parse(text, revive as Parameters<typeof JSON.parse>[1]);
}

/** Whether a number is the one that its text says. */
export function isExact(value: number, source: string): boolean {
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value);
  const digits = source
    .replace(/[eE].*$/, "")
    .replace(/[-.]/g, "")
    .replace(/^0+|0+$/g, "");
  return digits === "" || (digits.length <= MAX_DIGITS && Number.isFinite(value) && value !== 0);
}

/** JSON of a value whose texts that `parseExactly` may have made of numbers are numbers again. */
export function stringifyExactly(value: unknown): string {
  const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };
  const isNumber = (text: string) =>
    /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) && !isExact(Number(text), text);
  return JSON.stringify(value, (_, each) => (typeof each === "string" && isNumber(each) ? rawJSON(each) : each));
}
