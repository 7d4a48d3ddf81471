import { z } from "zod";
import { nearest } from "../connector/kit/text.ts";
import { type Attribute, commonAttributes, findAttribute, type ResourceType, type Schema } from "../scim/schema.ts";
import type { Problem } from "./problem.ts";

const types = ["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"] as const;

const characteristics = {
  name: z
    .string()
    .regex(/^[A-Za-z$][\w$-]*$/, "must start with a letter and contain only letters, digits, - and _")
    .describe("Name of the attribute."),
  type: z.enum(types).default("string").describe("Type of its values."),
  multiValued: z.boolean().default(false).describe("Whether it is a list."),
  description: z.string().default("").describe("Description for people."),
  required: z.boolean().default(false).describe("Whether a resource must have it."),
  caseExact: z
    .boolean()
    .optional()
    .describe("Whether comparisons are case-sensitive. Default: only for references and binary values."),
  canonicalValues: z.array(z.string()).optional().describe("Suggested values; others are accepted too."),
  mutability: z
    .enum(["readOnly", "readWrite", "immutable", "writeOnly"])
    .default("readWrite")
    .describe("Who may write it. An immutable attribute is written once."),
  returned: z
    .enum(["always", "never", "default", "request"])
    .default("default")
    .describe("When it is returned. request means only if `attributes` names it."),
  uniqueness: z
    .enum(["none", "server", "global"])
    .default("none")
    .describe("Whether two resources may have the same value. The backend enforces it."),
  referenceTypes: z
    .array(z.string())
    .optional()
    .describe("What a reference may point to: resource types, uri, external."),
};

const attribute = z.strictObject({
  ...characteristics,
  subAttributes: z.array(z.strictObject(characteristics)).optional().describe("Sub-attributes of a complex attribute."),
});

const urn = z.string().regex(/^urn:[A-Za-z0-9][A-Za-z0-9-]*:\S+$/, "must be a URN, such as urn:example:2.0:Device");

/** A file with your own resource types and schemas. */
export const typesFormat = z
  .strictObject({
    schemas: z
      .array(
        z.strictObject({
          id: urn.describe("URN of the schema."),
          name: z.string().describe("Name for people."),
          description: z.string().default("").describe("Description for people."),
          attributes: z.array(attribute).min(1).describe("Attributes, with the characteristics of RFC 7643 §7."),
        }),
      )
      .default([])
      .describe("Schemas of resource types or extensions."),
    resourceTypes: z
      .array(
        z.strictObject({
          name: z
            .string()
            .regex(/^[A-Za-z]\w*$/)
            .describe("Name of the type. User and Group exist already and can be extended."),
          endpoint: z
            .string()
            .regex(/^\/[A-Za-z][\w-]*$/, "must be a path with one segment, such as /Devices")
            .optional()
            .describe("Endpoint of its resources."),
          description: z.string().default("").describe("Description for people."),
          schema: urn.optional().describe("URN of its schema."),
          extensions: z
            .array(
              z.strictObject({
                schema: urn.describe("URN of the extension."),
                required: z.boolean().default(false).describe("Whether every resource must have the extension."),
              }),
            )
            .default([])
            .describe("Extensions of the type."),
        }),
      )
      .min(1)
      .describe("Resource types."),
  })
  .meta({ title: "Postern resource types" });

/** A validated file of resource types, before they are defined. */
export type TypesSource = z.output<typeof typesFormat>;

const reserved = ["/serviceproviderconfig", "/resourcetypes", "/schemas", "/bulk", "/me"];

