import { join } from "node:path";
import { ROOT } from "./gateway.ts";
import { DOMAIN, openActiveDirectory, type Samba } from "./samba.ts";
import { openLdap, type Slapd, SUFFIX } from "./slapd.ts";
import { openSyncing, RULES, type Syncing } from "./syncing.ts";

const name = (suffix: string, domain: string) =>
  `$replace($lowercase(name.givenName & "." & name.familyName), " ", "")${suffix} & "${domain}"`;

/** The rules of the tests, as Active Directory takes them: names of a domain, and a password without which no account is enabled. */
const AD_RULES = {
  ...RULES,
  userName: {
    value: [name("", "@corp.example.test"), name(" & $n", "@corp.example.test")],
    unique: true,
    when: "create",
  },
  password: { value: '$secret() & "aA1!"' },
};

let made = 0;

/** A sync into a place of its own in a Samba domain: many fit into one domain beside each other. */
export async function openIntoSamba(
  samba: Samba,
  more: Record<string, unknown> = {},
): Promise<Syncing & { base: string }> {
  const base = `OU=Sync${++made},${DOMAIN}`;
  samba.ldapmodify(`dn: ${base}\nchangetype: add\nobjectClass: organizationalUnit\n`);
  const { ad } = openActiveDirectory(samba, ROOT).connectors;
  const target = { ...ad, kinds: { ...ad.kinds, user: { ...ad.kinds.user, base } } };
  const syncing = await opened(base, target, "mappings/ad", { attributes: AD_RULES, ...more });
  // Names are a domain's, wherever they are: what stayed would be in the way of the next.
  const close = async () => {
    await syncing.close();
    const dns = [...samba.ldapsearch(base, "(objectClass=user)", "dn").matchAll(/^dn:(:?) (.*)$/gm)];
    const decoded = dns.map(([, isEncoded, dn]) => (isEncoded ? Buffer.from(dn!, "base64").toString() : dn!));
    const records = [...decoded, base].map((dn) => `dn:: ${Buffer.from(dn).toString("base64")}\nchangetype: delete\n`);
    samba.ldapmodify(records.join("\n"));
  };
  return { ...syncing, close };
}

/** A sync into a place of its own in an OpenLDAP. */
export function openIntoSlapd(slapd: Slapd, more: Record<string, unknown> = {}): Promise<Syncing & { base: string }> {
  const base = `ou=sync${++made},ou=people,${SUFFIX}`;
  slapd.ldapmodify(`dn: ${base}\nchangetype: add\nobjectClass: organizationalUnit\nou: sync${made}\n`);
  const { directory } = openLdap(slapd, ROOT).connectors;
  const target = { ...directory, kinds: { ...directory.kinds, user: { ...directory.kinds.user, base } } };
  return opened(base, target, "mappings/openldap", more);
}

async function opened(base: string, target: object, mappings: string, more: Record<string, unknown>) {
  const syncing = await openSyncing(more, {
    target: () => target,
    mappings: { User: join(ROOT, mappings, "user.yaml"), Group: join(ROOT, mappings, "group.yaml") },
  });
  return { ...syncing, base };
}
