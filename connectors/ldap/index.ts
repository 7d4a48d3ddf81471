import { z } from "zod";
import { type Connector, defineConnector } from "../../src/connector/connector.ts";
import { bareUrl } from "../../src/connector/kit/text.ts";
import { readCertificates } from "../../src/connector/kit/tls.ts";
import { checkReferences } from "./attributes.ts";
import { checkDirectory } from "./check.ts";
import { find, keyFilter, openDirectory, toEntry } from "./directory.ts";
import { explain } from "./explain.ts";
import { supports } from "./filter.ts";
import { init, options } from "./init/init.ts";
import { checkNames } from "./naming.ts";
import { createResolver, lookOutside, lookUpByDn } from "./resolve.ts";
import { createSearch, telling } from "./search.ts";
import { bindSettings, connectionSettings, dnSetting, filterSetting, tlsSettings } from "./settings.ts";
import { isSingle, standard } from "./standard.ts";
import { publishedAttributes } from "./subschema.ts";
import { createWrites } from "./write.ts";

const kind = z.strictObject({
  base: dnSetting.describe("Base DN of the entries of this kind. New entries are created here."),
  filter: filterSetting
    .default("(objectClass=*)")
    .describe("LDAP filter that all entries of this kind match. Entries that do not match are out of reach."),
  rdn: z
    .string()
    .describe("Attribute that names an entry within its container. The mapping must set it for new entries."),
  key: z
    .string()
    .min(1)
    .default("entryUUID")
    .describe("Attribute that every entry has and that never changes, such as nsUniqueId. It becomes the SCIM ID."),
  placeholder: z
    .strictObject({ attr: z.string(), value: z.string() })
    .optional()
    .describe(
      "For groups that must have a member, such as groupOfNames: the DN that represents an empty group. It is never shown.",
    ),
});

const config = z.strictObject({
  url: z
    .url({ protocol: /^ldaps?$/, hostname: /.+/ })
    .describe("Address of the directory: ldap://host:389 or ldaps://host:636."),
  bind: bindSettings.optional().describe("The gateway's account. Default: anonymous."),
  tls: tlsSettings,
  connections: connectionSettings,
  attributes: z
    .record(
      z.string(),
      z.enum(["text", "exact", "telephone", "time", "boolean", "integer", "dn", "reference", "binary"]),
    )
    .default({})
    .describe("Types of attributes outside the standard schemas. Others are text, compared case-insensitively."),
  kinds: z.record(z.string(), kind).describe("The kinds of entries, under names that mappings use."),
});

/** LDAP directories by ldapts: OpenLDAP and others with entryUUID. */
export default defineConnector({
  type: "ldap",
  summary: "An LDAP directory, such as OpenLDAP.",
  config,
  example: `type: ldap
url: ldaps://ldap.example.com
bind: { dn: "cn=postern,ou=services,dc=example,dc=com", password: "\${file:/run/secrets/ldap-password}" }
kinds:
  user: { base: "ou=people,dc=example,dc=com", filter: (objectClass=inetOrgPerson), rdn: uid }
  group:
    base: ou=groups,dc=example,dc=com
    filter: (objectClass=groupOfNames)
    rdn: cn
    placeholder: { attr: member, value: "cn=nobody" }
`,
  init: {
    example: "postern init ldap --url ldaps://ldap.example.com --bind cn=postern,dc=example,dc=org",
    options,
    run: init,
  },
  address: ({ url }) => bareUrl(url),
  open: (settings, { files, log, references = [], mapped }): Connector => {
    const { url, bind, tls, connections, attributes } = settings;
    const directory = openDirectory(
      {
        find: async () => [url],
        returnAfter: 0,
        note: log.warn,
        bind,
        tls: { startTls: tls.startTls, ...readCertificates(files, tls) },
        connections,
        attributes,
        kinds: settings.kinds,
      },
      standard,
    );
    const { kinds, typeOf } = directory;
    checkReferences(references, typeOf);
    checkNames(kinds, mapped, ["uid", "cn", "ou", "mail"]);
    const resolver = createResolver(lookUpByDn(directory));
    const { search, changed } = createSearch(directory);
    return {
      kinds: new Map([...kinds].map(([name, { key }]) => [name, { key }])),
      supports: (_, condition) => supports(condition, directory),
      isSingle: (_, attr) => isSingle(attr),
      sorts: (_, attr) => typeOf(attr) !== "binary",
      search,
      get: async ({ kind: name, key, attrs, signal }) => {
        const of = kinds.get(name)!;
        if (!standard.isKey(key, of.key)) return undefined;
        const [found] = await find(directory, { base: of.base, filter: keyFilter(of, key, typeOf), attrs }, signal);
        return found && toEntry(of, found, attrs, directory);
      },
      ...telling(createWrites(directory, references, mapped), (name) => kinds.get(name)!.key, {
        listed: changed,
        resolved: resolver.changed,
      }),
      outside: ({ kind: name, values, signal }) => lookOutside(directory, name, values, signal),
      resolve: ({ kind: name, to, values, signal }) => resolver.resolve(name, to, values, signal),
      probe: async (signal) => {
        const { vendor } = await directory.features(signal);
        for (const { base } of kinds.values()) await find(directory, { base, scope: "base", attrs: ["1.1"] }, signal);
        return `${vendor} at ${url}`;
      },
      check: (uses, signal) => checkDirectory(directory, bind?.dn, uses, signal),
      attributes: (_, signal) => publishedAttributes(directory, signal),
      explain: (operation) => explain(directory, operation),
      observe: directory.observe,
      close: directory.close,
    };
  },
});
