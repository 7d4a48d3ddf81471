import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Initial, InitRequest } from "../../src/connector/connector.ts";
import { readCertificates } from "../../src/connector/kit/tls.ts";
import { openDirectory } from "../ldap/directory.ts";
import { type Fit, fitted } from "../ldap/init/fit.ts";
import { activeDirectory } from "./dialect.ts";
import { createNames, findControllers } from "./servers.ts";
import { type Survey, survey } from "./survey.ts";

/** The options of `postern init active-directory`. */
export const options = [
  { flags: "--url <url...>", description: "the domain controllers, ldaps://host, the preferred one first" },
  { flags: "--domain <name>", description: "the domain's DNS name, whose controllers are found, in place of --url" },
  { flags: "--name-server <address...>", description: "name servers that know the domain" },
  {
    flags: "--bind <account>",
    description: "the service account: its DN, or a name such as svc-scim@corp.example.com",
    required: true,
  },
  { flags: "--password-env <name>", description: "the environment variable with its password; AD_PASSWORD without it" },
  { flags: "--ca <file>", description: "the certificates, PEM, that the controllers' are checked against" },
  { flags: "--start-tls", description: "encrypt ldap:// connections by StartTLS" },
  { flags: "--users <dn>", description: "where users are, or are to be; a guess without it" },
  { flags: "--groups <dn>", description: "where groups are, or are to be; a guess without it" },
] as const;

interface Options {
  readonly url?: readonly string[];
  readonly domain?: string;
  readonly nameServer?: readonly string[];
  readonly bind: string;
  readonly passwordEnv?: string;
  readonly ca?: string;
  readonly startTls?: boolean;
  readonly users?: string;
  readonly groups?: string;
}

/**
 * Asks a domain about itself, and writes a configuration and mappings that fit it. Rejects with a `ConnectorError` where the
 * domain cannot be asked, and with an `Error` that says what is missing of the options.
 */
export async function init({ options: given, env, mappings, files, signal }: InitRequest): Promise<Initial> {
  const asked = given as unknown as Options;
  const variable = asked.passwordEnv ?? "AD_PASSWORD";
  const password = env[variable];
  if (!password) throw new Error(`Put the password of ${asked.bind} into the environment variable ${variable}.`);
  if ((asked.url === undefined) === (asked.domain === undefined))
    throw new Error("Name the domain controllers by --url, or the domain by --domain, one of the two.");
  const names = createNames(asked.nameServer);
  const directory = openDirectory(
    {
      find: () =>
        asked.domain === undefined
          ? Promise.resolve(asked.url ?? [])
          : findControllers(asked.domain, asked.startTls === true, names),
      lookup: names.lookup,
      returnAfter: 60,
      note: () => {},
      bind: { dn: asked.bind, password },
      tls: { startTls: asked.startTls === true, ...readCertificates(files, { ca: asked.ca }, (name) => `--${name}`) },
      connections: 2,
      attributes: {},
      kinds: {},
    },
    activeDirectory,
  );
  try {
    const found = await survey(directory, { users: asked.users, groups: asked.groups }, signal);
    const read = (file: string) => readFileSync(join(mappings, "ad", file), "utf8");
    return {
      files: new Map([
        ["gateway.config.yaml", configuration(asked, variable, found)],
        ["mappings/ad/user.yaml", fitted(read("user.yaml"), fitOf(found.user, found))],
        ["mappings/ad/group.yaml", fitted(read("group.yaml"), fitOf(found.group, found))],
        ["mappings/ad/ad.types.yaml", read("ad.types.yaml")],
      ]),
      notes: notesOn(found),
    };
  } finally {
    await directory.close();
  }
}

function configuration(asked: Options, variable: string, found: Survey): string {
  const text = (value: unknown) => JSON.stringify(value);
  const address =
    asked.domain === undefined
      ? `urls: ${text(asked.url)}`
      : `domain: ${text(asked.domain)}${asked.nameServer ? `\n    nameServers: ${text(asked.nameServer)}` : ""}`;
  const others =
    found.controllers.length > 1 ? `\n    # All controllers of the domain: ${found.controllers.join(", ")}` : "";
  const tls = [...(asked.startTls ? ["startTls: true"] : []), ...(asked.ca ? [`ca: ${text(asked.ca)}`] : [])];
  const own = [...found.user.types, ...found.group.types].map(([name, type]) => `      ${name}: ${type}`);
  return `# yaml-language-server: $schema=./schemas/gateway.schema.json
# Written by \`postern init active-directory\` for ${found.domain}, as ${found.controller} described it.
server: { port: 8880 }                # reached from this machine only, until TLS is set: docs/guides/tls.md
auth:
  - type: bearer
    tokens: [{ name: entra, token: "\${env:SCIM_TOKEN}" }]
connectors:
  ad:
    type: active-directory${others}
    ${address}
    bind: { dn: ${text(asked.bind)}, password: "\${env:${variable}}" }${tls.length > 0 ? `\n    tls: { ${tls.join(", ")} }` : ""}${own.length > 0 ? `\n    attributes:                       # of this domain's own schema\n${[...new Set(own)].join("\n")}` : ""}
    kinds:
      # ${found.user.reason}
      user:
        base: ${text(found.user.base)}
        filter: (&(objectCategory=person)(objectClass=user))
        withoutPassword: generate     # or disable: accounts that come without a password are made disabled
        onDelete: delete              # or { moveTo: "OU=Deleted,${found.domain}" }, outside the base
      # ${found.group.reason}
      group:
        base: ${text(found.group.base)}
        filter: (objectCategory=group)
routes:
  /scim/v2:
    User: { connector: ad, mapping: mappings/ad/user.yaml }
    Group: { connector: ad, mapping: mappings/ad/group.yaml }
`;
}

/** Attributes that can hold an id of the client's, in the order in which they are preferred. */
const forExternalId = [
  "msDS-cloudExtensionAttribute1",
  "extensionAttribute1",
  "employeeID",
  "adminDescription",
  "info",
];

/** What a kind's shipped mapping is fitted to. */
const fitOf = ({ attributes, inUse }: Survey["user"], { domain }: Survey): Fit => ({
  of: domain,
  command: "postern init active-directory",
  has: (attr) => activeDirectory.virtual.has(attr.toLowerCase()) || attributes.has(attr.toLowerCase()),
  facts: (attr) => attributes.get(attr.toLowerCase()),
  forExternalId,
  inUse,
});

const notesOn = ({ suffixes, policy, controllers, user, group }: Survey): string[] => [
  `Users: ${user.base}. ${user.reason}`,
  `Groups: ${group.base}. ${group.reason}`,
  `Domain controllers: ${controllers.join(", ") || "none is listed"}.`,
  `userPrincipalName may end in ${suffixes.map((suffix) => `@${suffix}`).join(", ")}.`,
  policy,
];
