import { badRequest, type ScimError, type ScimType } from "./error.ts";

/** Comparison operators, RFC 7644 §3.4.2.2. */
export type Comparison = "eq" | "ne" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le";
/** A value in a filter. */
export type Literal = string | number | boolean | null;

/**
 * A filter, RFC 7644 §3.4.2.2, with paths as written (`PathSyntax`) or resolved. A bare value path, `emails[type eq "work"]`, means `pr` of
 * that path.
 */
export type Filter<Path> =
  | { readonly op: "and" | "or"; readonly filters: readonly Filter<Path>[] }
  | { readonly op: "not"; readonly filter: Filter<Path> }
  | { readonly op: "pr"; readonly path: Path }
  | { readonly op: Comparison; readonly path: Path; readonly value: Literal };

/** An attribute path as written: `urn:...:User:emails[type eq "work"].value`. */
export interface PathSyntax {
  /** The text before the selector, as written. */
  readonly text: string;
  readonly position: number;
  readonly urn?: string;
  readonly attribute: string;
  readonly selector?: Filter<PathSyntax>;
  readonly sub?: string;
}

const comparisons = new Set(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]);
/** Limits against hostile input: deeper or longer filters are refused before any recursion. */
const MAX_DEPTH = 40;
const MAX_TERMS = 500;
/** Maximum length of a search text: comparing may cost a pass at each letter. */
const MAX_PART = 1024;
const isPart = (op: string): boolean => op === "co" || op === "sw" || op === "ew";

/**
 * Parses a filter. Bare words count as strings, as some Microsoft clients send them (`externalId eq jyoung`). Throws 400 `invalidFilter`
 * with the position, counted from 1.
 */
export function parseFilter(text: string): Filter<PathSyntax> {
  const parser = createParser(text, "invalidFilter", "filter");
  const filter = parser.or(0);
  parser.end();
  return filter;
}

/** Parses a path in the grammar of PATCH, RFC 7644 §3.5.2. Throws 400 with the position, by default `invalidPath`. */
export function parsePath(text: string, scimType: ScimType = "invalidPath"): PathSyntax {
  const parser = createParser(text, scimType, "path");
  const path = parser.path(0);
  parser.end();
  return path;
}

