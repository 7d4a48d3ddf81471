import { z } from "zod";
import { httpSettings, isConfidential } from "../http/settings.ts";

const address = (fallback: string) =>
  z
    .url({ protocol: /^https?$/ })
    .refine(isConfidential, "this URL receives secrets: it must be https")
    .transform((url) => url.replace(/\/+$/, ""))
    .prefault(fallback);

const pem = (what: string) =>
  z.string().min(1).describe(`${what}, PEM file. It is read again whenever a token is requested.`);

const credentialConfig = z
  .strictObject({
    secret: z
      .string()
      .meta({ secret: true })
      .min(1)
      .optional()
      .describe("Client secret: its value, not its ID. Preferably ${env:NAME} or ${file:PATH}."),
    certificate: pem("Certificate of the app registration, from Certificates & secrets").optional(),
    key: pem("Private key of the certificate, RSA").optional(),
    federatedToken: z
      .string()
      .min(1)
      .optional()
      .describe(
        "File with another issuer's token that the app registration trusts as a federated credential, such as a Kubernetes service account's. It is read again whenever a token is requested.",
      ),
    managedIdentity: z
      .union([z.literal(true), z.guid()])
      .optional()
      .describe(
        "Managed identity of the machine that Postern runs on: true for the system-assigned one, or the Client ID of a user-assigned one.",
      ),
  })
  .superRefine(({ secret, certificate, key, federatedToken, managedIdentity }, context) => {
    const ways = [secret, certificate ?? key, federatedToken, managedIdentity].filter((each) => each !== undefined);
    const fail = (message: string) => context.addIssue({ code: "custom", message });
    if (ways.length !== 1)
      fail("set exactly one of: `secret`, `certificate` with `key`, `federatedToken`, `managedIdentity`");
    else if ((certificate === undefined) !== (key === undefined)) fail("`certificate` and `key` must be set together");
  })
  .describe(
    "How Postern authenticates to Entra. Exactly one kind; a certificate or an identity is better than a secret.",
  );

/** Settings of Entra ID as the target of a sync: one API-driven provisioning app. */
export const entraConfig = z
  .strictObject({
    tenant: z.guid().describe("Tenant ID (Directory ID)."),
    client: z
      .guid()
      .optional()
      .describe(
        "Application (client) ID of the app registration that Postern signs in as. Not needed with `managedIdentity`.",
      ),
    servicePrincipal: z
      .guid()
      .describe(
        "Object ID of the provisioning app, from Enterprise applications > the app > Overview. Not the Object ID of an app registration.",
      ),
    job: z
      .string()
      .regex(
        /^[A-Za-z0-9._-]{1,200}$/,
        "a job's ID is letters, digits, dots and dashes, such as API2AAD.<tenant>.<guid>",
      )
      .describe(
        "Job ID, from the app's Provisioning > Overview > View technical information, such as API2AAD.<tenant>.<guid>.",
      ),
    credential: credentialConfig,
    graph: address("https://graph.microsoft.com").describe("URL of Microsoft Graph. National clouds have others."),
    login: address("https://login.microsoftonline.com").describe(
      "URL that issues tokens. National clouds have others.",
    ),
    requestsPerDay: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(2000)
      .describe(
        "Maximum upload requests in any 24 hours, over all syncs into the tenant. Entra allows 2000 with P1 or P2, and 6000 with ID Governance; each request carries up to 50 people.",
      ),
    timeout: z.number().min(1).max(120).default(30).describe("Time limit of a request, in seconds."),
    tls: httpSettings.tls,
    proxy: httpSettings.proxy,
  })
  .superRefine(({ tenant, client, job, credential }, context) => {
    const fail = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (client === undefined && credential.managedIdentity === undefined)
      fail("client", "this credential needs `client`, the Application (client) ID of the app registration");
    const [, owner] = /^API2[A-Z]+\.([0-9a-f]{32})\./i.exec(job) ?? [];
    if (owner !== undefined && owner.toLowerCase() !== tenant.replaceAll("-", "").toLowerCase())
      fail("job", "the job belongs to another tenant: its second part is not the ID in `tenant`, without dashes");
  });

/** Settings of Entra ID as a sync's target, with defaults. */
export type EntraSettings = z.output<typeof entraConfig>;
