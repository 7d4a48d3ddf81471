import { parseExactly } from "../json/exact.ts";

/** Reads and writes an API's JSON without rounding. */
export interface ExactJson {
  /** Parses JSON. Numbers that JavaScript cannot represent exactly become text. Throws a `SyntaxError`. */
  readonly parse: (text: string) => unknown;
  /** Writes JSON. Such texts become numbers again where the API returned the property as a number. */
  readonly stringify: (value: unknown) => string;
}

/** A number as text, until its property is known. */
class Inexact {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

/** Maximum number of properties known to hold such numbers: an API has a few. */
const MAX_NAMES = 1000;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** For one API: what it returns as a number is sent to it as one. */
export function createExactJson(): ExactJson {
  const names = new Set<string>();
  const asText = (value: unknown, name: string): unknown => {
    if (value instanceof Inexact) {
      if (names.size < MAX_NAMES) names.add(name);
      return value.source;
    }
    return mapped(value, name, asText);
  };
  const asNumber = (value: unknown, name: string): unknown =>
    typeof value === "string" && names.has(name) && isInexact(value) ? rawJson(value) : mapped(value, name, asNumber);
  return {
    parse: (text) => {
      let isExact = true;
      const value = parseExactly(text, (source) => {
        isExact = false;
        return new Inexact(source);
      });
      return isExact ? value : asText(value, "");
    },
    stringify: (value) => JSON.stringify(names.size === 0 ? value : asNumber(value, "")),
  };
}

/** Reports whether a text is a number that JavaScript cannot represent exactly. Other digits are text, whatever the property. */
function isInexact(text: string): boolean {
  let found = false;
  if (NUMBER.test(text))
    parseExactly(text, () => {
      found = true;
    });
  return found;
}

const rawJson = (JSON as unknown as { readonly rawJSON: (text: string) => unknown }).rawJSON;

/** Maps the elements and properties of a value, by the name of the property that contains them. */
function mapped(value: unknown, name: string, change: (value: unknown, name: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => change(each, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([inner, each]) => [inner, change(each, inner)]));
}
