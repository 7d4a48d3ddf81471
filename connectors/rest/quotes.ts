import jsonata from "jsonata";

/** Quoting styles of query languages. */
export const quotes = ["json", "odata", "backslash", "lucene"] as const;
/** How a query language quotes a value. */
export type Quote = (typeof quotes)[number];

const text: Readonly<Record<Quote, (value: string) => string>> = {
  json: JSON.stringify,
  odata: (value) => `'${value.replaceAll("'", "''")}'`,
  backslash: (value) => `'${value.replace(/[\\']/g, "\\$&")}'`,
  lucene: (value) => `"${value.replace(/[\r\n]+/g, " ").replace(/[\\"]/g, "\\$&")}"`,
};

/** A value as a literal of the query language: text is quoted and escaped, everything else is bare. */
export const quoted = (value: string | number | boolean, quote: Quote): string =>
  typeof value === "string" ? text[quote](value) : String(value);

/** Functions that make a value safe for the text around it, such as a regular expression within a query. */
const SAFE = ["regexQuote"];

/**
 * Reports whether an expression inserts one of the variables into text, by `&` or `$join`, without quoting it. Such a value could end its
 * text and start another query.
 */
export function joinsBare(source: string, variables: readonly string[]): boolean {
  try {
    return joins(jsonata(source).ast(), false);
  } catch {
    // Syntax errors are reported elsewhere.
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
