import { z } from "zod";
import { bearerConfig } from "../auth/bearer.ts";
import type { ConnectorDefinition } from "../connector/connector.ts";

const endpoint = z.strictObject({
  connector: z.string().describe("The name of one of the connectors."),
  mapping: z.string().describe("The mapping file; a relative path starts at the configuration's folder."),
  patchResponse: z
    .enum(["resource", "none"])
    .optional()
    .describe(
      "What a PATCH answers: the resource (200), or nothing (204). By default the resource, and for groups nothing.",
    ),
});

/** The configuration file, with the settings of the connectors that there are. */
export function configFormat(connectors: readonly ConnectorDefinition[]) {
  const options = connectors.map((each) =>
    (each.config as z.ZodObject).extend({ type: z.literal(each.type).describe(each.summary) }),
  );
  return z
    .strictObject({
      server: z
        .strictObject({
          host: z.string().default("127.0.0.1").describe("The address to listen on; 0.0.0.0 for all."),
          port: z.int().min(0).max(65535).default(8880).describe("The port to listen on."),
          publicUrl: z.url().optional().describe("The gateway's address as its clients see it, for meta.location."),
        })
        .prefault({})
        .describe("Where the gateway listens."),
      auth: z
        .array(bearerConfig)
        .min(1, "name at least one way to authenticate")
        .describe("How clients prove who they are."),
      connectors: z
        .record(z.string(), z.discriminatedUnion("type", options as unknown as [z.ZodObject, ...z.ZodObject[]]))
        .describe("The systems behind the gateway, by names of your own."),
      routes: z
        .record(
          z.string().regex(/^(\/[A-Za-z0-9._~-]+)+$/, "a route is a path such as /scim/v2"),
          z.record(z.string(), endpoint),
        )
        .describe("Base paths, and for each the resource types that it serves."),
      limits: z
        .strictObject({
          pageSize: z.int().min(1).max(10_000).default(100).describe("The most resources in a page."),
          scan: z
            .int()
            .min(1)
            .max(1_000_000)
            .default(5000)
            .describe("The most entries that are read for a filter that the backend answers in part."),
          bulkOperations: z.int().min(1).max(10_000).default(1000).describe("The most operations of one bulk request."),
          body: z.int().min(1024).default(1_048_576).describe("The largest body of a request, in bytes."),
        })
        .prefault({})
        .describe("Bounds on what one request may cost."),
      log: z
        .strictObject({
          level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("The least level that is logged."),
        })
        .prefault({})
        .describe("The log, JSON lines on standard output."),
    })
    .meta({ title: "Postern configuration" });
}

export type Config = z.output<ReturnType<typeof configFormat>>;
