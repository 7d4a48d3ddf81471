/** Where the cursor is in a YAML text, as far as the text before it tells: it may be far from complete. */
export interface YamlPlace {
  /** The keys above, `[]` for an item of a list. For a value its own key is the last. */
  readonly path: readonly string[];
  readonly slot: "key" | "value";
  /** What was typed of the key or the value, up to the cursor. */
  readonly typed: string;
}

/** A line of a block mapping or list, from its indentation. */
interface Line {
  /** The columns of its dashes. */
  readonly dashes: readonly number[];
  /** The column of what follows them. */
  readonly column: number;
  readonly key: string | undefined;
  /** What follows the key, or the dashes. */
  readonly value: string;
}

/** A mapping or a list in braces or brackets that is not closed yet. */
interface Open {
  readonly isList: boolean;
  key: string | undefined;
  /** What was read since the last comma, colon or brace. */
  token: string;
}

/** Finds the place of the end of a text. */
export function placeAtEnd(text: string): YamlPlace {
  const lines: Line[] = [];
  let open: Open[] = [];
  /** The column of the key whose text block goes on; undefined outside of one. */
  let block: number | undefined;
  for (const line of text.split("\n")) {
    const indent = /^ */.exec(line)![0].length;
    const isBlank = line.trim() === "";
    if (open.length > 0) {
      scanFlow(open, ` ${line}`);
      continue;
    }
    if (block !== undefined) {
      if (isBlank || indent > block) continue;
      block = undefined;
    }
    if (/^\s*#/.test(line)) continue;
    const read = lineOf(line);
    lines.push(read);
    if (/^[|>][\d+-]*\s*$/.test(read.value)) block = read.column;
    else if (/^[{[]/.test(read.value)) open = openedBy(read.value);
  }
  const last = text.slice(text.lastIndexOf("\n") + 1);
  if (open.length > 0) return placeInFlow(lines, open);
  if (block !== undefined && (last.trim() === "" ? last.length : indentOf(last)) > block)
    return { path: pathOf(lines), slot: "value", typed: last.trimStart() };
  const { key, value, column } = lines.at(-1) ?? lineOf(last);
  if (key !== undefined) return { path: pathOf(lines), slot: "value", typed: value };
  return { path: pathOf([...lines.slice(0, -1), { ...lineOf(last), column }]), slot: "key", typed: value };
}

const indentOf = (line: string): number => /^ */.exec(line)![0].length;

function lineOf(line: string): Line {
  let rest = line;
  let column = 0;
  const dashes: number[] = [];
  for (;;) {
    const [blank] = /^ */.exec(rest)!;
    column += blank.length;
    rest = rest.slice(blank.length);
    if (!/^-( |$)/.test(rest)) break;
    dashes.push(column);
    column++;
    rest = rest.slice(1);
  }
  const [whole, key] = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#{[].*?)\s*:(?:\s+|$)/.exec(rest) ?? [];
  if (whole === undefined) return { dashes, column, key: undefined, value: rest };
  return { dashes, column, key: unquoted(key!), value: rest.slice(whole.length) };
}

const unquoted = (text: string): string => /^(["'])(.*)\1$/.exec(text)?.[2] ?? text;

/** The keys above the last line, and its own. */
function pathOf(lines: readonly Line[]): string[] {
  const path: string[] = [];
  let within = Number.POSITIVE_INFINITY;
  const above = (column: number, key: string) => {
    path.unshift(key);
    within = column;
  };
  for (const [index, { dashes, column, key, value }] of lines.toReversed().entries()) {
    const isOwn = index === 0;
    const isBlank = key === undefined && dashes.length === 0 && value.trim() === "";
    if (isOwn) {
      if (key === undefined) within = column;
      else above(column, key);
    } else if (isBlank) continue;
    else if (key !== undefined && (column < within || (column === within && path[0] === "[]"))) above(column, key);
    for (const dash of dashes.toReversed()) if (dash < within) above(dash, "[]");
  }
  return path;
}

function openedBy(text: string): Open[] {
  const open: Open[] = [];
  scanFlow(open, text);
  return open;
}

/** Reads on within braces and brackets, and leaves those that are still open. */
function scanFlow(open: Open[], text: string): void {
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    const top = open.at(-1);
    if (quote !== undefined) {
      top!.token += char;
      if (char === "\\" && quote === '"') top!.token += text[++at] ?? "";
      else if (char === quote) quote = undefined;
    } else if (char === "{" || char === "[") open.push({ isList: char === "[", key: undefined, token: "" });
    else if (char === "}" || char === "]") open.pop();
    else if (!top || (char === "#" && /\s/.test(text[at - 1] ?? " "))) return;
    else if (char === ",") Object.assign(top, { key: undefined, token: "" });
    else if (char === ":" && !top.isList && top.key === undefined && /\s|^$/.test(text[at + 1] ?? ""))
      Object.assign(top, { key: unquoted(top.token.trim()), token: "" });
    else {
      if (char === '"' || char === "'") quote = top.token.trim() === "" ? char : undefined;
      top.token += char;
    }
  }
}

function placeInFlow(lines: readonly Line[], open: readonly Open[]): YamlPlace {
  const top = open.at(-1)!;
  const keys = open.flatMap(({ isList, key }) => (isList ? "[]" : (key ?? [])));
  const isValue = top.isList || top.key !== undefined;
  return { path: [...pathOf(lines), ...keys], slot: isValue ? "value" : "key", typed: top.token.trimStart() };
}
