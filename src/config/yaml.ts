import { readFileSync } from "node:fs";
import { isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import type { Problem } from "../mapping/problem.ts";
import { acceptedIn, ConfigError, type Diagnostic, fileDiagnostic, withoutSecrets } from "./diagnostic.ts";
import { decoded } from "./encoding.ts";
import { syntaxMistakes } from "./syntax.ts";

type Path = readonly PropertyKey[];

/** Details of a diagnostic, apart from its place and message. */
export type About = Omit<Problem, "path" | "message">;

/** A YAML file as data. Maps places in the data back to places in the file. */
export interface YamlFile {
  readonly data: unknown;
  readonly text: string;
  readonly diagnose: (path: Path, message: string, about?: About) => Diagnostic;
}

/** Reports an unreadable file at the place that names it. */
type Naming = (message: string) => Diagnostic;

/**
 * Reads a YAML file. Throws `ConfigError` if the file cannot be read or is not YAML. `shown` is its name in messages; if another file names
 * this one, `named` reports that it cannot be read. `given` is a text to read in place of the file's.
 */
export function readYaml(
  file: string,
  shown = file,
  named: Naming = (message) => fileDiagnostic(shown, message),
  given?: string,
): YamlFile {
  const text = given ?? textOf(file, shown, named);
  const rows = text.split(/\r?\n/);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const at = (offset: number, length: number, message: string, about: About = {}): Diagnostic => {
    const { line, col: column } = lines.linePos(Math.min(offset, text.length));
    const row = rows[line - 1] ?? "";
    const { severity = "error", code = "invalid", suggestion } = about;
    const accepted = severity === "warning" ? acceptedIn(rows, line, code) : undefined;
    return {
      severity,
      code,
      file: shown,
      line,
      column,
      length: Math.max(0, Math.min(length, row.length - column + 1)),
      message,
      ...(suggestion !== undefined && { suggestion }),
      ...(row.trim() !== "" && { excerpt: withoutSecrets(row) }),
      ...(accepted !== undefined && { accepted }),
    };
  };
  const mistakes = syntaxMistakes(document, text, (offset) => lines.linePos(offset).line);
  if (mistakes.length > 0)
    throw new ConfigError(mistakes.map(({ offset, length, message, code }) => at(offset, length, message, { code })));
  const keyAt = (path: Path): Node | undefined => {
    const around = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    if (!isMap(around)) return undefined;
    const pair = around.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(path.at(-1)));
    return isNode(pair?.key) ? pair.key : undefined;
  };
  const diagnose: YamlFile["diagnose"] = (path, message, about = {}) => {
    const key = about.onKey === true ? keyAt(path) : undefined;
    if (key?.range) return at(key.range[0], key.range[1] - key.range[0], message, about);
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (!isNode(node) || !node.range) continue;
      const [start, end] = node.range;
      const part = length === path.length ? partWithin(text.slice(start, end), about.part) : undefined;
      if (part) return at(start + part.offset, part.length, message, about);
      const name = length < path.length ? keyAt(path.slice(0, length)) : undefined;
      if (name?.range) return at(name.range[0], name.range[1] - name.range[0], message, about);
      return at(start, lengthOnLine(text, start, end), message, about);
    }
    return at(document.contents?.range?.[0] ?? 0, 0, message, about);
  };
  try {
    return { data: document.toJS(), text, diagnose };
  } catch {
    // The parser's own message would repeat the alias, and a secret that starts with "*" looks like one.
    const message =
      "this alias, *name, is undefined, refers to itself or expands too far; quote a text that starts with * or &";
    throw new ConfigError([at(0, 0, message, { code: "yaml" })]);
  }
}

/** A file's text. Throws `ConfigError` if the file cannot be read or is not UTF-8. */
function textOf(file: string, shown: string, named: Naming): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new ConfigError([named(reasonOf(error as NodeJS.ErrnoException, shown))]);
  }
  const { text, problem } = decoded(bytes);
  if (text !== undefined) return text;
  const { message, line = 1, column = 1 } = problem;
  throw new ConfigError([{ ...fileDiagnostic(shown, message, "encoding"), line, column }]);
}

function reasonOf({ code, message }: NodeJS.ErrnoException, shown: string): string {
  if (code === "ENOENT") return `no such file: ${shown}`;
  if (code === "EACCES") return `no permission to read ${shown}`;
  if (code === "EISDIR") return `${shown} is a folder`;
  return message;
}

/** The length of a node on its first line. */
function lengthOnLine(text: string, start: number, end: number): number {
  const [line = ""] = text.slice(start, end).split("\n");
  return line.trimEnd().length;
}

/** The place of part of an expression within its YAML node; undefined if the YAML text differs from the expression. */
function partWithin(source: string, part: About["part"]): { offset: number; length: number } | undefined {
  if (!part) return undefined;
  const { text, position, length } = part;
  const whole = source.indexOf(text);
  if (whole !== -1) return { offset: whole + position, length };
  // Lines of a block are indented in the file but not in the text.
  const start = text.lastIndexOf("\n", position - 1) + 1;
  const [line = ""] = text.slice(start).split("\n");
  const found = line.trim() === "" ? -1 : source.indexOf(line.trimEnd());
  return found === -1 ? undefined : { offset: found + position - start, length };
}
