import { z } from "zod";

const codec = z
  .union([
    z
      .string()
      .describe("Conversion by name: boolean, string, integer, time, or a type of the connector, such as guid."),
    z.strictObject({
      flag: z.int().min(1).describe("Bits of an integer that make the value true. Other bits are kept."),
      inverted: z.boolean().optional().describe("Inverts the meaning: set bits mean false."),
    }),
    z.strictObject({
      presence: z.string().describe("Value to write for true. For false the attribute is removed."),
      inverted: z.boolean().optional().describe("Inverts the meaning: presence means false."),
    }),
    z.strictObject({
      equals: z
        .string()
        .min(1)
        .describe("The one value that means true. It is added or removed; any other value means false and is kept."),
      inverted: z.boolean().optional().describe("Inverts the meaning: that value means false."),
    }),
    z.strictObject({
      prefix: z.string().min(1).describe("Prefix of each value in the backend. Values without it are hidden and kept."),
    }),
    z.strictObject({
      values: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
        .describe("SCIM value to backend value."),
    }),
  ])
  .describe("Reversible conversion between backend values and SCIM values.");

/** A row that is more than the name of an attribute. */
export const rowFormat = z.strictObject({
  attr: z.string().min(1).optional().describe("Attribute of the backend."),
  as: codec.optional(),
  ref: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe("Resource type or types that the value refers to: IDs in SCIM, DNs or foreign keys in the backend."),
  by: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Attribute of the referenced entry that the value contains, such as uid for memberUid. Default: its DN or foreign key.",
    ),
  outside: z
    .enum(["hide", "show"])
    .optional()
    .describe(
      "What happens to references to other types, or to entries out of reach: hide them, or show their key if the backend reveals it.",
    ),
  missing: z
    .enum(["reject", "ignore"])
    .optional()
    .describe(
      "What happens when a write refers to a resource that does not exist. Default: lists reject the request, single attributes ignore the value.",
    ),
  unique: z
    .boolean()
    .optional()
    .describe(
      "Refuses a value that another entry has. Unless an index of the backend enforces it, Postern searches before each write. userName is unique by its schema.",
    ),
  many: z.boolean().optional().describe("Each value of the attribute is an element of its own."),
  primary: z.boolean().optional().describe("Marks the element as the primary one."),
  readOnly: z.boolean().optional().describe("Read from the backend, never written."),
  writeOnly: z.boolean().optional().describe("Written, never read."),
  read: z.string().optional().describe("JSONata over the entry, for a value that no attribute holds directly."),
  write: z
    .record(z.string(), z.string())
    .optional()
    .describe("JSONata over the resource, for each attribute of the entry."),
  search: z
    .record(z.string(), z.string())
    .optional()
    .describe("For each path, the backend attribute that filters may use."),
});

/** A mapping file: a table of SCIM paths and backend attributes. */
export const mappingFormat = z
  .strictObject({
    resource: z.string().describe("Resource type, such as User or Group."),
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
      .describe(
        "What happens to values that a client sends but no row maps: ignore and log them, or reject the request.",
      ),
    attributes: z
      .record(
        z.string(),
        z.union([z.string().min(1), rowFormat], {
          error: "this must be the name of an attribute, or a table such as { attr: mail, readOnly: true }",
        }),
      )
      .describe(
        "SCIM path to attribute, in the notation of Entra's attribute mapping page. `enterprise:` stands for the extension's URN.",
      ),
    read: z
      .string()
      .optional()
      .describe(
        'JSONata over the whole entry, written as an object, { "title": ... }, for attributes without a row in the table. They are read-only unless `write` sets them.',
      ),
    write: z
      .record(z.string(), z.string())
      .default({})
      .describe(
        "Entry attributes computed from the whole resource, if the table does not set them: JSONata over the resource, with the current entry as $entry. Written whenever the result changes.",
      ),
    create: z
      .record(z.string(), z.union([z.string(), z.array(z.string()).min(1)]))
      .default({})
      .describe(
        "Entry attributes set once, on POST, if the table does not set them: JSONata over the resource. Of a list, the first value that is free is used; an expression with $n is tried with 2, 3 and so on.",
      ),
  })
  .meta({ title: "Postern mapping" });

/** A validated mapping file, before compilation. */
export type MappingSource = z.output<typeof mappingFormat>;
/** An attribute of a mapping file. */
export type RowSource = z.output<typeof rowFormat>;
/** A mapping file's description of a conversion. */
export type CodecSource = z.output<typeof codec>;
