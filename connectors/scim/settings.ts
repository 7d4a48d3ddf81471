import { z } from "zod";
import { httpSettings } from "../../src/http/settings.ts";

const kind = z.strictObject({
  endpoint: z
    .string()
    .regex(/^\/[\w./-]+$/, "an endpoint is a path such as /Users")
    .describe("The endpoint, such as /Users."),
  schema: z.string().optional().describe("The URN of its schema; of /Users and /Groups the RFC's by itself."),
  caseExact: z
    .array(z.string())
    .default(["id", "externalId", "meta.version", "password"])
    .describe("Attributes that the server compares with regard to case."),
});

/** Settings of the connector. */
export const config = z.strictObject({
  ...httpSettings,
  version: z.enum(["2.0", "1.1"]).default("2.0").describe("The version of SCIM that the server speaks."),
  patch: z
    .boolean()
    .optional()
    .describe(
      "Whether it has PATCH; else a resource is read, changed and put back. By default version 2.0 has it and 1.1 has not.",
    ),
  filter: z
    .strictObject({
      operators: z
        .array(z.enum(["eq", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"]))
        .default(["eq", "co", "sw", "ew", "pr"])
        .describe("The operators that the server answers."),
      logic: z
        .array(z.enum(["and", "or", "not"]))
        .default(["and", "or", "not"])
        .describe("How filters are put together; 1.1 has no not."),
    })
    .prefault({})
    .describe("What filters the server answers; the rest is filtered behind it."),
  projection: z
    .boolean()
    .default(true)
    .describe("Whether the server gives the asked attributes alone where it is asked to."),
  pageSize: z.int().min(1).max(10_000).default(100).describe("The most resources that it gives in a page."),
  kinds: z.record(z.string(), kind).describe("The kinds of resources, by names of your own."),
});
/** The connector's settings, with the defaults. */
export type Settings = z.output<typeof config>;
/** A version of SCIM. */
export type Version = Settings["version"];

/** The URNs of the RFC's own schemas, and of SCIM 1.1's. */
export const URNS = {
  "2.0": {
    core: "urn:ietf:params:scim:schemas:core:2.0:",
    enterprise: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
  },
  "1.1": { core: "urn:scim:schemas:core:1.0", enterprise: "urn:scim:schemas:extension:enterprise:1.0" },
} as const;
