import type { z } from "zod";

/** Longer examples confuse more than they help. */
const MAX_LENGTH = 110;
/** Examples that add nothing to the words "a list" and "a table of names and values". */
const SAYS_NOTHING = ["{}", "[...]", "{ NAME: ... }", "{ NAME: {} }"];

/**
 * An example of a value that a schema accepts, as one line of YAML: required parts, then `...`. Undefined for scalars, and where the
 * example would be too long.
 */
export function exampleOf(schema: unknown): string | undefined {
  if (schema === undefined) return undefined;
  const text = yamlOf(schema);
  return /^[{[]/.test(text) && !SAYS_NOTHING.includes(text) && text.length <= MAX_LENGTH ? text : undefined;
}

function yamlOf(schema: unknown): string {
  // biome-ignore lint/suspicious/noExplicitAny: zod's own definition of a schema has a form for each kind
  const { description, def } = schema as any;
  const { type, innerType, shape, catchall, valueType, element, options, in: input, values, entries } = def;
  if (innerType ?? input) return yamlOf(innerType ?? input);
  if (String(description).includes("${env:NAME}")) return '"${env:NAME}"';
  switch (type) {
    case "object":
      // For example a route: optional settings, and resource types under free names.
      if (catchall?.def.type === "object") return tableOf([["NAME", catchall]]);
      return tableOf(Object.entries(shape as Record<string, z.ZodType>).filter(([, each]) => isRequired(each)));
    case "record":
      return tableOf([["NAME", valueType]]);
    case "array":
      return `[${yamlOf(element)}]`;
    case "union":
      return yamlOf(options.find(isCommon) ?? options[0]);
    case "literal":
      return String(values[0]);
    case "enum":
      return String(Object.values(entries)[0]);
    case "boolean":
      return "true";
    case "number":
      return "1";
    default:
      return "...";
  }
}

function tableOf(properties: readonly (readonly [string, z.ZodType])[]): string {
  if (properties.length === 0) return "{}";
  return `{ ${properties.map(([key, value]) => `${key}: ${yamlOf(value)}`).join(", ")} }`;
}

const isRequired = (schema: z.ZodType): boolean => !schema.safeParse(undefined).success;

/** Which alternative serves as the example. */
const COMMON = ["bearer", "ldap"];

const isCommon = (option: z.ZodType): boolean =>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  COMMON.some((type) => (option as any).def.shape?.type?.safeParse(type).success === true);
