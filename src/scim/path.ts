import { badRequest, type ScimError, type ScimType } from "./error.ts";
import { type Filter, type Literal, type PathSyntax, parseFilter, parsePath } from "./filter.ts";
import {
  type Attribute,
  commonAttributes,
  findAttribute,
  findSchema,
  isDateTime,
  type ResourceType,
  type Schema,
} from "./schema.ts";

/**
 * A path resolved in a resource type's schemas. Within a selector, `attribute` is the sub-attribute; a value of a simple list is its own
 * `value` there.
 */
export interface AttributePath {
  readonly schema: Schema;
  readonly attribute: Attribute;
  readonly selector?: TypedFilter;
  readonly sub?: Attribute;
}

/** A filter with resolved paths and typed values; date-times are ISO 8601 in UTC. */
export type TypedFilter = Filter<AttributePath>;

/** The target of a PATCH operation: an attribute, or a whole extension by URN. */
export type PatchTarget = AttributePath | { readonly extension: Schema };

/** The attribute whose values a path compares: the sub-attribute, or a complex attribute's `value`. */
export const leafOf = (path: AttributePath): Attribute =>
  path.sub ?? findAttribute(path.attribute.subAttributes, "value") ?? path.attribute;

/** The full path for messages: `emails[...].value`. */
export function pathName(path: AttributePath, type?: ResourceType): string {
  const prefix = type && path.schema !== type.schema ? `${path.schema.id}:` : "";
  return `${prefix}${path.attribute.name}${path.selector ? `[${filterText(path.selector)}]` : ""}${path.sub ? `.${path.sub.name}` : ""}`;
}

/** A filter as text, with paths in the schemas' spelling. */
export function filterText(filter: TypedFilter, type?: ResourceType): string {
  switch (filter.op) {
    case "and":
    case "or":
      return filter.filters
        .map((inner) =>
          inner.op === "and" || inner.op === "or" ? `(${filterText(inner, type)})` : filterText(inner, type),
        )
        .join(` ${filter.op} `);
    case "not":
      return `not (${filterText(filter.filter, type)})`;
    case "pr":
      return filter.path.selector && !filter.path.sub
        ? pathName(filter.path, type)
        : `${pathName(filter.path, type)} pr`;
    default:
      return `${pathName(filter.path, type)} ${filter.op} ${JSON.stringify(filter.value)}`;
  }
}

/**
 * Parses a filter and resolves its paths. An extension may be available only in part, which matters for filters on `schemas`. Throws 400
 * `invalidFilter`.
 */
export function typedFilter(
  text: string,
  type: ResourceType,
  isThere: (attribute: Attribute) => boolean = () => true,
): TypedFilter {
  const find = (path: PathSyntax) => resolvePath(path, type, "invalidFilter");
  return resolveFilter(withSchemas(parseFilter(text), type, isThere), find);
}

/**
 * Translates conditions on `schemas`, RFC 7644 §3.4.2.2: a resource has its type's schema and those of the extensions that it has
 * attributes of.
 */
function withSchemas(
  filter: Filter<PathSyntax>,
  type: ResourceType,
  isThere: (attribute: Attribute) => boolean,
): Filter<PathSyntax> {
  switch (filter.op) {
    case "and":
    case "or":
      return { op: filter.op, filters: filter.filters.map((each) => withSchemas(each, type, isThere)) };
    case "not":
      return { op: "not", filter: withSchemas(filter.filter, type, isThere) };
    default: {
      const { path } = filter;
      if (path.attribute.toLowerCase() !== "schemas" || path.urn !== undefined || path.sub !== undefined) return filter;
      const always: Filter<PathSyntax> = { op: "pr", path: { ...path, text: "id", attribute: "id" } };
      if (filter.op === "pr") return always;
      const { op } = filter;
      if (op === "ne") return { op: "not", filter: withSchemas({ ...filter, op: "eq" }, type, isThere) };
      const isMet = comparisonOfUrns[op as keyof typeof comparisonOfUrns];
      if (!isMet || typeof filter.value !== "string")
        throw badRequest("invalidFilter", `"schemas" are URNs: compare them with eq, ne, co, sw or ew.`);
      const wanted = filter.value.toLowerCase();
      const met = [type.schema, ...type.extensions].filter(({ id }) => isMet(id.toLowerCase(), wanted));
      if (met.includes(type.schema)) return always;
      const filters = met.flatMap(({ id, attributes }) =>
        attributes.filter(isThere).map(
          ({ name }): Filter<PathSyntax> => ({
            op: "pr",
            path: { ...path, text: `${id}:${name}`, urn: id, attribute: name },
          }),
        ),
      );
      return filters.length > 0 ? { op: "or", filters } : { op: "not", filter: always };
    }
  }
}

