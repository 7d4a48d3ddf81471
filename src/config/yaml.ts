import { readFileSync } from "node:fs";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { nearest } from "../connector/kit/text.ts";

/** A mistake in a file, with the place where it is; line and column count from 1. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Files that cannot be used: every mistake in them, as `file:line:column: message`, a line each. */
export class ConfigError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join("\n"));
    this.name = "ConfigError";
    this.diagnostics = diagnostics;
  }
}

type Path = readonly PropertyKey[];

/** A YAML file as data, with the way back from a place in the data to the place in the file. */
export interface YamlFile {
  readonly data: unknown;
  readonly diagnose: (path: Path, message: string) => Diagnostic;
}

/** Reads a YAML file. Throws `ConfigError` where it cannot be read or is not YAML. `shown` is its name in messages. */
export function readYaml(file: string, shown = file): YamlFile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw new ConfigError([{ file: shown, line: 1, column: 1, message: reason }]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const at = (offset: number, message: string): Diagnostic => {
    const { line, col } = lines.linePos(offset);
    return { file: shown, line, column: col, message };
  };
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => at(error.pos[0], `${error.message}${quotingHint(error.code)}`)),
    );
  }
  const diagnose = (path: Path, message: string): Diagnostic => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return at(node.range[0], message);
    }
    return at(0, message);
  };
  try {
    return { data: document.toJS(), diagnose };
  } catch {
    // What is wrong with an alias is not said in its own words: a secret that begins with "*" is taken for one.
    const message = "an alias, *name, leads nowhere, to itself, or to too much; quote a text that begins with * or &";
    throw new ConfigError([at(0, message)]);
  }
}

const quotingHint = (code: string): string =>
  ["BLOCK_AS_IMPLICIT_KEY", "UNEXPECTED_TOKEN", "MULTILINE_IMPLICIT_KEY", "BAD_SCALAR_START", "MISSING_CHAR"].includes(
    code,
  )
    ? ' (an expression with ": ", "#", "[" or "{" in it must be quoted, or written as a block after "|")'
    : "";

/** Checks a file's data by its schema. Gives the data, or every mistake with its place. */
export function validate<Schema extends z.ZodType>(
  yaml: YamlFile,
  schema: Schema,
  data = yaml.data,
  prefix: Path = [],
): { value?: z.output<Schema>; diagnostics: Diagnostic[] } {
  const result = schema.safeParse(data);
  if (result.success) return { value: result.data, diagnostics: [] };
  return { diagnostics: result.error.issues.flatMap((issue) => explain(issue, data, prefix, yaml, schema)) };
}

type Issue = z.core.$ZodIssue;

function explain(issue: Issue, data: unknown, prefix: Path, yaml: YamlFile, schema: z.ZodType): Diagnostic[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, path, data);
    return issue.keys.map((key) => yaml.diagnose([...path, key], `unknown key "${key}"${nearest(key, known)}`));
  }
  if (issue.code === "invalid_union") {
    // Of the alternatives the one that has the value's own form says what is wrong inside it.
    const closest = issue.errors.find((errors) =>
      errors.every((error) => error.path.length > 0 || error.code === "unrecognized_keys"),
    );
    if (closest) return closest.flatMap((inner) => explain(inner, data, path, yaml, schema));
    const all = issue.errors.flat();
    const wanted = [...new Set(all.map((error) => ("expected" in error ? String(error.expected) : error.message)))];
    return [yaml.diagnose(path, wanted.length > 0 ? `must be ${wanted.join(" or ")}` : issue.message)];
  }
  const isMissing = issue.code === "invalid_type" && valueAt(data, path) === undefined;
  return [yaml.diagnose(path, isMissing ? `"${String(path.at(-1) ?? "")}" is missing` : issue.message)];
}

const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined | null)?.[key], data);

/** The keys that a schema knows at a place in the data, for a hint at the one that was meant. */
function keysAt(schema: z.ZodType, path: Path, data: unknown): string[] {
  // biome-ignore lint/suspicious/noExplicitAny: zod's own definition of a schema has a form for each kind
  const { innerType, shape, valueType, element, options } = (schema as any).def;
  if (innerType) return keysAt(innerType, path, data);
  if (options)
    return [
      ...new Set(
        (options as z.ZodType[]).filter((each) => isOption(each, data)).flatMap((each) => keysAt(each, path, data)),
      ),
    ];
  if (path.length === 0) return Object.keys(shape ?? {});
  const [key, ...rest] = path;
  const next = shape?.[key!] ?? valueType ?? element;
  return next ? keysAt(next, rest, valueAt(data, [key!])) : [];
}

/** Of a discriminated union the option with the data's own `type`. */
function isOption(option: z.ZodType, data: unknown): boolean {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const type = (option as any).def.shape?.type;
  return !type || type.safeParse(valueAt(data, ["type"])).success;
}
