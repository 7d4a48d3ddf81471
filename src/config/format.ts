import { z } from "zod";
import { methodConfig } from "../auth/chain.ts";
import { secretConfig } from "../auth/secret.ts";
import { resilienceConfig } from "../connector/resilience.ts";
import { consoleConfig } from "../console/settings.ts";
import { journalConfig } from "../journal/settings.ts";
import { stateConfig } from "../state/state.ts";
import { syncConfig } from "../sync/definition.ts";
import type { Registry } from "./registry.ts";
import { routeProblem } from "./route-name.ts";

const endpoint = z.strictObject({
  connector: z.string().describe("Name of a connector under `connectors`."),
  mapping: z
    .string()
    .meta({ completes: "mapping" })
    .describe(
      "Mapping: the name of a shipped one, such as postern:openldap/user, or a file. Relative paths start at the configuration's folder.",
    ),
  patchResponse: z
    .enum(["resource", "none"])
    .optional()
    .describe("Response to PATCH: the resource (200) or nothing (204). Default: the resource, but nothing for groups."),
});

const tls = z.strictObject({
  cert: z.string().describe("Certificate chain, PEM. Reloaded when the file changes."),
  key: z.string().describe("Private key, PEM."),
  clientCa: z.string().optional().describe("CA of client certificates, PEM. Needed for auth of type certificate."),
});

const server = z
  .strictObject({
    host: z
      .string()
      .default("127.0.0.1")
      .describe(
        "Address to listen on; 0.0.0.0 for all. Any address beyond this machine requires tls, trustProxy or plainHttp. The environment variable POSTERN_HOST sets another default: 0.0.0.0 in the container image.",
      ),
    port: z.int().min(0).max(65535).default(8880).describe("Port to listen on."),
    publicUrl: z.url().optional().describe("Address of the gateway as clients see it. Used in meta.location."),
    tls: tls.optional().describe("Serves HTTPS, with TLS 1.2 or 1.3."),
    trustProxy: z
      .array(z.string())
      .default([])
      .describe(
        "Proxies whose X-Forwarded-For, -Proto and -Host headers are trusted, as networks: [10.0.0.0/8]. Sign-in to the console trusts their X-Forwarded-For, too.",
      ),
    plainHttp: z
      .boolean()
      .default(false)
      .describe("Listens beyond this machine without TLS or a trusted proxy. Tokens then travel in the clear."),
    shutdownDelay: z
      .number()
      .min(0)
      .max(300)
      .default(0)
      .describe(
        "Seconds to keep serving after SIGTERM, while /readyz returns 503 and responses close their connections. Set it to the time your load balancer needs to notice. With 0 the gateway stops as soon as running requests have ended.",
      ),
    networks: z
      .strictObject({
        allow: z
          .array(z.string())
          .default([])
          .describe("Networks or single addresses, such as 192.0.2.0/24 or 2001:db8::/32."),
        serviceTags: z
          .strictObject({
            file: z.string().describe("Microsoft's service tags file, ServiceTags_Public_....json, as published."),
            tags: z
              .array(z.string())
              .default(["AzureActiveDirectory"])
              .describe("Service tags whose networks may connect."),
          })
          .optional()
          .describe("Networks published by Microsoft."),
      })
      .optional()
      .describe("Networks that may connect. Default: any."),
  })
  .prefault({})
  .describe("Where the gateway listens, and who may connect.");

const sharedLimits = z
  .strictObject({
    url: z
      .string()
      .regex(
        /^rediss?:\/\/([^@/:]+@)?[^@/]+(\/\d+)?$/,
        "a Redis address is redis://HOST:PORT, or rediss:// for TLS, with an optional USER@ before the host and /DATABASE after the port; set the password in `password`",
      )
      .refine((url) => URL.canParse(url), "the port of this address is not valid")
      .describe(
        "Valkey or Redis server: redis://HOST:PORT, or rediss://HOST:PORT for TLS. Append /DATABASE for a database other than 0.",
      ),
    password: z
      .string()
      .min(1)
      .meta({ secret: true })
      .optional()
      .describe("Password, preferably as ${env:NAME} or ${file:PATH}."),
    ca: z.string().optional().describe("CA of the server's certificate, PEM. Default: the system's CAs."),
  })
  .describe(
    "Counts requests per second (`rate`) and failed authentications across all gateways that use the same server. While the server is unavailable, each gateway counts for itself, as it does without this setting.",
  );

const guard = z.strictObject({
  deletes: z.int().min(0).optional().describe("Maximum deletions per hour."),
  disables: z.int().min(0).optional().describe("Maximum users disabled per hour."),
  percent: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe("Maximum of both together per hour, as a percentage of the type's resources."),
});

const safety = z.strictObject({
  readOnly: z.boolean().optional().describe("Rejects writes with 503, so that clients retry them later."),
  dryRun: z.boolean().optional().describe("Logs each write and responds as if it had been made, but writes nothing."),
  guard: guard
    .optional()
    .describe(
      "Stops deletions and disables above these limits until an operator releases them, or until the hour's limit has room again. Counts survive restarts; see `state`.",
    ),
  protect: z
    .record(
      z.string(),
      z.strictObject({
        entries: z
          .string()
          .optional()
          .describe(
            'A SCIM filter, such as userName sw "svc-". Matching entries and their memberships are never changed. The filter applies to the current resource, whatever the client requested.',
          ),
        attributes: z.array(z.string()).default([]).describe("Backend attributes that are never written."),
      }),
    )
    .default({})
    .describe("What must never be changed, by resource type."),
});

