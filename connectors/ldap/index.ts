import { readFileSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import { FilterParser } from "ldapts";
import { z } from "zod";
import { type Connector, defineConnector } from "../../src/connector/connector.ts";
import { keyFilter, openDirectory, read, toEntry } from "./directory.ts";
import { explain } from "./explain.ts";
import { isUuid, supports } from "./filter.ts";
import { createResolve, createSearch } from "./search.ts";
import { createWrites } from "./write.ts";

const filter = z.string().refine(isFilter, "is not an LDAP filter, such as (objectClass=inetOrgPerson)");

function isFilter(text: string): boolean {
  try {
    FilterParser.parseString(text);
    return true;
  } catch {
    return false;
  }
}

const kind = z.strictObject({
  base: z.string().min(1).describe("The DN below which entries of the kind live, and where new ones are made."),
  filter: filter
    .default("(objectClass=*)")
    .describe("What else they have in common, as an LDAP filter. An entry that does not meet it is out of reach."),
  rdn: z.string().describe("The attribute that names an entry within its container."),
  key: z.literal("entryUUID").default("entryUUID").describe("The attribute that never changes; it is the SCIM id."),
  placeholder: z
    .strictObject({ attr: z.string(), value: z.string() })
    .optional()
    .describe("For groupOfNames, which must have a member: the DN that stands for none. It is never shown."),
});

const config = z.strictObject({
  url: z
    .url({ protocol: /^ldaps?$/, hostname: /.+/ })
    .describe("The directory's address: ldap://host:389 or ldaps://host:636."),
  bind: z
    .strictObject({
      dn: z.string().describe("The DN to bind as."),
      password: z.string().min(1).describe("Its password; best ${file:PATH} or ${env:NAME}."),
    })
    .optional()
    .describe("Who the gateway is to the directory; anonymous without it."),
  tls: z
    .strictObject({
      startTls: z.boolean().default(false).describe("Encrypt an ldap:// connection by StartTLS."),
      ca: z
        .string()
        .optional()
        .describe("A file with the certificates, PEM, that the server's is checked against; the system's without it."),
    })
    .prefault({})
    .describe("How connections are encrypted. Certificates and host names are always checked."),
  connections: z.int().min(1).max(64).default(4).describe("Bound connections that share the work."),
  attributes: z
    .record(z.string(), z.enum(["text", "exact", "telephone", "time", "boolean", "integer", "dn", "binary"]))
    .default({})
    .describe("Types of attributes that are not standard ones; others are text, matched without regard to case."),
  kinds: z.record(z.string(), kind).describe("The kinds of entries that there are."),
});

/** LDAP directories by ldapts: OpenLDAP and others that have entryUUID. */
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
  open: (settings, { folder }): Connector => {
    const ca = settings.tls.ca === undefined ? undefined : readFileSync(resolvePath(folder, settings.tls.ca), "utf8");
    const directory = openDirectory({ ...settings, bind: settings.bind, tls: { startTls: settings.tls.startTls, ca } });
    const { kinds, typeOf, pool, bulk } = directory;
    const resolve = createResolve(directory);
    return {
      kinds: new Map([...kinds].map(([name, { key }]) => [name, { key }])),
      supports: (_, condition) => supports(condition, typeOf),
      sorts: (_, attr) => typeOf(attr) !== "binary",
      search: createSearch(directory),
      get: async ({ kind: name, key, attrs, signal }) => {
        const of = kinds.get(name)!;
        if (!isUuid(key)) return undefined;
        const { searchEntries } = await read(pool, signal, (client) =>
          client.search(of.base, { filter: keyFilter(of, key), attributes: [...attrs] }),
        );
        return searchEntries[0] && toEntry(of, searchEntries[0], attrs, typeOf);
      },
      ...createWrites(directory),
      resolve: ({ kind: name, to, values, signal }) => resolve(name, to, values, signal),
      probe: async (signal) => {
        const { vendor } = await directory.features(signal);
        for (const { base } of kinds.values())
          await read(pool, signal, (client) => client.search(base, { scope: "base", attributes: ["1.1"] }));
        return `${vendor} at ${settings.url}`;
      },
      explain: (operation) => explain(directory, operation),
      close: async () => {
        await Promise.all([pool.close(), bulk.close()]);
      },
    };
  },
});
