import { isOfCalendar } from "../json/date.ts";
import common from "./schemas/common.json" with { type: "json" };
import enterpriseUser from "./schemas/enterprise-user.json" with { type: "json" };
import group from "./schemas/group.json" with { type: "json" };
import user from "./schemas/user.json" with { type: "json" };

/** An attribute and its characteristics, RFC 7643 §7. */
export interface Attribute {
  readonly name: string;
  readonly type: "string" | "boolean" | "decimal" | "integer" | "dateTime" | "reference" | "binary" | "complex";
  readonly multiValued: boolean;
  readonly description: string;
  readonly required: boolean;
  readonly caseExact?: boolean;
  readonly canonicalValues?: readonly string[];
  readonly mutability: "readOnly" | "readWrite" | "immutable" | "writeOnly";
  readonly returned: "always" | "never" | "default" | "request";
  readonly uniqueness: "none" | "server" | "global";
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly Attribute[];
}

/** A schema, RFC 7643 §7. */
export interface Schema {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly Attribute[];
}

/** A resource type with its full schemas, RFC 7643 §6. */
export interface ResourceType {
  readonly name: string;
  readonly endpoint: string;
  readonly description: string;
  readonly schema: Schema;
  readonly extensions: readonly Schema[];
  /** URNs of the extensions that every resource must have. */
  readonly requiredExtensions?: readonly string[];
  /** What the route requires of clients; undefined if it is tolerant. */
  readonly profile?: Profile | undefined;
}

/** Requirements on clients beyond the tolerant default: see docs/reference/conformance.md. */
export interface Profile {
  /** Bodies must state their schemas, a PATCH must have operations, and a filter must not be empty. */
  readonly literal: true;
  /** Additional requirements of the SCIM 2.0 Interoperability Profile: see docs/reference/interop.md. */
  readonly interop?: {
    /** The type as `/Schemas` shows it: the names for paths and filters. */
    readonly defined: ResourceType;
    /** The same with common attributes and readOnly attributes of the full type, which are ignored: the names for bodies. */
    readonly accepted: ResourceType;
    /** The available common attributes (RFC 7643 §3.1). */
    readonly common: readonly Attribute[];
  };
}

/** A resource as JSON: names in the schemas' spelling, extensions under their URN. */
export type Resource = Record<string, unknown>;

/** The URN of the enterprise extension, RFC 7643 §4.3. */
export const ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** The attributes that every resource has, RFC 7643 §3.1. */
export const commonAttributes = common as readonly Attribute[];

/** The resource types of RFC 7643, as data, like custom ones. */
export const builtInTypes: readonly ResourceType[] = [
  {
    name: "User",
    endpoint: "/Users",
    description: "User account",
    schema: user as Schema,
    extensions: [enterpriseUser as Schema],
  },
  { name: "Group", endpoint: "/Groups", description: "Group", schema: group as Schema, extensions: [] },
];

const indexes = new WeakMap<readonly Attribute[], Map<string, Attribute>>();

/** Finds an attribute by name; case does not matter (RFC 7643 §2.1). */
export function findAttribute(attributes: readonly Attribute[] | undefined, name: string): Attribute | undefined {
  if (!attributes) return undefined;
  let index = indexes.get(attributes);
  if (!index) {
    index = new Map(attributes.map((attribute) => [attribute.name.toLowerCase(), attribute]));
    indexes.set(attributes, index);
  }
  return index.get(name.toLowerCase());
}

/** Finds a schema of the type by URN; case does not matter. */
export function findSchema(type: ResourceType, urn: string): Schema | undefined {
  const wanted = urn.toLowerCase();
  if (type.schema.id.toLowerCase() === wanted) return type.schema;
  return type.extensions.find((extension) => extension.id.toLowerCase() === wanted);
}

/** The part of a resource with a schema's attributes: the resource itself, or the object under an extension's URN. */
export function schemaPart(resource: Resource, type: ResourceType, schema: Schema): Resource | undefined {
  if (schema === type.schema) return resource;
  const part = resource[schema.id];
  return isObject(part) ? part : undefined;
}

/** The schemas of a resource: its type's, and extensions with at least one value. */
export function schemasOf(resource: Resource, type: ResourceType): string[] {
  const extensions = type.extensions.filter((extension) => resource[extension.id] !== undefined);
  return [type.schema.id, ...extensions.map((extension) => extension.id)];
}

/** Reports whether a value is a JSON object. */
export const isObject = (value: unknown): value is Resource =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reports whether a text is an XML Schema date-time, as RFC 7643 §2.3.5 requires, or a date alone, which clients send for midnight. */
export const isDateTime = (text: string): boolean =>
  /^\d{4,6}-\d\d-\d\d(T\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/i.test(text.trim()) &&
  !Number.isNaN(Date.parse(text.trim().replace(",", "."))) &&
  isOfCalendar(text.trim());
