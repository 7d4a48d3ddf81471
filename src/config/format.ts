import { z } from "zod";
import { methodConfig } from "../auth/chain.ts";
import { secretConfig } from "../auth/secret.ts";
import { resilienceConfig } from "../connector/resilience.ts";
import { stateConfig } from "../state/state.ts";
import { syncConfig } from "../sync/definition.ts";
import type { Registry } from "./registry.ts";
import { routeProblem } from "./route-name.ts";

const endpoint = z.strictObject({
  connector: z.string().describe("The name of one of the connectors."),
  mapping: z
    .string()
    .meta({ completes: "mapping" })
    .describe(
      "The mapping: the name of a shipped one, such as postern:openldap/user, or a file. A relative path starts at the configuration's folder.",
    ),
  patchResponse: z
    .enum(["resource", "none"])
    .optional()
    .describe(
      "What a PATCH answers: the resource (200), or nothing (204). By default the resource, and for groups nothing.",
    ),
});

const tls = z.strictObject({
  cert: z.string().describe("The certificate with those that lead to its authority, PEM; read again when it changes."),
  key: z.string().describe("Its key, PEM."),
  clientCa: z.string().optional().describe("The authority, PEM, of client certificates, for auth of type certificate."),
});

const server = z
  .strictObject({
    host: z
      .string()
      .default("127.0.0.1")
      .describe(
        "The address to listen on; 0.0.0.0 for all, which wants tls, trustProxy or plainHttp. The environment variable POSTERN_HOST sets another default: 0.0.0.0 in the container image.",
      ),
    port: z.int().min(0).max(65535).default(8880).describe("The port to listen on."),
    publicUrl: z.url().optional().describe("The gateway's address as its clients see it, for meta.location."),
    tls: tls.optional().describe("Speaks HTTPS, TLS 1.2 or 1.3."),
    trustProxy: z
      .array(z.string())
      .default([])
      .describe("Proxies whose X-Forwarded-For, -Proto and -Host are believed, as networks: [10.0.0.0/8]."),
    plainHttp: z
      .boolean()
      .default(false)
      .describe(
        "Listens to others without TLS and without a proxy that is trusted: tokens are sent in the clear then.",
      ),
    shutdownDelay: z
      .number()
      .min(0)
      .max(300)
      .default(0)
      .describe(
        "Seconds after SIGTERM for which requests are still served, while /readyz is 503 and answers close their connections: as long as a load balancer takes to see that. 0 ends at once, once running requests have ended.",
      ),
    networks: z
      .strictObject({
        allow: z.array(z.string()).default([]).describe("Networks, 192.0.2.0/24 or 2001:db8::/32, or addresses."),
        serviceTags: z
          .strictObject({
            file: z
              .string()
              .describe("Microsoft's file of service tags, ServiceTags_Public_....json, as it is published."),
            tags: z.array(z.string()).default(["AzureActiveDirectory"]).describe("The tags whose networks may."),
          })
          .optional()
          .describe("Networks that Microsoft publishes."),
      })
      .optional()
      .describe("Where requests may come from; anywhere without it."),
  })
  .prefault({})
  .describe("Where the gateway listens, and to whom.");

const sharedLimits = z
  .strictObject({
    url: z
      .string()
      .regex(
        /^rediss?:\/\/([^@/:]+@)?[^@/]+(\/\d+)?$/,
        "the address is redis://HOST:PORT, with rediss for TLS, USER@ before the host and /DATABASE behind it where needed; the password is `password`",
      )
      .refine((url) => URL.canParse(url), "the address has no port that there is")
      .describe(
        "Valkey or Redis: redis://HOST:PORT, or rediss://HOST:PORT for TLS; /DATABASE behind it where it is not 0.",
      ),
    password: z.string().min(1).optional().describe("Its password, best ${env:NAME} or ${file:PATH}."),
    ca: z.string().optional().describe("The authority of its certificate, PEM; the system's without it."),
  })
  .describe(
    "Counts requests a second (`rate`) and wrong credentials over all gateways that name the same server. While it is away each gateway counts for itself, as it does without this setting.",
  );

const guard = z.strictObject({
  deletes: z.int().min(0).optional().describe("Maximum deletions per hour."),
  disables: z.int().min(0).optional().describe("Maximum users disabled per hour."),
  percent: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe("Maximum of both together per hour, in per cent of the resources of the type."),
});

const safety = z.strictObject({
  readOnly: z.boolean().optional().describe("Rejects writes with 503, so that clients retry them later."),
  dryRun: z.boolean().optional().describe("Logs what would be written, and answers as if it had been."),
  guard: guard
    .optional()
    .describe(
      "Stops deletions and disablements above these limits until an operator releases them. Counts survive restarts: see `state`.",
    ),
  protect: z
    .record(
      z.string(),
      z.strictObject({
        entries: z
          .string()
          .optional()
          .describe(
            'A SCIM filter: what it finds is not changed, nor its memberships, such as userName sw "svc-". It is evaluated on the resource as it is, whatever the client asked for.',
          ),
        attributes: z.array(z.string()).default([]).describe("Attributes of the backend that are never written."),
      }),
    )
    .default({})
    .describe("By resource type, what must never be touched."),
});

