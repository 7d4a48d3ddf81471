import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, parseDocument } from "yaml";
import type { Initial, InitRequest } from "../../../src/connector/connector.ts";
import { onOneLine } from "../../../src/connector/kit/text.ts";
import { readCertificates } from "../../../src/connector/kit/tls.ts";
import { openDirectory } from "../directory.ts";
import { standard } from "../standard.ts";
import { attributeTypeOf, EVERYWHERE, has } from "../subschema.ts";
import { type Fit, fitted } from "./fit.ts";
import { type KindSurvey, nameOf, type Survey, survey } from "./survey.ts";

/** The options of `postern init ldap`. */
export const options = [
  { flags: "--url <url>", description: "the directory, ldap://host or ldaps://host", required: true },
  { flags: "--bind <dn>", description: "the service account's DN", required: true },
  {
    flags: "--password-env <name>",
    description: "the environment variable with its password; LDAP_PASSWORD without it",
  },
  { flags: "--ca <file>", description: "the certificates, PEM, that the server's is checked against" },
  { flags: "--start-tls", description: "encrypt an ldap:// connection by StartTLS" },
  { flags: "--base <dn>", description: "the suffix to look through; the directory's first one without it" },
  { flags: "--users <dn>", description: "where users are, or are to be; a guess without it" },
  { flags: "--groups <dn>", description: "where groups are, or are to be; a guess without it" },
] as const;

interface Options {
  readonly url: string;
  readonly bind: string;
  readonly passwordEnv?: string;
  readonly ca?: string;
  readonly startTls?: boolean;
  readonly base?: string;
  readonly users?: string;
  readonly groups?: string;
}

/**
 * Asks a directory about its schema and its entries, and writes a configuration and mappings that fit it. Rejects with a
 * `ConnectorError` where the directory cannot be asked, and with an `Error` that says what is missing of the options.
 */
export async function init({ options: given, env, mappings, files, signal }: InitRequest): Promise<Initial> {
  const asked = given as unknown as Options;
  const variable = asked.passwordEnv ?? "LDAP_PASSWORD";
  const password = env[variable];
  if (!password) throw new Error(`Put the password of ${asked.bind} into the environment variable ${variable}.`);
  const directory = openDirectory(
    {
      find: async () => [asked.url],
      returnAfter: 0,
      note: () => {},
      bind: { dn: asked.bind, password },
      tls: { startTls: asked.startTls === true, ...readCertificates(files, { ca: asked.ca }, (name) => `--${name}`) },
      connections: 2,
      attributes: {},
      kinds: {},
    },
    standard,
  );
  try {
    const found = await survey(directory, { base: asked.base, users: asked.users, groups: asked.groups }, signal);
    const shipped = found.user.key === "nsUniqueId" ? "389-directory-server" : "openldap";
    const read = (file: string) => readFileSync(join(mappings, shipped, file), "utf8");
    return {
      files: new Map([
        ["gateway.config.yaml", configuration(asked, variable, found)],
        ["mappings/ldap/user.yaml", userMapping(read("user.yaml"), found)],
        ["mappings/ldap/group.yaml", groupMapping(read("group.yaml"), found)],
      ]),
      notes: notesOn(found),
    };
  } finally {
    await directory.close();
  }
}

function configuration(asked: Options, variable: string, found: Survey): string {
  const text = (value: unknown) => JSON.stringify(value);
  // Names come from the server: one that is none adds nothing to the file.
  const plain = (name: string, written = name) => (/^[A-Za-z][\w.;-]*$/.test(name) ? written : text(written));
  const tls = [...(asked.startTls ? ["startTls: true"] : []), ...(asked.ca ? [`ca: ${text(asked.ca)}`] : [])];
  const own = [
    ...new Set([...found.user.types, ...found.group.types].map(([name, type]) => `      ${plain(name)}: ${type}`)),
  ];
  const kind = ({ base, objectClass, rdn, key, reason }: KindSurvey, name: string, more: readonly string[]) => `
      # ${onOneLine(reason)}
      ${name}:
        base: ${text(base)}
        filter: ${plain(objectClass, `(objectClass=${objectClass})`)}
        rdn: ${plain(rdn)}${[...(key === "entryUUID" ? [] : [`key: ${plain(key)}`]), ...more].map((line) => `\n        ${line}`).join("")}`;
  return `# yaml-language-server: $schema=./schemas/gateway.schema.json
# Written by \`postern init ldap\` for ${nameOf(found.suffix)}, as ${onOneLine(found.vendor)} described it.
server: { port: 8880 }                # reached from this machine only, until TLS is set: docs/guides/tls.md
auth:
  - type: bearer
    tokens: [{ name: entra, token: "\${env:SCIM_TOKEN}" }]
connectors:
  directory:
    type: ldap
    url: ${text(asked.url)}
    bind: { dn: ${text(asked.bind)}, password: "\${env:${variable}}" }${tls.length > 0 ? `\n    tls: { ${tls.join(", ")} }` : ""}${own.length > 0 ? `\n    attributes:                       # by this directory's own schema\n${own.join("\n")}` : ""}
    kinds:${kind(found.user, "user", [])}${kind(found.group, "group", placeholderOf(found))}
routes:
  /scim/v2:
    User: { connector: directory, mapping: mappings/ldap/user.yaml }
    Group: { connector: directory, mapping: mappings/ldap/group.yaml }
`;
}

/** What stands for nobody in groups that must have a member. */
function placeholderOf({ group, schema }: Survey): string[] {
  const attr = memberOf(group);
  if (!has(schema.class(group.objectClass)?.must ?? [], attr)) return [];
  return [`placeholder: { attr: ${attr}, value: "cn=nobody" }     # such groups must have a member`];
}

