import { ScimError } from "./error.ts";
import { type AttributePath, typedPath } from "./path.ts";
import { type Attribute, isObject, type Resource, type ResourceType, type Schema } from "./schema.ts";

/** Which attributes an answer holds, RFC 7644 §3.9. */
export interface Projection {
  /** Whether the answer may need this attribute (or sub-attribute), so that it is worth reading. */
  readonly needs: (path: Pick<AttributePath, "schema" | "attribute" | "sub">) => boolean;
  /** Cuts a resource down to what is returned. */
  readonly cut: (resource: Resource) => Resource;
  /** Whether all is returned that is so by default, so that there is nothing to cut from what was read for it. */
  readonly isDefault: boolean;
}

type Choice = { schema: Schema; attribute?: Attribute; sub?: Attribute | undefined };

/**
 * Reads `attributes` and `excludedAttributes`, lists of attribute paths separated by commas. A name that no schema has
 * is passed over, as RFC 7644 leaves open and clients expect.
 */
export function projection(
  attributes: string | undefined,
  excluded: string | undefined,
  type: ResourceType,
): Projection {
  const chosen = attributes === undefined ? undefined : choices(attributes, type);
  const dropped = excluded === undefined ? [] : choices(excluded, type);
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

function choices(list: string, type: ResourceType): Choice[] {
  return list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .flatMap((name) => {
      const schema = [type.schema, ...type.extensions].find((each) => each.id.toLowerCase() === name.toLowerCase());
      if (schema) return [{ schema }];
      try {
        return [typedPath(name, type)];
      } catch (error) {
        if (error instanceof ScimError) return [];
        throw error;
      }
    });
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
  return Array.isArray(value) ? value.map(cutOne).filter((element) => element !== undefined) : cutOne(value);
}
