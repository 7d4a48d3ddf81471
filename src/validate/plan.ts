import { parsePath } from "../scim/filter.ts";
import { ENTERPRISE_USER, isObject, type Resource } from "../scim/schema.ts";
import { randomChoice, randomEmail, randomLetters } from "./random.ts";

/** The resource types that are checked. */
export type TypeName = "User" | "Group";

/** An attribute that checks write and read back, by its path as Entra writes it. */
export interface Target {
  readonly path: string;
  readonly kind: "text" | "boolean" | "number" | "dateTime" | "url";
  /** The values that the endpoint says it takes. */
  readonly choices?: readonly string[];
  readonly isRequired: boolean;
  /** False for attributes that are only set when a resource is created. */
  readonly isChangeable: boolean;
}

/** What is sent to, and expected of, one resource type. */
export interface Plan {
  readonly type: TypeName;
  /** Such as `/Users`. */
  readonly endpoint: string;
  readonly schema: string;
  readonly targets: readonly Target[];
  /** Whether the type has the enterprise extension's manager. */
  readonly hasManager: boolean;
  /** The attribute that resources are matched by. */
  readonly joining: string;
}

const CORE = {
  User: "urn:ietf:params:scim:schemas:core:2.0:User",
  Group: "urn:ietf:params:scim:schemas:core:2.0:Group",
};
const ENDPOINTS = { User: "/Users", Group: "/Groups" };
const MANAGER = `${ENTERPRISE_USER}:manager`;

/** The attributes that Microsoft's validator writes if it is told nothing about the endpoint. */
const DEFAULT_PATHS: Readonly<Record<TypeName, readonly string[]>> = {
  User: [
    "userName",
    "externalId",
    "displayName",
    "active",
    "title",
    "nickName",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
    "profileUrl",
    ...["givenName", "familyName", "formatted"].map((sub) => `name.${sub}`),
    'emails[type eq "work"].value',
    'emails[type eq "work"].primary',
    ...["work", "mobile", "fax"].map((type) => `phoneNumbers[type eq "${type}"].value`),
    ...["formatted", "streetAddress", "locality", "region", "postalCode", "country"].map(
      (sub) => `addresses[type eq "work"].${sub}`,
    ),
    ...["value", "display", "type"].map((sub) => `roles[primary eq "True"].${sub}`),
    ...["employeeNumber", "costCenter", "organization", "division", "department"].map(
      (name) => `${ENTERPRISE_USER}:${name}`,
    ),
    MANAGER,
  ],
  Group: ["displayName", "externalId"],
};

const BOOLEAN = /(^active|\.primary)$/;

/** A plan of attributes that are known by their paths only: the defaults, or those that a job in Entra writes. */
export function planOfPaths(type: TypeName, joining: string, paths: readonly string[] = DEFAULT_PATHS[type]): Plan {
  const targets = paths
    .filter((path) => !path.startsWith(MANAGER) && path !== "manager" && path !== "members")
    .map(
      (path): Target => ({
        path,
        kind: BOOLEAN.test(path) ? "boolean" : "text",
        isRequired: path === joining || path === NAME[type],
        isChangeable: true,
      }),
    );
  const hasManager = paths.some((path) => path.startsWith(MANAGER) || path === "manager");
  return { type, endpoint: ENDPOINTS[type], schema: CORE[type], targets, hasManager, joining };
}

/** The attribute that names a resource of a type. */
export const NAME: Readonly<Record<TypeName, string>> = { User: "userName", Group: "displayName" };

/** What `/Schemas` says of an attribute: of a foreign endpoint, so nothing is certain. */
interface Published {
  readonly name?: string;
  readonly type?: string;
  readonly multiValued?: boolean;
  readonly required?: boolean;
  readonly mutability?: string;
  readonly returned?: string;
  readonly canonicalValues?: readonly string[];
  /** Of a reference, what it leads to: `external` and `uri`, or resource types. */
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly Published[];
}

const isWritable = ({ mutability = "readWrite", returned = "default" }: Published) =>
  (mutability === "readWrite" || mutability === "immutable") && returned !== "never" && returned !== "request";
const UNTOUCHED = ["id", "schemas", "meta", "members", "groups", "manager", "password", "photos", "x509Certificates"];
const KINDS: Readonly<Record<string, Target["kind"]>> = {
  string: "text",
  reference: "url",
  boolean: "boolean",
  integer: "number",
  decimal: "number",
  dateTime: "dateTime",
};

/** A plan of what an endpoint publishes: the attributes of the type's schemas that can be written and read. */
export function planOfSchemas(
  type: TypeName,
  joining: string,
  { endpoint, schemas }: { readonly endpoint: string; readonly schemas: readonly Resource[] },
): Plan {
  const [core] = schemas;
  const targets = schemas.flatMap((schema) =>
    attributesOf(schema.attributes).flatMap((each) => targetsOf(each, schema === core ? "" : `${schema.id}:`)),
  );
  const known = new Set(targets.map(({ path }) => path));
  // Common attributes are seldom listed in a type's own schema.
  const common = ["externalId"].filter((path) => !known.has(path));
  const hasManager = schemas.some((schema) => attributesOf(schema.attributes).some(({ name }) => name === "manager"));
  return {
    type,
    endpoint,
    schema: typeof core?.id === "string" ? core.id : CORE[type],
    targets: [
      ...targets,
      ...common.map((path): Target => ({ path, kind: "text", isRequired: false, isChangeable: true })),
    ],
    hasManager,
    joining,
  };
}

