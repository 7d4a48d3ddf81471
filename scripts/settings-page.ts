import { z } from "zod";
import { connectors } from "../connectors/index.ts";
import { sinks } from "../sinks/index.ts";
import { configFormat } from "../src/config/format.ts";
import { resilienceConfig } from "../src/connector/resilience.ts";
import { anchorOf, type JsonSchema, sectionsOf, tableWithSections } from "./settings-tables.ts";

/** An example for each section of docs/reference/settings.md. The page's test checks them. */
const EXAMPLES: Readonly<Record<string, string>> = {
  server: `server:
  host: 0.0.0.0
  port: 8443
  publicUrl: https://scim.example.com
  tls: { cert: /etc/postern/tls.pem, key: /run/secrets/tls-key }
`,
  "auth: bearer": `auth:
  - type: bearer
    tokens:
      - { name: entra, token: "\${env:SCIM_TOKEN}" }
      - { name: reporting, token: "\${file:/run/secrets/reporting-token}", may: { actions: [read] } }
`,
  "auth: entra": `auth:
  - { type: entra, name: entra, tenant: 6d1a0b6e-0000-4000-8000-5d0a3e4f9c11 }
`,
  "auth: oidc": `auth:
  - { type: oidc, name: idp, issuer: https://idp.example.com, audience: postern }
`,
  "auth: clientCredentials": `auth:
  - type: clientCredentials
    key: "\${file:/run/secrets/signing-key}"
    clients:
      - { name: entra, id: entra, secrets: ["\${file:/run/secrets/entra-secret}"] }
`,
  "auth: basic": `auth:
  - type: basic
    users: [{ name: okta, password: "\${file:/run/secrets/okta-password}" }]
`,
  connectors: `connectors:
  directory:
    type: ldap
    url: ldaps://ldap.example.com
    bind: { dn: "cn=postern,ou=services,dc=example,dc=com", password: "\${env:LDAP_PASSWORD}" }
    resilience: { concurrency: 32 }
    kinds:
      user: { base: "ou=people,dc=example,dc=com", filter: (objectClass=inetOrgPerson), rdn: uid }
`,
  routes: `routes:
  /scim/v2:
    User: { connector: directory, mapping: mappings/openldap/user.yaml }
    Group: { connector: directory, mapping: mappings/openldap/group.yaml }
  /hr/v2:
    strict: true
    User: { connector: hr, mapping: mappings/hr/user.yaml }
`,
  limits: `limits: { pageSize: 200, inFlight: 128, seconds: 10 }
`,
  safety: `safety:
  /scim/v2:
    guard: { deletes: 20, disables: 50, percent: 5 }
    protect:
      User: { entries: userName sw "svc-", attributes: [description] }
`,
  syncs: `syncs:
  hr-to-ad:
    from: { route: /hr, key: externalId }
    to: { route: /ad }
    schedule: "*/15 * * * *"
    asOf: { zone: Europe/Oslo }
`,
  audit: `audit: { type: file, file: /var/log/postern/audit.log, values: true }
`,
  operations: `operations:
  port: 9464
  tokens: [{ name: oncall, token: "\${file:/run/secrets/admin-token}" }]
`,
  console: `operations: { host: 0.0.0.0, tls: { cert: /etc/postern/tls.pem, key: /run/secrets/tls-key } }
console:
  url: https://postern.example.com:9464
  signIn:
    oidc:
      issuer: https://login.microsoftonline.com/6d1a0b6e-0000-4000-8000-5d0a3e4f9c11/v2.0
      clientId: 3b9d2a70-0000-4000-8000-1c2d3e4f5a6b
      clientSecret: "\${file:/run/secrets/console-secret}"
      roles: { viewer: [Viewer], operator: [Operator] }
`,
  state: `state: { url: "postgres://postern@db.example.com/postern", password: "\${file:/run/secrets/db-password}" }
`,
  log: `log: { level: warn }
`,
};