const comparisonOfUrns = {
  eq: (urn: string, wanted: string) => urn === wanted,
  co: (urn: string, wanted: string) => urn.includes(wanted),
  sw: (urn: string, wanted: string) => urn.startsWith(wanted),
  ew: (urn: string, wanted: string) => urn.endsWith(wanted),
};

/** The attributes that a filter compares. */
export function attributesIn(filter: TypedFilter): Attribute[] {
  switch (filter.op) {
    case "and":
    case "or":
      return filter.filters.flatMap(attributesIn);
    case "not":
      return attributesIn(filter.filter);
    default:
      return [filter.path.attribute];
  }
}

/** Parses and resolves an attribute path. Throws 400 with the given keyword. */
export function typedPath(text: string, type: ResourceType, scimType: ScimType = "invalidPath"): AttributePath {
  return resolvePath(parsePath(text, scimType), type, scimType);
}

/** Parses the target of a PATCH operation: an attribute path, or an extension's URN. Throws 400 `invalidPath`. */
export function patchTarget(text: string, type: ResourceType): PatchTarget {
  const extension = type.extensions.find((schema) => schema.id.toLowerCase() === text.trim().toLowerCase());
  return extension ? { extension } : typedPath(text, type);
}

/** Resolves a parsed path in the type's schemas. Throws 400 with the given keyword. */
export function resolvePath(path: PathSyntax, type: ResourceType, scimType: ScimType): AttributePath {
  const [schema, attribute] = findInSchemas(path, type);
  if (!schema || !attribute) throw unknown(path, type, scimType);
  return withParts(path, schema, attribute, scimType);
}

function findInSchemas(path: PathSyntax, type: ResourceType): [Schema | undefined, Attribute | undefined] {
  if (path.urn !== undefined) {
    const schema = findSchema(type, path.urn);
    const inCommon = schema === type.schema ? findAttribute(commonAttributes, path.attribute) : undefined;
    return [schema, findAttribute(schema?.attributes, path.attribute) ?? inCommon];
  }
  const core = findAttribute(commonAttributes, path.attribute) ?? findAttribute(type.schema.attributes, path.attribute);
  if (core) return [type.schema, core];
  // Entra sends `manager eq "..."` without the extension's URN.
  const extension = type.extensions.find((schema) => findAttribute(schema.attributes, path.attribute));
  return [extension, findAttribute(extension?.attributes, path.attribute)];
}

function withParts(path: PathSyntax, schema: Schema, attribute: Attribute, scimType: ScimType): AttributePath {
  const sub = path.sub === undefined ? undefined : findAttribute(attribute.subAttributes, path.sub);
  if (path.sub !== undefined && !sub) {
    throw badRequest(
      scimType,
      `"${attribute.name}" has no sub-attribute "${path.sub}"${offers(attribute.subAttributes)}`,
    );
  }
  if (path.selector && !attribute.multiValued && !attribute.subAttributes) {
    throw badRequest(scimType, `"${attribute.name}" is not complex, so it cannot have a selector [...]`);
  }
  const parts = attribute.subAttributes ?? [{ ...attribute, name: "value", multiValued: false }];
  const selector =
    path.selector &&
    resolveFilter(path.selector, (inner) => {
      const found = findAttribute(parts, inner.attribute);
      if (!found || inner.urn !== undefined || inner.sub !== undefined || inner.selector) {
        throw badRequest(scimType, `"${attribute.name}" has no sub-attribute "${inner.text}"${offers(parts)}`);
      }
      // Values within one that is never returned are not returned either.
      return { schema, attribute: attribute.returned === "never" ? { ...found, returned: "never" } : found };
    });
  return { schema, attribute, ...(selector && { selector }), ...(sub && { sub }) };
}

