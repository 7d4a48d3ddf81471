import { z } from "zod";
import { httpSettings } from "../../src/http/settings.ts";

const kind = z.strictObject({
  endpoint: z
    .string()
    .regex(/^\/[\w./-]+$/, "an endpoint is a path such as /Users")
    .describe("Endpoint, such as /Users."),
  schema: z.string().optional().describe("URN of the schema. Default for /Users and /Groups: the RFC's."),
  caseExact: z
    .array(z.string())
    .default(["id", "externalId", "meta.version", "password"])
    .describe("Attributes that the server compares case-sensitively."),
});

/** Settings of the connector. */
export const config = z.strictObject({
  ...httpSettings,
  version: z.enum(["2.0", "1.1"]).default("2.0").describe("SCIM version of the server."),
  patch: z
    .boolean()
    .optional()
    .describe(
      "Whether the server supports PATCH. If not, resources are read, changed and sent back. Default: true for 2.0, false for 1.1.",
    ),
  filter: z
    .strictObject({
      operators: z
        .array(z.enum(["eq", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"]))
        .default(["eq", "co", "sw", "ew", "pr"])
        .describe("Filter operators that the server supports."),
      logic: z
        .array(z.enum(["and", "or", "not"]))
        .default(["and", "or", "not"])
        .describe("Logical operators that the server supports. 1.1 has no not."),
    })
    .prefault({})
    .describe("Filters that the server supports. Everything else is filtered by Postern."),
  projection: z.boolean().default(true).describe("Whether the server honours the attributes parameter."),
  pageSize: z.int().min(1).max(10_000).default(100).describe("Maximum page size of the server."),
  kinds: z.record(z.string(), kind).describe("The kinds of resources, under names that mappings use."),
});
/** The connector's settings with defaults. */
export type Settings = z.output<typeof config>;
/** A version of SCIM. */
export type Version = Settings["version"];

/** The URNs of the schemas in RFC 7643 and SCIM 1.1. */
export const URNS = {
  "2.0": {
    core: "urn:ietf:params:scim:schemas:core:2.0:",
    enterprise: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
  },
  "1.1": { core: "urn:scim:schemas:core:1.0", enterprise: "urn:scim:schemas:extension:enterprise:1.0" },
} as const;