function createParser(text: string, scimType: ScimType, what: string) {
  let at = 0;
  let terms = 0;

  const fail = (message: string, position = at): ScimError =>
    badRequest(
      scimType,
      `The ${what} is invalid at position ${position + 1}: ${message} (in ${excerpt(text, position)})`,
    );
  const skipBlanks = () => {
    while (text[at] === " " || text[at] === "\t" || text[at] === "\n" || text[at] === "\r") at++;
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found) at += found.length;
    return found;
  };
  const keyword = (word: string): boolean => {
    skipBlanks();
    const next = text.slice(at, at + word.length);
    const after = text[at + word.length];
    if (next.toLowerCase() !== word || (after !== undefined && !/[\s([]/.test(after))) return false;
    at += word.length;
    return true;
  };
  const deeper = (depth: number): number => {
    if (depth >= MAX_DEPTH) throw fail(`it is nested more than ${MAX_DEPTH} levels deep`);
    return depth + 1;
  };

  function chain(word: "and" | "or", next: (depth: number) => Filter<PathSyntax>, depth: number): Filter<PathSyntax> {
    const filters = [next(depth)];
    while (keyword(word)) filters.push(next(depth));
    return filters.length === 1 ? filters[0]! : { op: word, filters };
  }
  const or = (depth: number): Filter<PathSyntax> => chain("or", and, depth);
  const and = (depth: number): Filter<PathSyntax> => chain("and", term, depth);

  function term(depth: number): Filter<PathSyntax> {
    if (++terms > MAX_TERMS) throw fail(`it has more than ${MAX_TERMS} terms`);
    skipBlanks();
    const start = at;
    if (keyword("not")) {
      skipBlanks();
      if (text[at] === "(") return { op: "not", filter: group(deeper(depth)) };
      at = start;
    }
    return text[at] === "(" ? group(deeper(depth)) : expression(depth);
  }

  function group(depth: number): Filter<PathSyntax> {
    at++;
    const filter = or(depth);
    skipBlanks();
    if (text[at] !== ")") throw fail('expected ")"');
    at++;
    return filter;
  }

  function expression(depth: number): Filter<PathSyntax> {
    const attribute = path(depth);
    skipBlanks();
    const position = at;
    const op = match(/[A-Za-z]+/y)?.toLowerCase();
    if (op === "pr") return { op: "pr", path: attribute };
    if (op !== undefined && comparisons.has(op)) {
      const value = literal();
      if (isPart(op) && typeof value === "string" && value.length > MAX_PART)
        throw fail(`the value of ${op} is longer than ${MAX_PART} characters`);
      return { op: op as Comparison, path: attribute, value };
    }
    if (attribute.selector && attribute.sub === undefined) {
      at = position;
      return { op: "pr", path: attribute };
    }
    throw fail(`expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr) after "${attribute.text}"`, position);
  }

  function path(depth: number): PathSyntax {
    skipBlanks();
    const position = at;
    const name = match(/[A-Za-z][A-Za-z0-9_$:.%/-]*|\$ref/y);
    if (name === undefined) throw fail("expected an attribute path");
    let selector: Filter<PathSyntax> | undefined;
    let sub: string | undefined;
    if (text[at] === "[") {
      at++;
      selector = or(deeper(depth));
      skipBlanks();
      if (text[at] !== "]") throw fail('expected "]"');
      at++;
      if (text[at] === ".") {
        at++;
        sub = match(/[A-Za-z$][A-Za-z0-9_$-]*/y);
        if (sub === undefined) throw fail("expected a sub-attribute after the dot");
      }
    }
    return {
      ...splitName(name, selector !== undefined),
      text: name,
      position,
      ...(selector && { selector }),
      ...(sub && { sub }),
    };
  }

  function literal(): Literal {
    skipBlanks();
    const position = at;
    if (text[at] === '"') return quoted(position);
    const word = match(/[^\s()[\]"]+/y);
    if (word === undefined) throw fail("expected a value");
    if (word === "true") return true;
    if (word === "false") return false;
    if (word === "null") return null;
    const isNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word);
    return isNumber && Number.isFinite(Number(word)) && String(Number(word)) === word ? Number(word) : word;
  }

  function quoted(position: number): string {
    const raw = match(/"(?:[^"\\]|\\[\s\S])*"/y);
    if (raw === undefined) throw fail("the string is not closed", position);
    let value: string;
    try {
      value = JSON.parse(raw.replace(/[\x00-\x1f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`));
    } catch {
      throw fail("the string is not a valid JSON string: write a backslash as \\\\", position);
    }
    if (value.includes("\0")) throw fail("a value cannot contain a NUL character", position);
    if (!value.isWellFormed()) throw fail("half of a surrogate pair is not a valid character", position);
    return value;
  }

  function end(): void {
    skipBlanks();
    if (at < text.length) throw fail(`unexpected "${text.slice(at, at + 20)}"`);
  }

  return { or, path, end };
}

/** Splits `urn:a:b:2.0:User:name.familyName` at the last colon, and the rest at its dot. */
function splitName(name: string, hasSelector: boolean): { urn?: string; attribute: string; sub?: string } {
  const colon = name.lastIndexOf(":");
  const local = name.slice(colon + 1);
  const dot = hasSelector ? -1 : local.indexOf(".");
  return {
    ...(colon >= 0 && { urn: name.slice(0, colon) }),
    attribute: dot < 0 ? local : local.slice(0, dot),
    ...(dot >= 0 && { sub: local.slice(dot + 1) }),
  };
}

const excerpt = (text: string, position: number): string => {
  const start = Math.max(0, position - 30);
  const part = text.slice(start, position + 30);
  return `${start > 0 ? "…" : ""}${part}${position + 30 < text.length ? "…" : ""}`;
};
