import jsonata from "jsonata";

/** How query languages of APIs write text. */
export const quotes = ["json", "odata", "backslash", "lucene"] as const;
/** How a query language writes a value. */
export type Quote = (typeof quotes)[number];

const text: Readonly<Record<Quote, (value: string) => string>> = {
  json: JSON.stringify,
  odata: (value) => `'${value.replaceAll("'", "''")}'`,
  backslash: (value) => `'${value.replace(/[\\']/g, "\\$&")}'`,
  lucene: (value) => `"${value.replace(/[\r\n]+/g, " ").replace(/[\\"]/g, "\\$&")}"`,
};

/** A value as it stands in a query of the language: text in quotes, whatever it holds; anything else bare. */
export const quoted = (value: string | number | boolean, quote: Quote): string =>
  typeof value === "string" ? text[quote](value) : String(value);

/** Functions that make a value fit for the text that they are put into: a regular expression within a query that is data. */
const SAFE = ["regexQuote"];

/**
 * Whether an expression joins one of some variables into text, by `&` or `$join`, without a function around it that quotes. Such a
 * value could end the text that it stands in, and begin another.
 */
export function joinsBare(source: string, variables: readonly string[]): boolean {
  try {
    return joins(jsonata(source).ast(), false);
  } catch {
    // Whether it is an expression is asked elsewhere.
    return false;
  }

  function joins(node: unknown, isJoined: boolean): boolean {
    if (Array.isArray(node)) return node.some((each) => joins(each, isJoined));
    if (typeof node !== "object" || node === null || node instanceof RegExp) return false;
    const { type, value, procedure } = node as { type?: unknown; value?: unknown; procedure?: { value?: unknown } };
    if (type === "variable") return isJoined && variables.includes(String(value));
    const name = type === "function" ? String(procedure?.value ?? "") : "";
    if (SAFE.includes(name)) return false;
    const joinsHere = isJoined || (type === "binary" && value === "&") || name === "join";
    return Object.values(node).some((each) => joins(each, joinsHere));
  }
}
