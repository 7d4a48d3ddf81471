import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, isMap, isScalar, parseDocument, type YAMLMap } from "yaml";
import type { Initial, InitRequest } from "../../src/connector/connector.ts";
import { openDirectory } from "../ldap/directory.ts";
import { readCa } from "../ldap/settings.ts";
import { activeDirectory } from "./dialect.ts";
import { createNames, findControllers } from "./servers.ts";
import { type AttributeFacts, type Survey, survey } from "./survey.ts";

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
export async function init({ options: given, env, mappings, folder, signal }: InitRequest): Promise<Initial> {
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
      tls: { startTls: asked.startTls === true, ca: readCa(folder, asked.ca) },
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
        ["mappings/ad/user.yaml", fitted(read("user.yaml"), found.user, found)],
        ["mappings/ad/group.yaml", fitted(read("group.yaml"), found.group, found)],
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
server: { port: 8880 }                # behind a proxy that speaks TLS; see the documentation on running it
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

/** A shipped mapping without the rows whose attributes the domain does not have, and with what it has beside them said. */
function fitted(text: string, facts: Survey["user"], { domain }: Survey): string {
  const document: Document = parseDocument(text);
  const rows = document.get("attributes") as YAMLMap;
  const has = (attr: string) =>
    activeDirectory.virtual.has(attr.toLowerCase()) || facts.attributes.has(attr.toLowerCase());
  const attrOf = (value: unknown) =>
    isScalar(value) ? String(value.value) : isMap(value) ? (value.get("attr") as string | undefined) : undefined;
  const external = document.getIn(["attributes", "externalId"]);
  if (typeof external === "string" && !has(external)) {
    const other = forExternalId.find(has);
    if (other !== undefined) document.setIn(["attributes", "externalId"], other);
  }
  const mapped = new Set<string>();
  const dropped: string[] = [];
  for (const { key, value } of [...rows.items]) {
    const attr = attrOf(value);
    if (attr === undefined) continue;
    if (has(attr)) mapped.add(attr.toLowerCase());
    else {
      rows.delete(key);
      dropped.push(attr);
    }
  }
  const id = document.getIn(["attributes", "externalId"]) as string | undefined;
  const unindexed = [id, attrOf(rows.get("userName", true))].filter(
    (attr): attr is string => attr !== undefined && facts.attributes.get(attr.toLowerCase())?.isIndexed === false,
  );
  const lines = [
    ` Fitted to ${domain} by \`postern init active-directory\`: say what else you want mapped, and run \`postern check\`.`,
    ...dropped.map((attr) => ` Not in this domain's schema, and so not mapped: ${attr}`),
    ...unindexed.map((attr) => ` ${attr} has no index in this domain: give it one if Entra is to match by it.`),
  ];
  const others = facts.inUse.filter(({ name }) => !mapped.has(name.toLowerCase()));
  if (others.length > 0)
    rows.comment = [" Also in use in this domain, by how many of those looked at:", ...others.map(useOf)].join("\n");
  // The file's own comment at its top goes on in these lines.
  return document
    .toString({ lineWidth: 0 })
    .replace(/^(?:#.*\n)*/, (top) => top + lines.map((line) => `#${line}\n`).join(""));
}

const useOf = ({ name, entries, facts }: Survey["user"]["inUse"][number]): string =>
  `   ${name} (${entries})${describe(facts)}`;

function describe(facts: AttributeFacts | undefined): string {
  if (!facts) return "";
  const says = [facts.type, ...(facts.isSingle ? [] : ["several values"]), ...(facts.isIndexed ? ["indexed"] : [])];
  return `: ${says.join(", ")}`;
}

const notesOn = ({ suffixes, policy, controllers, user, group }: Survey): string[] => [
  `Users: ${user.base}. ${user.reason}`,
  `Groups: ${group.base}. ${group.reason}`,
  `Domain controllers: ${controllers.join(", ") || "none is listed"}.`,
  `userPrincipalName may end in ${suffixes.map((suffix) => `@${suffix}`).join(", ")}.`,
  policy,
];