/** The type of sink that needs no name. */
export const DEFAULT_SINK = "file";

function sinkOptions(sinks: Registry["sinks"]) {
  const options = sinks.map(({ type, summary, config }) => {
    const named = z.literal(type).describe(summary);
    return (config as z.ZodObject).extend({
      type: type === DEFAULT_SINK ? named.optional() : named,
      values: z.boolean().default(false).describe("Records values, too, before and after; secrets never."),
    });
  });
  return options as unknown as [SinkOption, ...SinkOption[]];
}
/** The settings that every connector has; those that are its own it knows itself. */
type ConnectorOption = z.ZodObject<
  {
    type: z.ZodLiteral<string>;
    resilience: typeof resilienceConfig;
    kinds: z.ZodRecord<z.ZodString, z.ZodUnknown>;
  },
  z.core.$loose
>;

/** The settings of any sink; those that are its own it knows itself. */
type SinkOption = z.ZodObject<
  { type: z.ZodOptional<z.ZodLiteral<string>>; values: z.ZodDefault<z.ZodBoolean> },
  z.core.$loose
>;

/**
 * The schema of the configuration file, for the connectors and sinks that there are: what is checked, and what the JSON Schema
 * and the reference pages are made of.
 */
export function configFormat({ connectors, sinks }: Registry) {
  const options = connectors.map((each) =>
    (each.config as z.ZodObject).extend({
      type: z.literal(each.type).describe(each.summary),
      resilience: resilienceConfig,
    }),
  );
  return z
    .strictObject({
      server,
      auth: z
        .array(methodConfig)
        .min(1, "name at least one way to authenticate")
        .describe("How clients prove who they are."),
      connectors: z
        .record(z.string(), z.discriminatedUnion("type", options as unknown as [ConnectorOption, ...ConnectorOption[]]))
        .describe("The systems behind the gateway, by names of your own."),
      routes: z
        .record(
          z.string().regex(/^(\/[A-Za-z0-9._~-]+)+$/, { error: ({ input }) => routeProblem(String(input)) }),
          z
            .object({
              strict: z
                .boolean()
                .optional()
                .describe(
                  "Asks of clients what the RFCs say to the letter, where they are let off otherwise: `schemas` in each body, operations in each PATCH, no empty filter.",
                ),
              profile: z
                .enum(["entra", "interop"])
                .default("entra")
                .describe(
                  "Protocol profile. `entra` tolerates the dialects of Microsoft Entra ID and other common clients; `interop` enforces the SCIM 2.0 Interoperability Profile and rejects what it does not allow. See docs/reference/interop.md.",
                ),
            })
            .catchall(endpoint),
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
          inFlight: z
            .int()
            .min(1)
            .max(100_000)
            .default(256)
            .describe("Maximum requests in flight; more are 503. Of several callers each has at most half."),
          seconds: z
            .number()
            .min(1)
            .max(60)
            .default(4.5)
            .describe(
              "How long one operation may take, all that is asked of the system behind included; then it is 503. Entra's own patience is some thirty seconds.",
            ),
          body: z.int().min(1024).default(1_048_576).describe("The largest body of a request, in bytes."),
          shared: sharedLimits.optional(),
        })
        .prefault({})
        .describe("Bounds on what one request may cost."),
      safety: z
        .record(z.string(), safety)
        .default({})
        .describe("For routes, by their paths: what must not happen to the system behind."),
      syncs: z
        .record(z.string().regex(/^[\w.-]{1,60}$/, "a sync's name has letters, digits, - . and _"), syncConfig)
        .default({})
        .describe("What Postern does by itself: people flow from one route to another. See docs/reference/syncs.md."),
      audit: z
        .discriminatedUnion("type", sinkOptions(sinks))
        .optional()
        .describe("A record before each write, one of what became of it, and one of each refusal, and where they go."),
      operations: z
        .strictObject({
          host: z.string().default("127.0.0.1").describe("The address to listen on: administrators' alone."),
          port: z.int().min(0).max(65535).default(9464).describe("The port."),
          hosts: z
            .array(z.string())
            .default([])
            .describe("Names by which the address may be called, beside IP addresses and localhost."),
          tokens: z
            .array(z.strictObject({ name: z.string().min(1).describe("Who it is."), token: secretConfig }))
            .min(1)
            .optional()
            .describe(
              "Who may ask there, by bearer tokens; then nobody else. The guard needs them beyond this machine.",
            ),
        })
        .optional()
        .describe("A second address, for metrics, readiness by connector, and the release of the change guard."),
      state: stateConfig,
      log: z
        .strictObject({
          level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("Minimum log level."),
          format: z
            .enum(["json", "text"])
            .optional()
            .describe(
              "`json` writes one JSON object a line, for machines; `text` writes lines for people. Default: `text` on a terminal, `json` everywhere else.",
            ),
        })
        .prefault({})
        .describe("The log, on standard output."),
    })
    .meta({ title: "Postern configuration" });
}

/** A configuration that was checked, with its defaults. */
export type Config = z.output<ReturnType<typeof configFormat>>;
