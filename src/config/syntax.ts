import { type Document, isCollection, visit, type YAMLParseError } from "yaml";

/** A syntax mistake: its place, its length and how to fix it. */
export interface SyntaxMistake {
  readonly code: "yaml" | "duplicate-key";
  readonly offset: number;
  readonly length: number;
  readonly message: string;
}

type Told = Pick<YAMLParseError, "code" | "message"> & { readonly pos: readonly [number, number] };

const QUOTE =
  "put this text in quotes, '...', or write it as a block after |: the characters : # [ ] { } , & * have a meaning in YAML";

/**
 * Explains why a file is not valid YAML. The parser reports one mistake several times: only the first report is used, with a hint. Each
 * duplicate key is reported.
 */
export function syntaxMistakes(document: Document.Parsed, text: string, lineOf: (offset: number) => number) {
  const errors = document.errors as readonly Told[];
  const [first] = errors.filter(({ code }) => code !== "DUPLICATE_KEY");
  if (first) return [explained(first, document, text)];
  const [tag] = document.warnings as unknown as readonly Told[];
  if (tag?.code === "TAG_RESOLVE_FAILED")
    return [mistake(tag.pos[0], "a text that starts with ! must be quoted", wordAt(text, tag.pos[0]))];
  return errors.map(({ pos: [offset] }): SyntaxMistake => {
    const name = /^(["']?)(.+?)\1\s*:/.exec(text.slice(offset))?.[2] ?? "";
    const before = firstOf(name, text, offset);
    return {
      code: "duplicate-key",
      offset,
      length: name.length,
      message: `the key "${name}" is repeated${before === undefined ? "" : `, first used on line ${lineOf(before)}`}`,
    };
  });
}

/** The first occurrence of a repeated key: the last line above with the same key at the same indentation. */
function firstOf(name: string, text: string, offset: number): number | undefined {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const indentation = text.slice(start, offset);
  if (indentation.trim() !== "") return undefined;
  let at = -1;
  for (const quote of ["", '"', "'"]) {
    const line = `\n${indentation}${quote}${name}${quote}:`;
    at = Math.max(at, `\n${text}`.lastIndexOf(line, start - 1));
  }
  return at === -1 ? undefined : at + indentation.length;
}

const mistake = (offset: number, message: string, length = 1): SyntaxMistake => ({
  code: "yaml",
  offset,
  length,
  message,
});

const wordAt = (text: string, offset: number): number => /^\S*/.exec(text.slice(offset))![0].length || 1;

function explained({ code, message, pos: [offset] }: Told, document: Document.Parsed, text: string): SyntaxMistake {
  const line = text.slice(offset).split("\n")[0]!;
  switch (code) {
    case "TAB_AS_INDENT":
      return mistake(offset, "this line is indented with a tab: YAML allows only spaces");
    case "BAD_INDENT": {
      const open = unclosed(document, text);
      if (!/^Flow/.test(message) || open === undefined)
        return mistake(
          offset,
          "this line's indentation does not match the lines that it belongs to",
          wordAt(text, offset),
        );
      return mistake(open, `this "${text[open]}" is never closed`);
    }
    case "BLOCK_AS_IMPLICIT_KEY":
      if (/: /.test(line)) return mistake(offset, QUOTE, line.trimEnd().length);
      return mistake(
        offset,
        "the next line is indented further than this one: only a key without a value can have lines below it",
        line.trimEnd().length,
      );
    case "MULTILINE_IMPLICIT_KEY": {
      const [, name, value] = /^([\w.-]+):(\S.*)$/.exec(line) ?? [];
      const what = name
        ? `add a space after the colon: "${name}: ${value}"`
        : 'this line has no ": " between a key and a value';
      return mistake(offset, what, line.trimEnd().length);
    }
    case "MISSING_CHAR": {
      const open = /quote/.test(message) ? unclosedQuote(document, text) : undefined;
      return open === undefined ? mistake(offset, QUOTE) : mistake(open, `this quote, ${text[open]}, is never closed`);
    }
    case "BAD_SCALAR_START":
      return mistake(offset, `a text that starts with ${text[offset]} must be quoted`, wordAt(text, offset));
    case "BAD_ALIAS":
      return mistake(offset, "a text that starts with & or * must be quoted", wordAt(text, offset));
    case "UNEXPECTED_TOKEN":
      return mistake(offset, QUOTE, wordAt(text, offset));
    case "MULTIPLE_DOCS":
      return mistake(offset, 'the file contains several documents: "---" is only allowed at its beginning', 3);
    default:
      return mistake(offset, message);
  }
}

/** The innermost `{` or `[` that is never closed. */
function unclosed(document: Document.Parsed, text: string): number | undefined {
  let found: number | undefined;
  visit(document, (_, node) => {
    if (!isCollection(node) || !node.flow || !node.range) return;
    const [start, end] = node.range;
    if (!"]}".includes(text.slice(start, end).trimEnd().at(-1) ?? "")) found = start;
  });
  return found;
}

/** The start of the last quoted text: an unclosed quote swallows everything after it. */
function unclosedQuote(document: Document.Parsed, text: string): number | undefined {
  let found: number | undefined;
  visit(document, {
    Scalar: (_, { range }) => {
      if (range && `"'`.includes(text[range[0]] ?? " ")) found = range[0];
    },
  });
  return found;
}
