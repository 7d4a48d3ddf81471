import { nearest, nearestOf } from "../connector/kit/text.ts";
import { ScimError } from "../scim/error.ts";
import { parsePath } from "../scim/filter.ts";
import { constantsOf } from "../scim/patch.ts";
import { type AttributePath, typedPath } from "../scim/path.ts";
import {
  type Attribute,
  commonAttributes,
  ENTERPRISE_USER,
  findAttribute,
  findSchema,
  type Resource,
  type ResourceType,
} from "../scim/schema.ts";
import { ProblemError } from "./problem.ts";

/** The path that a row's name denotes. */
export interface RowPath {
  readonly path: AttributePath;
  /** The constants of the selector, removed from the path. */
  readonly selector: Resource;
  /** Whether the name is a complex attribute as a whole. */
  readonly isWhole: boolean;
}

const SHORT = "enterprise:";

/**
 * Resolves a row's name: expands the shorthand, finds the path in the schemas, and removes the selector. Throws a `ProblemError`, with a
 * suggestion for a misspelt path.
 */
export function rowPath(name: string, type: ResourceType, mayBeWhole: boolean): RowPath {
  const found = foundPath(name, type);
  const { selector, ...rest } = found;
  const isWhole = found.attribute.type === "complex" && !found.sub;
  const value = found.sub ?? findAttribute(found.attribute.subAttributes, "value");
  if (found.attribute.type === "complex" && !value && !mayBeWhole) {
    const parts = found.attribute.subAttributes?.map((each) => `${name}.${each.name}`) ?? [];
    throw new ProblemError(`"${name}" is complex: use a sub-attribute, such as ${parts.slice(0, 3).join(", ")}`, {
      code: "complex-attribute",
      onKey: true,
    });
  }
  let fixed: Resource;
  try {
    fixed = constantsOf(selector, found);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    throw new ProblemError(
      'a selector in a mapping can only contain comparisons that identify the element: [type eq "work"]',
      {
        code: "selector",
        onKey: true,
      },
    );
  }
  if ("primary" in fixed)
    throw new ProblemError("mark the row with primary: true; a selector can only contain what identifies the element", {
      code: "selector",
      onKey: true,
    });
  return { path: { ...rest, ...(value && { sub: value }) }, selector: fixed, isWhole };
}

function foundPath(name: string, type: ResourceType): AttributePath {
  const full = name.startsWith(SHORT) ? `${ENTERPRISE_USER}:${name.slice(SHORT.length)}` : name;
  try {
    return typedPath(full, type);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    throw misspelt(name, full, type, error.message);
  }
}

function misspelt(name: string, full: string, type: ResourceType, message: string): ProblemError {
  const problem = (text: string, wrong?: string, known: readonly string[] = []) => {
    const meant = wrong === undefined ? undefined : nearestOf(wrong, known);
    // Keep `enterprise:` as the file writes it.
    const at = name.toLowerCase().lastIndexOf(wrong?.toLowerCase() ?? "");
    const suggestion =
      meant === undefined || wrong === undefined || at === -1
        ? undefined
        : name.slice(0, at) + meant + name.slice(at + wrong.length);
    const hint = suggestion === undefined ? "" : `, did you mean "${suggestion}"?`;
    const all = wrong !== undefined && suggestion === undefined && known.length <= 20 ? nearest(wrong, known) : "";
    return new ProblemError(`${text}${hint || all}`, { code: "unknown-attribute", onKey: true, suggestion });
  };
  let syntax: ReturnType<typeof parsePath>;
  try {
    syntax = parsePath(full, "invalidPath");
  } catch {
    return problem(`"${name}" is not a SCIM path: ${message}`);
  }
  const schema = syntax.urn === undefined ? undefined : findSchema(type, syntax.urn);
  if (syntax.urn !== undefined && !schema)
    return problem(`a ${type.name} has no schema "${syntax.urn}"`, syntax.urn, [
      "enterprise",
      ...[type.schema, ...type.extensions].map(({ id }) => id),
    ]);
  const known = schema ? schema.attributes : attributesOf(type);
  const attribute = findAttribute(known, syntax.attribute) ?? known.find((each) => same(each, syntax.attribute));
  if (!attribute) {
    const where = schema ? `the schema ${schema.id}` : `a ${type.name}`;
    return problem(`there is no attribute "${syntax.attribute}" in ${where}`, syntax.attribute, known.map(nameOf));
  }
  const parts = (attribute.subAttributes ?? []).map(nameOf);
  if (syntax.sub !== undefined && !parts.some((each) => each.toLowerCase() === syntax.sub?.toLowerCase()))
    return problem(`"${attribute.name}" has no sub-attribute "${syntax.sub}"`, syntax.sub, parts);
  const selected = /\[\s*(\w+)/.exec(full)?.[1];
  return selected !== undefined && !parts.includes(selected)
    ? problem(`"${attribute.name}" has no sub-attribute "${selected}"`, selected, parts)
    : problem(message);
}

const nameOf = ({ name }: Attribute) => name;
const same = ({ name }: Attribute, other: string) => name.toLowerCase() === other.toLowerCase();

const attributesOf = ({ schema, extensions }: ResourceType): Attribute[] => [
  ...commonAttributes,
  ...schema.attributes,
  ...extensions.flatMap(({ attributes }) => attributes),
];
