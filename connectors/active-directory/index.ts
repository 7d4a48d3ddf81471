import { type Connector, defineConnector, type Entry } from "../../src/connector/connector.ts";
import { bareUrl } from "../../src/connector/kit/text.ts";
import { readCertificates } from "../../src/connector/kit/tls.ts";
import { attributeTypeNames, checkReferences } from "../ldap/attributes.ts";
import { find, openDirectory, toEntry } from "../ldap/directory.ts";
import { firstRdn } from "../ldap/dn.ts";
import { supports } from "../ldap/filter.ts";
import { dnOf } from "../ldap/formats.ts";
import { checkNames } from "../ldap/naming.ts";
import { createResolver, lookOutside } from "../ldap/resolve.ts";
import { createSearch, telling } from "../ldap/search.ts";
import { publishedAttributes } from "../ldap/subschema.ts";
import { create } from "./create.ts";
import { activeDirectory, DIRECT_MEMBER_OF, INDIRECT_MEMBER_OF } from "./dialect.ts";
import { createWritten, type Domain, locate } from "./domain.ts";
import { explain } from "./explain.ts";
import { init, options } from "./init.ts";
import { keyOf, lookUp, referenceTo, withIndirectGroups } from "./references.ts";
import { checkRights } from "./rights.ts";
import { createNames, findControllers } from "./servers.ts";
import { config } from "./settings.ts";
import { remove, update } from "./update.ts";

/** Windows Server Active Directory and Samba as a domain controller, on top of the LDAP connector. */
export default defineConnector({
  type: "active-directory",
  summary: "Windows Server Active Directory.",
  config,
  example: `type: active-directory
urls: [ldaps://dc1.corp.example.com, ldaps://dc2.corp.example.com]
bind: { dn: "CN=svc-scim,OU=Service,DC=corp,DC=example,DC=com", password: "\${file:/run/secrets/ad-password}" }
tls: { ca: /etc/postern/corp-ca.pem }
kinds:
  user:
    base: "OU=Staff,DC=corp,DC=example,DC=com"
    filter: (&(objectCategory=person)(objectClass=user))
    onDelete: { moveTo: "OU=Deleted,DC=corp,DC=example,DC=com" }
  group: { base: "OU=Groups,DC=corp,DC=example,DC=com", filter: (objectCategory=group) }
`,
  types: attributeTypeNames.filter((type) => !["boolean", "integer", "time"].includes(type)),
  init: {
    example: "postern init active-directory --domain corp.example.com --bind svc-scim@corp.example.com",
    options,
    run: init,
  },
  address: ({ urls, domain }) => urls?.map(bareUrl).join(", ") ?? `the domain ${domain}`,
  open: (settings, { files, log, types, references = [], mapped }): Connector => {
    const { tls, domain: name } = settings;
    const names = createNames(settings.nameServers);
    const directory = openDirectory(
      {
        ...settings,
        find: () =>
          name === undefined ? Promise.resolve(settings.urls ?? []) : findControllers(name, tls.startTls, names),
        lookup: names.lookup,
        note: log.warn,
        tls: { startTls: tls.startTls, ...readCertificates(files, tls) },
        attributes: { ...(types as typeof settings.attributes), ...settings.attributes },
      },
      activeDirectory,
    );
    const kinds = new Map(
      [...directory.kinds].map(([kind, of]) => {
        const { withoutPassword, onDelete } = settings.kinds[kind]!;
        return [kind, { ...of, withoutPassword, onDelete }];
      }),
    );
    const domain: Domain = {
      ...directory,
      kinds,
      accountName: accountName(settings.bind.dn),
      isEncrypted: tls.startTls || (settings.urls ?? []).every((url) => url.startsWith("ldaps:")),
      written: createWritten(directory.servers.inUse),
    };
    checkReferences(references, domain.typeOf);
    checkNames(kinds, mapped);
    if (!domain.isEncrypted)
      log.warn({ urls: settings.urls }, "the service account's password is sent unencrypted: use ldaps://");
    const { search, changed } = createSearch(domain);
    const writes: Pick<Connector, "create" | "update" | "delete"> = {
      create: (request) => create(domain, request),
      update: (request) => update(domain, request),
      delete: (request) => remove(domain, request),
    };
    const resolver = createResolver(lookUp(domain));
    const asked = (attrs: readonly string[]) => (wantsIndirect(attrs) ? [...attrs, DIRECT_MEMBER_OF] : attrs);
    const filled = (kind: string, attrs: readonly string[], entries: readonly Entry[], signal: AbortSignal) =>
      wantsIndirect(attrs) ? withIndirectGroups(domain, kinds.get(kind)!.base, entries, signal) : entries;
    return {
      kinds: new Map([...kinds].map(([kind, { key }]) => [kind, { key }])),
      supports: (_, condition) => supports(condition, domain),
      sorts: (_, attr) => !activeDirectory.virtual.has(attr.toLowerCase()) && domain.typeOf(attr) !== "binary",
      search: async (request) => {
        const found = await search({ ...request, attrs: asked(request.attrs) });
        return { ...found, entries: await filled(request.kind, request.attrs, found.entries, request.signal) };
      },
      get: async ({ kind, key, attrs, signal }) => {
        const found = await locate(domain, kind, key, asked(attrs), signal);
        if (!found) return undefined;
        const entry = toEntry(kinds.get(kind)!, found, asked(attrs), domain);
        return (await filled(kind, attrs, [entry], signal))[0];
      },
      ...telling(writes, (kind) => kinds.get(kind)!.key, { listed: changed, resolved: resolver.changed }),
      outside: ({ kind: name, values, signal }) => lookOutside(domain, name, values, signal),
      resolve: ({ kind, to, values, signal }) => resolver.resolve(kind, to, values, signal),
      anyKind: { keyOf, referenceTo: (key) => referenceTo(domain, key) },
      probe: async (signal) => {
        const attrs = ["dnsHostName", "defaultNamingContext"];
        const [root] = await find(domain, { base: "", scope: "base", attrs }, signal);
        for (const { base } of kinds.values()) await find(domain, { base, scope: "base", attrs: ["1.1"] }, signal);
        const of = dnOf(String(root?.defaultNamingContext));
        return `${root?.dnsHostName}, a domain controller of ${of}, at ${domain.servers.inUse()}`;
      },
      check: (uses, signal) => checkRights(domain, uses, signal),
      attributes: (_, signal) => publishedAttributes(domain, signal),
      explain: (operation) => explain(domain, operation),
      observe: domain.observe,
      close: domain.close,
    };
  },
});

/** The service account: the first value of its DN. Command lines accept down-level names and UPNs. */
const accountName = (bind: string): string => firstRdn(bind)?.value ?? bind;

const wantsIndirect = (attrs: readonly string[]): boolean =>
  attrs.some((attr) => attr.toLowerCase() === INDIRECT_MEMBER_OF.toLowerCase());