/** The attribute that holds a group's members. */
const memberOf = ({ objectClass }: KindSurvey): string =>
  ({ groupofuniquenames: "uniqueMember", posixgroup: "memberUid" })[objectClass.toLowerCase()] ?? "member";

function userMapping(shipped: string, found: Survey): string {
  const { user } = found;
  const document = parseDocument(shipped);
  document.setIn(["attributes", "id", "attr"], user.key);
  // By the attribute that names them they are found, and by no other are they called in groups.
  if (
    user.rdn.toLowerCase() !== "uid" &&
    !has(
      user.inUse.map(({ name }) => name),
      "uid",
    )
  )
    document.setIn(["attributes", "userName"], user.rdn);
  const classes = classesOf(user, found);
  document.setIn(["create", "objectClass"], JSON.stringify(classes));
  chooseFor(document, user, classes, found);
  return fitted(document.toString({ lineWidth: 0 }), fitOf(user, found, classes));
}

/** Marks what a new entry must have and no row gives: only who runs the directory knows it. */
function chooseFor(document: Document, { rdn }: KindSurvey, classes: readonly string[], { schema }: Survey): void {
  const { attributes, create } = document.toJS() as { attributes: Record<string, Row>; create: object };
  const written = Object.values(attributes).map((row) => (typeof row === "string" ? row : row.attr));
  const required = new Set(classes.flatMap((each) => schema.class(each)?.must ?? []));
  for (const attr of required)
    if (!has([...written, ...Object.keys(create), rdn, "objectClass"], attr))
      document.setIn(["create", attr], `"CHOOSE: new entries must have ${attr}"`);
}

type Row = string | { readonly attr: string };

function groupMapping(shipped: string, found: Survey): string {
  const { group } = found;
  const document = parseDocument(shipped);
  document.setIn(["attributes", "id", "attr"], group.key);
  const attr = memberOf(group);
  const by = attr === "memberUid" ? { by: "uid" } : {};
  document.setIn(
    ["attributes", "members"],
    document.createNode({ attr, ref: "User", ...by, many: true }, { flow: true }),
  );
  const classes = classesOf(group, found);
  document.setIn(["create", "objectClass"], JSON.stringify(classes));
  chooseFor(document, group, classes, found);
  return fitted(document.toString({ lineWidth: 0 }), fitOf(group, found, classes));
}

/** The classes of a new entry: its structural one with those above it, and the auxiliary ones that all entries have. */
function classesOf({ objectClass, everywhere }: KindSurvey, { schema }: Survey): string[] {
  const above = schema.class(objectClass)?.above ?? [];
  const auxiliary = everywhere.filter((each) => schema.class(each)?.isAuxiliary && !/^nsMemberOf$/i.test(each));
  const structural = everywhere.filter((each) => schema.class(each)?.isStructural);
  const isOfAnother = schema.class(objectClass)?.isAuxiliary === true;
  return [...new Set([...[...above].reverse(), ...(isOfAnother ? structural : []), objectClass, ...auxiliary])];
}

const fitOf = (kind: KindSurvey, { schema, suffix, user, group }: Survey, classes: readonly string[]): Fit => {
  const allowed = classes.flatMap((each) => {
    const of = schema.class(each);
    return of ? [...of.must, ...of.may] : [];
  });
  return {
    of: nameOf(suffix),
    command: "postern init ldap",
    has: (attr) => {
      const definition = schema.attribute(attr);
      if (!definition) return false;
      // What every entry has or none is not there before the server keeps it.
      const present = [...user.present, ...group.present];
      const isKept = !has(EVERYWHERE, attr) || present.length === 0 || has(present, attr);
      return has(kind.present, attr) || has(allowed, attr) || (definition.isOperational && isKept);
    },
    facts: (attr) => {
      const definition = schema.attribute(attr);
      return definition && { type: attributeTypeOf(definition), isSingle: definition.isSingle };
    },
    forExternalId: ["employeeNumber", "businessCategory", "description"],
    inUse: kind.inUse,
  };
};

function notesOn({ vendor, suffixes, user, group }: Survey): string[] {
  return [
    `${vendor}. Suffixes: ${suffixes.join(", ")}.`,
    `Users: ${user.base}. ${user.reason} They are ${user.objectClass}, named by ${user.rdn}; ${user.key} is their id.`,
    `Groups: ${group.base}. ${group.reason} They are ${group.objectClass}, named by ${group.rdn}.`,
    ...(has(user.everywhere, "posixAccount")
      ? ["Users are POSIX accounts: say in user.yaml how a new one gets its uidNumber, gidNumber and homeDirectory."]
      : []),
  ];
}
