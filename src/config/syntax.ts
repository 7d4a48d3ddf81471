import { type Document, isCollection, visit, type YAMLParseError } from "yaml";

/** A mistake in a file's syntax: where it begins, how long it is, and what to do about it. */
export interface SyntaxMistake {
  readonly code: "yaml" | "duplicate-key";
  readonly offset: number;
  readonly length: number;
  readonly message: string;
}

type Told = Pick<YAMLParseError, "code" | "message"> & { readonly pos: readonly [number, number] };

const QUOTE =
  "put this text in quotes, '...', or write it as a block after |: the characters : # [ ] { } , & * mean something in YAML";

/**
 * What is wrong with a file that is no YAML. One mistake leads the parser to several complaints: only the first is told, in words that
 * say what to do. Names that are there twice are told each.
 */
export function syntaxMistakes(document: Document.Parsed, text: string, lineOf: (offset: number) => number) {
  const errors = document.errors as readonly Told[];
  const [first] = errors.filter(({ code }) => code !== "DUPLICATE_KEY");
  if (first) return [explained(first, document, text)];
  const [tag] = document.warnings as unknown as readonly Told[];
  if (tag?.code === "TAG_RESOLVE_FAILED")
    return [mistake(tag.pos[0], "a text that begins with ! must be quoted", wordAt(text, tag.pos[0]))];
  return errors.map(({ pos: [offset] }): SyntaxMistake => {
    const name = /^(["']?)(.+?)\1\s*:/.exec(text.slice(offset))?.[2] ?? "";
    const before = firstOf(name, text, offset);
    return {
      code: "duplicate-key",
      offset,
      length: name.length,
      message: `the name "${name}" is here twice${before === undefined ? "" : `, first on line ${lineOf(before)}`}`,
    };
  });
}

/** Where a name that is repeated at a place stands first: the last line above with the same name at the same indentation. */
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
      return mistake(offset, "a tab indents this line: YAML takes spaces only");
    case "BAD_INDENT": {
      const open = unclosed(document, text);
      if (!/^Flow/.test(message) || open === undefined)
        return mistake(offset, "this line is indented otherwise than those that it belongs to", wordAt(text, offset));
      return mistake(open, `this "${text[open]}" is not closed`);
    }
    case "BLOCK_AS_IMPLICIT_KEY":
      if (/: /.test(line)) return mistake(offset, QUOTE, line.trimEnd().length);
      return mistake(
        offset,
        "the line below this one is indented further than it: only a name without a value has lines below it",
        line.trimEnd().length,
      );
    case "MULTILINE_IMPLICIT_KEY": {
      const [, name, value] = /^([\w.-]+):(\S.*)$/.exec(line) ?? [];
      const what = name ? `put a space after the colon: "${name}: ${value}"` : 'there is no ": " in this line';
      return mistake(offset, what, line.trimEnd().length);
    }
    case "MISSING_CHAR": {
      const open = /quote/.test(message) ? unclosedQuote(document, text) : undefined;
      return open === undefined ? mistake(offset, QUOTE) : mistake(open, `this quote, ${text[open]}, is not closed`);
    }
    case "BAD_SCALAR_START":
      return mistake(offset, `a text that begins with ${text[offset]} must be quoted`, wordAt(text, offset));
    case "BAD_ALIAS":
      return mistake(offset, "a text that begins with & or * must be quoted", wordAt(text, offset));
    case "UNEXPECTED_TOKEN":
      return mistake(offset, QUOTE, wordAt(text, offset));
    case "MULTIPLE_DOCS":
      return mistake(offset, 'the file holds several documents: "---" may only stand at its beginning', 3);
    default:
      return mistake(offset, message);
  }
}

/** Where the innermost `{` or `[` begins that is not closed. */
function unclosed(document: Document.Parsed, text: string): number | undefined {
  let found: number | undefined;
  visit(document, (_, node) => {
    if (!isCollection(node) || !node.flow || !node.range) return;
    const [start, end] = node.range;
    if (!"]}".includes(text.slice(start, end).trimEnd().at(-1) ?? "")) found = start;
  });
  return found;
}

/** Where the last text in quotes begins: one that is not closed takes all that is behind it. */
function unclosedQuote(document: Document.Parsed, text: string): number | undefined {
  let found: number | undefined;
  visit(document, {
    Scalar: (_, { range }) => {
      if (range && `"'`.includes(text[range[0]] ?? " ")) found = range[0];
    },
  });
  return found;
}