const offers = (attributes: readonly Attribute[] | undefined) =>
  attributes ? `: it has ${attributes.map((each) => each.name).join(", ")}` : "";

function unknown(path: PathSyntax, type: ResourceType, scimType: ScimType): ScimError {
  const where = path.urn === undefined ? `a ${type.name}` : `the schema "${path.urn}"`;
  return badRequest(
    scimType,
    `There is no attribute "${path.text}" in ${where}. GET /Schemas lists the available attributes.`,
  );
}

function resolveFilter(filter: Filter<PathSyntax>, find: (path: PathSyntax) => AttributePath): TypedFilter {
  switch (filter.op) {
    case "and":
    case "or":
      return { op: filter.op, filters: filter.filters.map((inner) => resolveFilter(inner, find)) };
    case "not":
      return { op: "not", filter: resolveFilter(filter.filter, find) };
    case "pr":
      return { op: "pr", path: find(filter.path) };
    default:
      return comparison(filter, find(filter.path));
  }
}

function comparison(filter: Extract<Filter<PathSyntax>, { value: Literal }>, path: AttributePath): TypedFilter {
  const leaf = leafOf(path);
  const fail = (reason: string) => badRequest("invalidFilter", `"${filter.path.text} ${filter.op}": ${reason}`);
  if (filter.value === null) {
    if (filter.op === "eq") return { op: "not", filter: { op: "pr", path } };
    if (filter.op === "ne") return { op: "pr", path };
    throw fail("null can only be compared with eq and ne");
  }
  const isHidden = path.attribute.returned === "never" || leaf.returned === "never";
  if (isHidden && filter.op !== "eq" && filter.op !== "ne")
    throw fail("its values are never returned, so only eq and ne are possible");
  if (leaf.type === "complex") throw fail(`"${leaf.name}" is complex: name the sub-attribute to compare`);
  const isText = leaf.type === "string" || leaf.type === "reference";
  if (["co", "sw", "ew"].includes(filter.op) && !isText) throw fail(`a ${leaf.type} cannot be compared as text`);
  if (["gt", "ge", "lt", "le"].includes(filter.op) && ["boolean", "binary"].includes(leaf.type)) {
    throw fail(`a ${leaf.type} has no order`);
  }
  return { op: filter.op, path, value: coerce(filter.value, leaf, fail) };
}

function coerce(value: string | number | boolean, leaf: Attribute, fail: (reason: string) => ScimError): Literal {
  switch (leaf.type) {
    case "boolean": {
      const text = String(value).toLowerCase();
      if (text !== "true" && text !== "false") throw fail(`${JSON.stringify(value)} is neither true nor false`);
      return text === "true";
    }
    case "integer":
    case "decimal": {
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      if (typeof number !== "number" || !Number.isFinite(number))
        throw fail(`${JSON.stringify(value)} is not a number`);
      // Integers beyond JavaScript's range are text everywhere: nothing is rounded.
      return typeof value === "string" && Number.isInteger(number) && !Number.isSafeInteger(number) ? value : number;
    }
    case "dateTime": {
      const instant = Date.parse(String(value));
      if (!isDateTime(String(value)))
        throw fail(`${JSON.stringify(value)} is not a date-time such as "2026-01-31T08:00:00Z"`);
      return new Date(instant).toISOString();
    }
    default:
      return String(value);
  }
}
