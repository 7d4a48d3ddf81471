import { badRequest, ScimError } from "./error.ts";
import { type AttributePath, typedPath } from "./path.ts";
import { type Attribute, isObject, type Resource, type ResourceType, type Schema } from "./schema.ts";

/** The attributes of a response, RFC 7644 §3.9. */
export interface Projection {
  /** Reports whether the response may need an attribute (or sub-attribute), so that it must be read. */
  readonly needs: (path: Pick<AttributePath, "schema" | "attribute" | "sub">) => boolean;
  /** Reduces a resource to what is returned. */
  readonly cut: (resource: Resource) => Resource;
  /** Whether everything is returned that is by default, so that nothing needs to be removed. */
  readonly isDefault: boolean;
}

type Choice = { schema: Schema; attribute?: Attribute; sub?: Attribute | undefined };

/** The requested attributes in canonical form: full paths in the schemas' spelling, sorted, without duplicates. */
export interface Requested {
  /** Undefined for the default; empty if the client names only unknown attributes. */
  readonly attributes: readonly string[] | undefined;
  readonly excluded: readonly string[];
}

/** No client needs longer lists: schemas have fewer attributes. */
const MAX_LIST = 16_384;
const MAX_NAMES = 500;

/**
 * Parses `attributes` and `excludedAttributes`, comma-separated lists of attribute paths. Unknown names are ignored, which RFC 7644 permits
 * and clients expect. Throws 400 `invalidValue` for lists that are too long.
 */
export function requested(
  attributes: string | undefined,
  excludedAttributes: string | undefined,
  type: ResourceType,
): Requested {
  return {
    attributes: isEmpty(attributes) ? undefined : namesIn(attributes!, "attributes", type),
    excluded: isEmpty(excludedAttributes) ? [] : namesIn(excludedAttributes!, "excludedAttributes", type),
  };
}

const isEmpty = (list: string | undefined): boolean => list === undefined || /^[\s,]*$/.test(list);

function namesIn(list: string, parameter: string, type: ResourceType): string[] {
  const names = list.length > MAX_LIST ? [] : list.split(",").map((name) => name.trim());
  if (list.length > MAX_LIST || names.length > MAX_NAMES)
    throw badRequest(
      "invalidValue",
      `"${parameter}" can have at most ${MAX_NAMES} attributes in ${MAX_LIST} characters.`,
    );
  const found = [...new Set(names.map((name) => name.toLowerCase()))].flatMap((name) => choice(name, type) ?? []);
  return [...new Set(found.map(nameOf))].sort();
}

const nameOf = ({ schema, attribute, sub }: Choice): string =>
  [schema.id, ...(attribute ? [attribute.name] : [])].join(":") + (sub ? `.${sub.name}` : "");

/** What is returned for a request. */
export function projection({ attributes, excluded }: Requested, type: ResourceType): Projection {
  const chosen = attributes?.flatMap((name) => choice(name, type) ?? []);
  const dropped = excluded.flatMap((name) => choice(name, type) ?? []);
  const isKept = (path: Choice): boolean => {
    const { attribute, sub } = path;
    if (attribute?.returned === "never" || sub?.returned === "never") return false;
    if (attribute?.returned === "always") return true;
    if (chosen) return chosen.some((choice) => covers(choice, path) || covers(path, choice));
    return attribute?.returned !== "request" && !dropped.some((choice) => covers(choice, path));
  };
  const isDefault = !chosen && dropped.length === 0;
  return { needs: isKept, cut: (resource) => cut(resource, type, isKept), isDefault };
}

/** What a name denotes: a schema, an attribute or a sub-attribute; undefined if unknown. */
function choice(name: string, type: ResourceType): Choice | undefined {
  if (name === "") return undefined;
  const schema = [type.schema, ...type.extensions].find((each) => each.id.toLowerCase() === name.toLowerCase());
  if (schema) return { schema };
  try {
    return typedPath(name, type);
  } catch (error) {
    if (error instanceof ScimError) return undefined;
    throw error;
  }
}

/** `emails` covers `emails.value`; a schema covers its attributes. */
const covers = (outer: Choice, inner: Choice): boolean =>
  outer.schema === inner.schema &&
  (!outer.attribute || (outer.attribute === inner.attribute && (!outer.sub || outer.sub === inner.sub)));

function cut(resource: Resource, type: ResourceType, isKept: (path: Choice) => boolean): Resource {
  const result: Resource = {};
  const attributesOf = (schema: Schema) => new Map(schema.attributes.map((each) => [each.name, each]));
  const copy = (from: Resource, to: Resource, schema: Schema, attributes: Map<string, Attribute>) => {
    for (const [name, value] of Object.entries(from)) {
      const attribute = attributes.get(name);
      const kept = attribute ? cutValue(value, schema, attribute, isKept) : value;
      if (kept !== undefined) to[name] = kept;
    }
  };
  const extensions = new Map(type.extensions.map((schema) => [schema.id, schema]));
  const core = attributesOf(type.schema);
  for (const common of ["id", "externalId", "meta"]) {
    const attribute = typedPath(common, type).attribute;
    core.set(common, attribute);
  }
  for (const [name, value] of Object.entries(resource)) {
    const extension = extensions.get(name);
    if (!extension || !isObject(value)) {
      copy({ [name]: value }, result, type.schema, core);
      continue;
    }
    const part: Resource = {};
    copy(value, part, extension, attributesOf(extension));
    if (Object.keys(part).length > 0) result[name] = part;
  }
  return result;
}

function cutValue(value: unknown, schema: Schema, attribute: Attribute, isKept: (path: Choice) => boolean): unknown {
  if (!isKept({ schema, attribute })) return undefined;
  if (attribute.type !== "complex") return value;
  const cutOne = (element: unknown): unknown => {
    if (!isObject(element)) return element;
    const parts = Object.entries(element).filter(([name]) => {
      const sub = attribute.subAttributes?.find((each) => each.name === name);
      return !sub || isKept({ schema, attribute, sub });
    });
    return parts.length > 0 ? Object.fromEntries(parts) : undefined;
  };
  if (!Array.isArray(value)) return cutOne(value);
  const kept = value.map(cutOne).filter((element) => element !== undefined);
  return kept.length === 0 && value.length > 0 ? undefined : kept;
}
