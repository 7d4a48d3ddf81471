import { z } from "zod";

const codec = z
  .union([
    z
      .string()
      .describe(
        "A conversion by name: boolean, string, integer, time, or a type of the connector's own, such as guid.",
      ),
    z.strictObject({
      flag: z.int().min(1).describe("The bits of an integer that make the value true; its other bits are kept."),
      inverted: z.boolean().optional().describe("True where the bits mean false."),
    }),
    z.strictObject({
      presence: z.string().describe("What is written where the value is true; false takes the attribute away."),
      inverted: z.boolean().optional().describe("True where presence means false."),
    }),
    z.strictObject({
      equals: z
        .string()
        .min(1)
        .describe(
          "The one value that means true: it is written, or taken away; any other value means false, and is kept.",
        ),
      inverted: z.boolean().optional().describe("True where that value means false."),
    }),
    z.strictObject({
      prefix: z
        .string()
        .min(1)
        .describe("What each value of a list begins with in the backend; values without it are hidden, and kept."),
    }),
    z.strictObject({
      values: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
        .describe("SCIM value to backend value."),
    }),
  ])
  .describe("A reversible conversion between the backend's value and SCIM's.");

const attributeRow = z.strictObject({
  attr: z.string().min(1).optional().describe("The attribute of the backend."),
  as: codec.optional(),
  ref: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe("The resource type, or types, that the value refers to: ids in SCIM, DNs or foreign keys behind."),
  by: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The attribute of what is referred to that the value holds, such as uid for memberUid; without it DNs or foreign keys.",
    ),
  outside: z
    .enum(["hide", "show"])
    .optional()
    .describe(
      "What refers to none of the types, or to an entry out of their reach: hidden, or shown by its key where the backend tells it.",
    ),
  missing: z
    .enum(["reject", "ignore"])
    .optional()
    .describe(
      "What a reference to nothing does in a write; by default it is refused in lists and ignored in single ones.",
    ),
  unique: z
    .boolean()
    .optional()
    .describe(
      "Refuses a value that another entry has, by looking for it before a write where no index of the backend does; userName is unique by its schema.",
    ),
  many: z.boolean().optional().describe("Each value of the attribute is an element of its own."),
  primary: z.boolean().optional().describe("Marks the element as the primary one."),
  readOnly: z.boolean().optional().describe("Read from the backend, never written."),
  writeOnly: z.boolean().optional().describe("Written, never read."),
  read: z.string().optional().describe("JSONata over the entry, for a value that no attribute holds as it is."),
  write: z
    .record(z.string(), z.string())
    .optional()
    .describe("For each attribute of the entry, JSONata over the resource."),
  search: z
    .record(z.string(), z.string())
    .optional()
    .describe("For a path, the attribute that a filter on it may ask."),
});

/** A mapping file: a table of SCIM paths and what they are in the backend. */
export const mappingFormat = z
  .strictObject({
    resource: z.string().describe("The resource type, such as User or Group."),
    types: z
      .string()
      .meta({ completes: "types" })
      .optional()
      .describe(
        "A file of resource types and schemas of your own, or the name of a shipped one, such as postern:ad/ad.types. A relative path starts at the mapping's folder.",
      ),
    kind: z.string().describe("The connector's kind of entries."),
    unmapped: z
      .enum(["ignore", "reject"])
      .default("ignore")
      .describe("What becomes of values that a client sends and no row takes: passed over and logged, or refused."),
    attributes: z
      .record(
        z.string(),
        z.union([z.string().min(1), attributeRow], {
          error: "this must be the name of an attribute, or a table such as { attr: mail, readOnly: true }",
        }),
      )
      .describe(
        "SCIM path to attribute, as Entra's attribute mapping page writes paths. `enterprise:` stands for the extension's URN.",
      ),
    read: z
      .string()
      .optional()
      .describe(
        'JSONata over the entry as a whole, an object that is written out, { "title": ... }: attributes that the table has no rows for. They are read only, unless `write` takes them.',
      ),
    write: z
      .record(z.string(), z.string())
      .default({})
      .describe(
        "Attributes of the entry that follow from the resource as a whole, where the table gives none: JSONata over it, and $entry, the entry as it is; written whenever the result changes.",
      ),
    create: z
      .record(z.string(), z.union([z.string(), z.array(z.string()).min(1)]))
      .default({})
      .describe(
        "Attributes of the entry set once, on POST, where the table gives none: JSONata over the resource. Of a list the first is taken whose value is free; one with $n is tried with 2, 3 and so on.",
      ),
  })
  .meta({ title: "Postern mapping" });

/** A mapping file that was checked, before it is compiled. */
export type MappingSource = z.output<typeof mappingFormat>;
/** An attribute of a mapping file. */
export type RowSource = z.output<typeof attributeRow>;
/** What a mapping file says of how a value is converted. */
export type CodecSource = z.output<typeof codec>;