/** The default sink type. */
export const DEFAULT_SINK = "file";

function sinkOptions(sinks: Registry["sinks"]) {
  const options = sinks.map(({ type, summary, config }) => {
    const named = z.literal(type).describe(summary);
    return (config as z.ZodObject).extend({
      type: type === DEFAULT_SINK ? named.optional() : named,
      values: z
        .boolean()
        .default(false)
        .describe("Also records values before and after each change. Secrets are never recorded."),
    });
  });
  return options as unknown as [SinkOption, ...SinkOption[]];
}
/** Settings that all connectors share. Each connector adds its own. */
type ConnectorOption = z.ZodObject<
  {
    type: z.ZodLiteral<string>;
    resilience: typeof resilienceConfig;
    kinds: z.ZodRecord<z.ZodString, z.ZodUnknown>;
  },
  z.core.$loose
>;

/** Settings that all sinks share. Each sink adds its own. */
type SinkOption = z.ZodObject<
  { type: z.ZodOptional<z.ZodLiteral<string>>; values: z.ZodDefault<z.ZodBoolean> },
  z.core.$loose
>;

/**
 * The configuration's schema for the given connectors and sinks. Validation, the JSON Schema and the reference pages are derived from it.
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
        .min(1, "configure at least one authentication method")
        .describe("How clients authenticate."),
      connectors: z
        .record(z.string(), z.discriminatedUnion("type", options as unknown as [ConnectorOption, ...ConnectorOption[]]))
        .describe("The backends, under names that you choose."),
      routes: z
        .record(
          z.string().regex(/^(\/[A-Za-z0-9._~-]+)+$/, { error: ({ input }) => routeProblem(String(input)) }),
          z
            .object({
              strict: z
                .boolean()
                .optional()
                .describe(
                  "Enforces RFC details that are otherwise tolerated: `schemas` in each body, at least one operation in each PATCH, no empty filter.",
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
        .describe("Base paths, each with the resource types that it serves."),
      limits: z
        .strictObject({
          pageSize: z.int().min(1).max(10_000).default(100).describe("Maximum resources per page."),
          scan: z
            .int()
            .min(1)
            .max(1_000_000)
            .default(5000)
            .describe("Maximum entries read for a filter that the backend can evaluate only in part."),
          bulkOperations: z.int().min(1).max(10_000).default(1000).describe("Maximum operations per bulk request."),
          inFlight: z
            .int()
            .min(1)
            .max(100_000)
            .default(256)
            .describe(
              "Maximum requests in flight; more are rejected with 503. When several callers are active, each gets at most half.",
            ),
          seconds: z
            .number()
            .min(1)
            .max(60)
            .default(4.5)
            .describe(
              "Time limit for an operation, in seconds, including all calls to the backend; then it fails with 503. Microsoft doesn't publish Entra's own limit; provisioning on demand has 30 seconds for all of its steps.",
            ),
          body: z.int().min(1024).default(1_048_576).describe("Maximum size of a request body, in bytes."),
          shared: sharedLimits.optional(),
        })
        .prefault({})
        .describe("Limits on what a request may cost."),
      safety: z.record(z.string(), safety).default({}).describe("Protection of the backend, by route."),
      syncs: z
        .record(
          z.string().regex(/^[\w.-]{1,60}$/, "the name of a sync consists of letters, digits, - . and _"),
          syncConfig,
        )
        .default({})
        .describe("Scheduled syncs, which copy people from one route to another. See docs/reference/syncs.md."),
      audit: z
        .discriminatedUnion("type", sinkOptions(sinks))
        .optional()
        .describe("Audit log: a record before each write, its outcome, and each refusal."),
      operations: z
        .strictObject({
          host: z
            .string()
            .default("127.0.0.1")
            .describe("Address to listen on. Only administrators should be able to reach it."),
          port: z.int().min(0).max(65535).default(9464).describe("Port to listen on."),
          hosts: z
            .array(z.string())
            .default([])
            .describe("Host names that requests may use, besides IP addresses and localhost."),
          tokens: z
            .array(z.strictObject({ name: z.string().min(1).describe("Name of the operator."), token: secretConfig }))
            .min(1)
            .optional()
            .describe(
              "Bearer tokens of operators. If set, all other requests are refused. Required for the guard and syncs if the address can be reached from other machines. The console has its own sign-in.",
            ),
          metrics: z
            .enum(["open", "token"])
            .optional()
            .describe("Whether /metrics needs one of the tokens. Default: token if there are tokens, otherwise open."),
          tls: tls.omit({ clientCa: true }).optional().describe("Serves HTTPS, with TLS 1.2 or 1.3."),
        })
        .optional()
        .describe(
          "A separate address for operators: metrics, readiness by connector, change guard, syncs, and the console.",
        ),
      console: consoleConfig.optional(),
      state: stateConfig,
      journal: journalConfig.optional(),
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

/** A validated configuration, with defaults filled in. */
export type Config = z.output<ReturnType<typeof configFormat>>;