const list = (folder: string, all: readonly { type: string; summary: string }[]) =>
  all.map(({ type, summary }) => `- [\`${type}\`](${folder}/${type}.md): ${summary}`).join("\n");

/** docs/reference/settings.md: all settings of the configuration file but those of connectors and sinks, which have a page each. */
export function settingsPage(): string {
  const { properties = {}, ...schema } = z.toJSONSchema(configFormat({ connectors, sinks }), {
    io: "input",
  }) as JsonSchema;
  const shared = z.strictObject({
    type: z.string().describe("One of the connectors listed below."),
    resilience: resilienceConfig,
  });
  const recorded = z.strictObject({
    type: z.string().default("file").describe("One of the sinks listed below."),
    values: z.boolean().default(false).describe("Records values, too, before and after; secrets never."),
  });
  const own: Record<string, JsonSchema> = {
    ...properties,
    connectors: {
      ...properties.connectors,
      additionalProperties: z.toJSONSchema(shared, { io: "input" }) as JsonSchema,
    },
    audit: {
      description: properties.audit?.description ?? "",
      ...ofObject(z.toJSONSchema(recorded, { io: "input" }) as JsonSchema),
    },
  };
  const overview = Object.entries(own).map(([name, { description = "" }]) => {
    const isRequired = schema.required?.includes(name);
    return `| [\`${name}\`](#${anchorOf(name)}) | ${isRequired ? "required" : ""} | ${firstSentence(description)} |`;
  });
  return `# The configuration file

Postern reads \`gateway.config.yaml\` in the current folder, or the file that \`--config\` names. Relative paths in it start at its own folder.
\`\${env:NAME}\` in any value stands for an environment variable, \`\${file:PATH}\` for the content of a file.

\`*\` in the name of a setting stands for a name of your own, such as a connector's. A line at the top of the file gives you completion and
checks in editors that know the YAML language server:

<!-- not run: a comment for editors -->
\`\`\`yaml
# yaml-language-server: $schema=./schemas/gateway.schema.json
\`\`\`

| setting | | description |
| --- | --- | --- |
${overview.join("\n")}

${sectionsOf({ properties: own }, 2, { folder: "reference", examples: EXAMPLES })
  .replace(
    /(?=^## `routes`$)/m,
    `Types of connectors, each with a page of its own:\n\n${list("connectors", connectors)}\n\n`,
  )
  .replace(/(?=^## `operations`$)/m, `Types of sinks, each with a page of its own:\n\n${list("sinks", sinks)}\n\n`)}`;
}

const ofObject = ({ properties = {}, required = [] }: JsonSchema): JsonSchema => ({ properties, required });
const firstSentence = (text: string) => (/^.*?[.](?=\s|$)/.exec(text)?.[0] ?? text).replaceAll("|", "\\|");

/** What a page of reference says of a type of connector or of sink. */
type Described = Pick<(typeof connectors)[number], "type" | "summary" | "example" | "config">;

/** The reference page of a connector. */
export const connectorPage = ({ type, summary, example, config }: Described): string =>
  page(`connector \`${type}\``, summary, `connectors:\n  my-${type}:\n${indented(example, 4)}`, config);

/** The reference page of a sink. */
export const sinkPage = ({ type, summary, example, config }: Described): string =>
  page(`sink \`${type}\``, summary, `audit:\n${indented(example, 2)}`, config);

const indented = (text: string, blanks: number) => text.trimEnd().replace(/^/gm, " ".repeat(blanks));

function page(name: string, summary: string, example: string, config: z.ZodType): string {
  const schema = z.toJSONSchema(config, { io: "input" }) as JsonSchema;
  const tables = tableWithSections(schema, 2, { folder: "reference/any" });
  return `# The ${name}\n\n${summary}\n\n\`\`\`yaml\n${example}\n\`\`\`\n\n${tables}`;
}
