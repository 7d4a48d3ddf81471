import type { z } from "zod";
import { nearest, nearestOf } from "../connector/kit/text.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { exampleOf } from "./example.ts";
import { inWords, kindInWords } from "./words.ts";
import type { About, YamlFile } from "./yaml.ts";

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** What validation needs: the schema, and the place of the data in its file. */
interface Checking {
  readonly yaml: YamlFile;
  readonly schema: z.ZodType;
}

/** Validates a file's data against its schema. Returns the data, or every mistake with its place. */
export function validate<Schema extends z.ZodType>(
  yaml: YamlFile,
  schema: Schema,
  data = yaml.data,
): { value?: z.output<Schema>; diagnostics: Diagnostic[] } {
  if (data === null || data === undefined)
    return { diagnostics: [yaml.diagnose([], "the file is empty", { code: "empty" })] };
  const result = schema.safeParse(data, { error: inWords });
  if (result.success) return { value: result.data, diagnostics: [] };
  const found = result.error.issues.flatMap((issue) => explain(issue, data, [], { yaml, schema }));
  // A key that is missing because it is misspelt is reported once.
  const meant = new Set(found.map(({ suggestion }) => suggestion));
  return { diagnostics: found.filter(({ code, message }) => code !== "missing" || !meant.has(missingName(message))) };
}

const missingName = (message: string): string => message.replace(/^"(.*?)" is missing(:.*)?$/, "$1");

function explain(issue: Issue, data: unknown, prefix: Path, checking: Checking): Diagnostic[] {
  const { yaml, schema } = checking;
  const path = [...prefix, ...issue.path];
  const value = valueAt(data, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return unknownKeys(issue.keys, path, keysAt(schema, path, data), yaml);
    case "invalid_key":
      return [yaml.diagnose(path, issue.issues[0]?.message ?? issue.message, { code: "invalid-name", onKey: true })];
    case "invalid_union":
      return explainUnion(issue, data, path, checking);
    default:
      if (value === undefined && issue.code !== "custom") return [missing(path, data, checking)];
      return [yaml.diagnose(path, issue.message, aboutOf(issue, value))];
  }
}

function missing(path: Path, data: unknown, { yaml, schema }: Checking): Diagnostic {
  const name = String(path.at(-1) ?? "");
  const [wanted] = schemasAt(schema, path, data);
  const example = wanted && exampleOf(wanted);
  const how = example === undefined ? "" : `: write ${name}: ${example}`;
  return yaml.diagnose(path, `"${name}" is missing${how}`, { code: "missing" });
}

function unknownKeys(keys: readonly string[], path: Path, known: readonly string[], yaml: YamlFile): Diagnostic[] {
  return keys.map((key) =>
    yaml.diagnose([...path, key], `unknown key "${key}"${nearest(key, known)}`, {
      code: "unknown-key",
      onKey: true,
      suggestion: nearestOf(key, known),
    }),
  );
}

/** Details of a mistake beside its message. Our own checks put them in `params`; a closed choice of words names the closest one. */
function aboutOf(issue: Issue, value: unknown): About {
  if (issue.code === "custom") return { code: "invalid-value", ...(issue.params as About | undefined) };
  if (issue.code !== "invalid_value") return { code: "invalid-value" };
  return { code: "invalid-value", suggestion: nearestOf(String(value), issue.values.map(String)) };
}

function explainUnion(
  issue: Extract<Issue, { code: "invalid_union" }>,
  data: unknown,
  path: Path,
  checking: Checking,
): Diagnostic[] {
  const { yaml, schema } = checking;
  const { discriminator, options } = issue as { discriminator?: string; options?: readonly unknown[] };
  const errors = issue.errors ?? [];
  if (discriminator !== undefined) {
    const at = [...path.slice(0, path.at(-1) === discriminator ? -1 : undefined), discriminator];
    const given = valueAt(data, at);
    const names = (options ?? []).filter((each) => each !== undefined).map(String);
    if (given === undefined) return [missing(at, data, checking)];
    const hint = nearest(String(given), names);
    const about = { code: "invalid-value", suggestion: nearestOf(String(given), names) };
    return [yaml.diagnose(at, `there is no ${discriminator} "${String(given)}"${hint}`, about)];
  }
  // Report mistakes from the alternatives that match the value's shape.
  const inside = errors.filter((each) =>
    each.every(({ path: at, code }) => at.length > 0 || code === "unrecognized_keys"),
  );
  const [closest, other] = inside.toSorted((one, two) => wrongness(one) - wrongness(two));
  if (closest && (!other || wrongness(closest) < wrongness(other)))
    return closest.flatMap((inner) => explain(inner, data, path, checking));
  const value = valueAt(data, path);
  if (inside.length > 0 && typeof value === "object" && value !== null) {
    const known = keysAt(schema, path, data);
    const unknown = Object.keys(value).filter((key) => !known.includes(key));
    if (unknown.length > 0) return unknownKeys(unknown, path, known, yaml);
    return [yaml.diagnose(path, `this must be one of { ${known.join(" }, { ")} }`, { code: "invalid-value" })];
  }
  if (issue.message !== "Invalid input") return [yaml.diagnose(path, issue.message, { code: "invalid-value" })];
  const wanted = errors.flat().map((each) => ("expected" in each ? kindInWords(String(each.expected)) : each.message));
  return [yaml.diagnose(path, `this must be ${[...new Set(wanted)].join(" or ")}`, { code: "invalid-value" })];
}

/** How far a value is from an alternative: first missing and unknown keys, then wrong shapes. */
const wrongness = (errors: readonly Issue[]): number =>
  errors.reduce(
    (sum, each) => sum + (each.code === "unrecognized_keys" ? 2 * each.keys.length : each.path.length > 1 ? 1 : 2),
    0,
  );

const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined | null)?.[key], data);

/** The keys that a schema allows at a place, for suggestions. */
const keysAt = (schema: z.ZodType, path: Path, data: unknown): string[] => [
  ...new Set(schemasAt(schema, path, data).flatMap(keysOf)),
];

// biome-ignore lint/suspicious/noExplicitAny: zod's own definition of a schema has a form for each kind
function keysOf({ def: { innerType, in: input, options, shape } }: any): string[] {
  if (innerType ?? input) return keysOf(innerType ?? input);
  return options ? options.flatMap(keysOf) : Object.keys(shape ?? {});
}

/** The schemas of a place; for a union, those that the data could mean. */
function schemasAt(schema: z.ZodType, path: Path, data: unknown): z.ZodType[] {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const { innerType, shape, valueType, element, options, catchall, in: input } = (schema as any).def;
  if (innerType ?? input) return schemasAt(innerType ?? input, path, data);
  if (options && (path.length > 0 || data !== undefined))
    return (options as z.ZodType[])
      .filter((each) => isOption(each, data))
      .flatMap((each) => schemasAt(each, path, data));
  if (path.length === 0) return [schema];
  const [key, ...rest] = path;
  const next = shape?.[key!] ?? valueType ?? element ?? catchall;
  return next ? schemasAt(next, rest, valueAt(data, [key!])) : [];
}

/** Reports whether an option of a discriminated union has the data's `type`. */
function isOption(option: z.ZodType, data: unknown): boolean {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const type = (option as any).def.shape?.type;
  return !type || type.safeParse(valueAt(data, ["type"])).success;
}