/** Defines the resource types of a file, in addition to existing ones. Returns all mistakes together. */
export function defineTypes(
  source: TypesSource,
  known: readonly ResourceType[],
): { types: readonly ResourceType[]; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const schemas = new Map<string, Schema>();
  for (const type of known)
    for (const each of [type.schema, ...type.extensions]) schemas.set(each.id.toLowerCase(), each);
  source.schemas.forEach((schema, index) => {
    const at = ["schemas", index];
    if (schemas.has(schema.id.toLowerCase()))
      problems.push({ path: [...at, "id"], message: `the schema "${schema.id}" already exists` });
    problems.push(...attributeProblems(schema.attributes, [...at, "attributes"]));
    schemas.set(schema.id.toLowerCase(), { ...schema, attributes: schema.attributes.map(attributeOf) });
  });
  const schemaAt = (id: string, path: Problem["path"]): Schema | undefined => {
    const schema = schemas.get(id.toLowerCase());
    const ids = [...schemas.values()].map((each) => each.id);
    if (!schema) problems.push({ path, message: `there is no schema "${id}"${nearest(id, ids)}` });
    return schema;
  };
  const result = new Map(known.map((type) => [type.name, type]));
  source.resourceTypes.forEach((type, index) => {
    const at = ["resourceTypes", index];
    const base = result.get(type.name);
    if (base && (type.schema !== undefined || type.endpoint !== undefined))
      problems.push({
        path: [...at, "name"],
        message: `${type.name} already exists: it can only be given extensions`,
      });
    if (!base && (type.schema === undefined || type.endpoint === undefined)) {
      problems.push({ path: [...at, "name"], message: `${type.name} needs an "endpoint" and a "schema"` });
      return;
    }
    const endpoint = base?.endpoint ?? type.endpoint!;
    const other = [...result.values()].find(
      (each) => each !== base && each.endpoint.toLowerCase() === endpoint.toLowerCase(),
    );
    if (other || reserved.includes(endpoint.toLowerCase()))
      problems.push({
        path: [...at, "endpoint"],
        message: `the endpoint "${endpoint}" is already used${other ? ` by ${other.name}` : ""}`,
      });
    const schema = base?.schema ?? schemaAt(type.schema!, [...at, "schema"]);
    const extensions = type.extensions.map((each, number) => ({
      schema: schemaAt(each.schema, [...at, "extensions", number, "schema"]),
      required: each.required,
    }));
    if (!schema) return;
    result.set(type.name, {
      name: type.name,
      endpoint,
      description: type.description || base?.description || type.name,
      schema,
      extensions: [...(base?.extensions ?? []), ...extensions.flatMap((each) => each.schema ?? [])],
      requiredExtensions: [
        ...(base?.requiredExtensions ?? []),
        ...extensions.flatMap((each) => (each.required && each.schema ? [each.schema.id] : [])),
      ],
    });
  });
  return { types: [...result.values()], problems };
}

type Given = TypesSource["schemas"][number]["attributes"][number];

/** An attribute with the defaults of RFC 7643 §2.2. */
function attributeOf({ subAttributes, caseExact, ...given }: Given): Attribute {
  const isText = given.type === "string" || given.type === "reference" || given.type === "binary";
  return {
    ...without(given),
    ...(isText && { caseExact: caseExact ?? given.type !== "string" }),
    ...(subAttributes && { subAttributes: subAttributes.map((each) => attributeOf(each)) }),
  } as Attribute;
}

const without = (given: object) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

function attributeProblems(attributes: readonly Given[], at: Problem["path"]): Problem[] {
  return attributes.flatMap((each, index): Problem[] => {
    const here = [...at, index];
    const twice = attributes.findIndex((other) => other.name.toLowerCase() === each.name.toLowerCase()) < index;
    const isComplex = each.type === "complex";
    return [
      ...(twice ? [{ path: [...here, "name"], message: `the attribute "${each.name}" is defined twice` }] : []),
      ...(findAttribute(commonAttributes, each.name)
        ? [{ path: [...here, "name"], message: `every resource already has an attribute "${each.name}"` }]
        : []),
      ...(isComplex === (each.subAttributes === undefined)
        ? [
            {
              path: here,
              message: isComplex
                ? 'a complex attribute needs "subAttributes"'
                : 'only a complex attribute can have "subAttributes"',
            },
          ]
        : []),
      ...(each.subAttributes
        ? each.subAttributes.flatMap((sub, number): Problem[] =>
            sub.type === "complex"
              ? [
                  {
                    path: [...here, "subAttributes", number, "type"],
                    message: "a sub-attribute cannot be complex (RFC 7643 §2.3.8)",
                  },
                ]
              : [],
          )
        : []),
    ];
  });
}