/** The attributes of a schema, or the sub-attributes of one, as far as they can be understood. */
function attributesOf(value: unknown): Published[] {
  return (Array.isArray(value) ? value : []).filter(isObject).map((each) => ({
    ...each,
    name: typeof each.name === "string" ? each.name : "",
    canonicalValues: Array.isArray(each.canonicalValues) ? each.canonicalValues.map(String) : [],
    referenceTypes: Array.isArray(each.referenceTypes) ? each.referenceTypes.map(String) : [],
    subAttributes: attributesOf(each.subAttributes),
  }));
}

function targetsOf(attribute: Published, prefix: string): Target[] {
  const { name = "", subAttributes = [], multiValued = false } = attribute;
  if (name === "" || UNTOUCHED.includes(name) || !isWritable(attribute)) return [];
  if (attribute.type !== "complex") {
    const target = multiValued ? undefined : targetOf(attribute, prefix + name, attribute.required === true);
    return target ? [target] : [];
  }
  if (!multiValued)
    return subAttributes.flatMap((sub) => {
      const isRequired = attribute.required === true && sub.required === true;
      return targetOf(sub, `${prefix}${name}.${sub.name}`, isRequired, attribute) ?? [];
    });
  return elementsOf(attribute, prefix);
}

/** The paths into a list: an element for each `type` that is published, or else the one that is primary. */
function elementsOf(attribute: Published, prefix: string): Target[] {
  const { name = "", subAttributes = [] } = attribute;
  const types = subAttributes.find((sub) => sub.name === "type")?.canonicalValues ?? [];
  const hasPrimary = subAttributes.some((sub) => sub.name === "primary" && isWritable(sub));
  const selectors =
    types.length > 0 ? types.map((type) => `type eq "${type}"`) : hasPrimary ? [`primary eq "True"`] : [];
  const isByType = types.length > 0;
  return selectors.flatMap((selector, index) =>
    subAttributes.flatMap((sub) => {
      const isPlain = !["type", "primary", "$ref", "display"].includes(sub.name ?? "");
      const isOfRole = !isByType && (sub.name === "type" || sub.name === "display");
      const isPrimary = isByType && sub.name === "primary" && index === 0;
      const path = `${prefix}${name}[${selector}].${sub.name}`;
      return isPlain || isOfRole || isPrimary ? (targetOf(sub, path, false, attribute) ?? []) : [];
    }),
  );
}

function targetOf(attribute: Published, path: string, isRequired: boolean, parent?: Published): Target | undefined {
  const kind = KINDS[attribute.type ?? "string"];
  if (!kind || !isWritable(attribute) || !isPath(path) || (kind === "url" && !isAddress(attribute))) return undefined;
  const { canonicalValues: choices = [] } = attribute;
  const isChangeable = attribute.mutability !== "immutable" && parent?.mutability !== "immutable";
  return { path, kind, ...(choices.length > 0 && { choices }), isRequired, isChangeable };
}

/** Whether a reference takes any address: one that leads to resources takes only those that are there. */
const isAddress = ({ referenceTypes = [] }: Published): boolean =>
  referenceTypes.length === 0 || referenceTypes.some((each) => /^(external|uri)$/i.test(each));

function isPath(path: string): boolean {
  try {
    return parsePath(path) !== undefined;
  } catch {
    return false;
  }
}

/** The paths that a provisioning job writes, of an export of its schema from Entra (Graph's synchronizationSchema). Throws an `Error`. */
export function pathsInExport(json: unknown): Readonly<Record<TypeName, readonly string[]>> {
  const rules = isObject(json) && Array.isArray(json.synchronizationRules) ? json.synchronizationRules : [];
  const mappings = (rules as Resource[]).flatMap((rule) => (rule.objectMappings ?? []) as Resource[]);
  const pathsOf = (type: TypeName) =>
    mappings
      // Jobs call users by the enterprise extension's URN, groups by the core schema's.
      .filter(({ targetObjectName: name }) => name === type || String(name).endsWith(`:${type}`))
      .flatMap((mapping) => (mapping.attributeMappings ?? []) as Resource[])
      .map(({ targetAttributeName }) => targetAttributeName)
      .filter((name): name is string => typeof name === "string" && isPath(name) && name !== "id");
  const found = { User: [...new Set(pathsOf("User"))], Group: [...new Set(pathsOf("Group"))] };
  if (found.User.length === 0)
    throw new Error(
      "It maps no attribute to a User: it is not the schema of a provisioning job, with synchronizationRules.",
    );
  return found;
}

/** A random value for an attribute: e-mail-shaped for names and addresses, a URL for references, else letters, or one of the values that are published. */
export function sample({ path, kind, choices }: Target): unknown {
  // Of a truth value that nobody here knows, true may mean locked, or administrator.
  if (kind === "boolean") return BOOLEAN.test(path);
  if (kind === "number") return Math.floor(Math.random() * 1000);
  if (kind === "dateTime") return new Date().toISOString();
  if (path === "userName" || /^emails.*\.value$/.test(path)) return randomEmail();
  if (choices) return randomChoice(choices);
  return kind === "url" ? `https://example.com/${randomLetters()}` : randomLetters();
}
