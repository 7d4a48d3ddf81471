import { readFileSync } from "node:fs";
import MarkdownIt from "markdown-it";

/** A block of code on a page, with what the page says about it. */
export interface Block {
  /** The line of its fence, from 1. */
  readonly line: number;
  readonly indent: string;
  readonly language: string;
  /** The file that it is, from `[name]` behind the language. */
  readonly file: string | undefined;
  readonly text: string;
  /** The comments on the lines above it, by name: `not run`, `in`, `run by`. */
  readonly notes: ReadonlyMap<string, string>;
}

/** A page as the runner sees it. */
export interface Page {
  readonly text: string;
  /** The names of the set-ups that it needs. */
  readonly setups: readonly string[];
  readonly blocks: readonly Block[];
  /** Lines with code that is indented in place of fenced: nobody can say what it is. */
  readonly indented: readonly number[];
}

const markdown = new MarkdownIt({ html: true });
const NOTE = /^\s*<!--\s*([a-z][a-z ]*?)(?::\s*(.*?))?\s*-->\s*$/;

export function readPage(file: string): Page {
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n");
  const tokens = markdown.parse(
    text.replace(/^---\n[\s\S]*?\n---\n/, (matter) => matter.replace(/[^\n]/g, "")),
    {},
  );
  const fences = tokens.filter(({ type }) => type === "fence");
  return {
    text,
    setups: lines.flatMap((line) => {
      const [, name, value = ""] = NOTE.exec(line) ?? [];
      return name === "setup" ? value.split(",").map((each) => each.trim()) : [];
    }),
    blocks: fences.map(({ map, info, content }) => {
      const start = map![0];
      const [, language = "", file] = /^(\S*)(?:.*?\[([^\]]+)\])?/.exec(info.trim()) ?? [];
      return {
        line: start + 1,
        indent: /^[\s>]*/.exec(lines[start]!)![0],
        language,
        file,
        text: content,
        notes: notesAbove(lines, start),
      };
    }),
    indented: tokens.filter(({ type }) => type === "code_block").map(({ map }) => map![0] + 1),
  };
}

function notesAbove(lines: readonly string[], start: number): Map<string, string> {
  const notes = new Map<string, string>();
  for (let at = start - 1; at >= 0; at--) {
    const [, name, value = ""] = NOTE.exec(lines[at]!) ?? [];
    if (name === undefined) break;
    notes.set(name, value);
  }
  return notes;
}
