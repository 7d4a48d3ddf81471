import { EqualityFilter, type Entry as LdapEntry, OrFilter } from "ldapts";
import type { Finding, Uses } from "../../src/connector/connector.ts";
import { find } from "../ldap/directory.ts";
import { dnKey } from "../ldap/dn.ts";
import { dnOf, guidFromBytes, sidFromBytes } from "../ldap/formats.ts";
import { SecurityDescriptorControl } from "./controls.ts";
import { CONTAINER, LOCKED, MUST_CHANGE_PASSWORD } from "./dialect.ts";
import type { Domain, DomainKind } from "./domain.ts";
import { type Ace, acesOfChild, acesOfSddl, daclOf, grants, RIGHT } from "./security.ts";

/** The extended right User-Force-Change-Password, MS-ADTS §5.1.3.2.1. */
const RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529";
/** Maximum number of containers to examine. */
const MAX_CONTAINERS = 1000;

/** The schema's definition of a class or attribute. */
interface Definition {
  readonly guid: string;
  /** The property set that an attribute belongs to. */
  readonly set: string | undefined;
  readonly sddl: string;
}

/** The service account, and the identifiers of the rights that it needs. */
interface Account {
  readonly sids: ReadonlySet<string>;
  readonly domainSid: string;
  readonly name: string;
}

/**
 * Checks whether the service account may read, create, change, set passwords and delete entries of each kind. Evaluates the containers'
 * access control lists for a new entry, without writing.
 */
export async function checkRights(
  domain: Domain,
  uses: ReadonlyMap<string, Uses>,
  signal: AbortSignal,
): Promise<Finding[]> {
  const root = await raw(domain, { base: "", scope: "base", attrs: ["tokenGroups", "schemaNamingContext"] }, signal);
  const sids = values(root[0], "tokenGroups").map((each) => sidFromBytes(each as Buffer)!);
  const domainSid = sids.find((sid) => sid.startsWith("S-1-5-21-"))?.replace(/-\d+$/, "") ?? "";
  const account = { sids: new Set(sids), domainSid, name: domain.accountName };
  const schema = dnOf(String(values(root[0], "schemaNamingContext")[0]));
  const findings: Finding[] = [];
  for (const [name, { writes: attrs }] of uses) {
    const kind = domain.kinds.get(name);
    if (kind) findings.push(...(await checkKind(domain, name, kind, attrs, { account, schema }, signal)));
  }
  return findings;
}

async function checkKind(
  domain: Domain,
  name: string,
  kind: DomainKind,
  attrs: readonly string[],
  { account, schema }: { readonly account: Account; readonly schema: string },
  signal: AbortSignal,
): Promise<Finding[]> {
  const isGroup = attrs.some((attr) => ["member", "grouptype"].includes(attr.toLowerCase()));
  const className = isGroup ? "group" : "user";
  const needed = [...new Set(attrs.flatMap((attr) => realAttrs(attr, kind)))];
  const changed = isGroup ? needed : [...new Set([...needed, "userAccountControl"])];
  const definitions = await definitionsOf(domain, schema, [className, ...changed], signal);
  const ofClass = definitions.get(className)!;
  const setsPasswords = !isGroup && (kind.withoutPassword === "generate" || attrs.includes("unicodePwd"));
  const own = acesOfSddl(ofClass.sddl, account.domainSid);
  const may = (container: readonly Ace[]): { missing: string[]; attrs: string[] } => {
    const child = acesOfChild(own, container, ofClass.guid);
    const on = (aces: readonly Ace[], right: number, objects: readonly string[]) =>
      grants(aces, account.sids, right, objects);
    const names = (attr: string) => {
      const { guid, set } = definitions.get(attr.toLowerCase()) ?? { guid: "", set: undefined };
      return set === undefined ? [guid] : [guid, set];
    };
    const unwritable = changed.filter((attr) => !on(child, RIGHT.writeProperty, names(attr)));
    const unreadable = changed.filter((attr) => !on(child, RIGHT.readProperty, names(attr)));
    const canDelete = on(container, RIGHT.deleteChild, [ofClass.guid]) || on(child, RIGHT.delete, []);
    return {
      attrs: unwritable,
      missing: [
        ...(unreadable.length > 0 ? [`read ${unreadable.join(", ")}`] : []),
        ...(on(container, RIGHT.createChild, [ofClass.guid]) ? [] : ["create"]),
        ...(unwritable.length > 0 ? [`change ${unwritable.join(", ")}`] : []),
        ...(setsPasswords && !on(child, RIGHT.extended, [RESET_PASSWORD]) ? ["set passwords"] : []),
        ...(canDelete ? [] : ["delete"]),
      ],
    };
  };
  const unknown = changed.filter((attr) => !definitions.has(attr.toLowerCase()));
  const findings: Finding[] = unknown.map((attr) => ({
    ok: false,
    text: `${name}: the domain's schema has no attribute ${attr}`,
  }));
  const all = ["read", "create", "change", ...(setsPasswords ? ["set passwords"] : []), "delete"].join(", ");
  let ofBase: string | undefined;
  for (const { dn, aces } of await containersOf(domain, kind, signal)) {
    if (!aces) {
      findings.push({
        ok: false,
        text: `${name} in ${dn}: the access control list cannot be read: grant Read permissions`,
      });
      continue;
    }
    const { missing, attrs: unwritable } = may(aces);
    // Below the base, only differences are reported.
    const isBase = dnKey(dn) === dnKey(kind.base);
    if (isBase) ofBase = missing.join();
    else if (missing.join() === ofBase) continue;
    if (missing.length === 0) {
      findings.push({ ok: true, text: `${name} in ${dn}: may ${all}` });
      continue;
    }
    const remedies = remediesFor(dn, className, account.name, missing, unwritable);
    findings.push({ ok: false, text: `${name} in ${dn}: may not ${missing.join("; ")}\n${remedies.join("\n")}` });
  }
  if (kind.onDelete !== "delete") findings.push(...(await checkRetired(domain, name, kind, ofClass, account, signal)));
  return findings;
}

/** Checks the container that deleted entries are moved to. */
async function checkRetired(
  domain: Domain,
  name: string,
  { onDelete }: DomainKind,
  { guid }: Definition,
  { sids }: Account,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (onDelete === "delete") return [];
  const { moveTo } = onDelete;
  const found = await raw(domain, { base: moveTo, scope: "base", attrs: ["nTSecurityDescriptor"] }, signal).catch(
    () => [],
  );
  const aces = dacl(found[0]);
  if (!aces)
    return [{ ok: false, text: `${name}: the container of onDelete, ${moveTo}, does not exist or cannot be read` }];
  const ok = grants(aces, sids, RIGHT.createChild, [guid]);
  return [
    {
      ok,
      text: `${name} in ${moveTo}: ${ok ? "deleted entries may be moved there" : "may not create entries, and so not move deleted ones there"}`,
    },
  ];
}

/** The directory's attributes behind a mapped attribute. */
function realAttrs(attr: string, { rdn }: DomainKind): string[] {
  switch (attr.toLowerCase()) {
    case "unicodepwd":
    case "objectclass":
      return [];
    case CONTAINER.toLowerCase():
    case rdn.toLowerCase():
      return [rdn, "name"];
    case MUST_CHANGE_PASSWORD.toLowerCase():
      return ["pwdLastSet"];
    case LOCKED.toLowerCase():
      return ["lockoutTime"];
    default:
      return [attr];
  }
}

async function definitionsOf(
  domain: Domain,
  schema: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Definition>> {
  const filter = new OrFilter({
    filters: names.map((value) => new EqualityFilter({ attribute: "lDAPDisplayName", value })),
  });
  const attrs = ["lDAPDisplayName", "schemaIDGUID", "attributeSecurityGUID", "defaultSecurityDescriptor"];
  const found = await raw(domain, { base: schema, filter, attrs }, signal);
  const guid = (entry: LdapEntry, attr: string) => {
    const [bytes] = values(entry, attr);
    return bytes === undefined ? undefined : guidFromBytes(bytes as Buffer);
  };
  return new Map(
    found.map((entry) => [
      String(values(entry, "lDAPDisplayName")[0]).toLowerCase(),
      {
        guid: guid(entry, "schemaIDGUID")!,
        set: guid(entry, "attributeSecurityGUID"),
        sddl: String(values(entry, "defaultSecurityDescriptor")[0] ?? ""),
      },
    ]),
  );
}

/** The containers that may hold entries of a kind, the base first. */
async function containersOf(
  domain: Domain,
  { base }: DomainKind,
  signal: AbortSignal,
): Promise<{ dn: string; aces: Ace[] | undefined }[]> {
  const filter = new OrFilter({
    filters: ["organizationalUnit", "container", "domainDNS"].map(
      (value) => new EqualityFilter({ attribute: "objectClass", value }),
    ),
  });
  const search = { base, filter, attrs: ["nTSecurityDescriptor"], size: MAX_CONTAINERS };
  const found = await raw(domain, search, signal);
  return found.map((entry) => ({ dn: dnOf(entry.dn), aces: dacl(entry) })).sort((a, b) => a.dn.length - b.dn.length);
}

function dacl(entry: LdapEntry | undefined): Ace[] | undefined {
  const [bytes] = values(entry, "nTSecurityDescriptor");
  return bytes === undefined ? undefined : daclOf(bytes as Buffer);
}

/** A search that leaves binary attributes as bytes. */
const raw = (domain: Domain, search: Parameters<typeof find>[1], signal: AbortSignal): Promise<LdapEntry[]> =>
  find(domain, { ...search, controls: [new SecurityDescriptorControl()] }, signal);

const values = (entry: LdapEntry | undefined, attr: string): (string | Buffer)[] =>
  entry?.[attr] === undefined ? [] : ([entry[attr]].flat() as (string | Buffer)[]);

/** Commands that grant the missing permissions. */
function remediesFor(
  dn: string,
  className: string,
  name: string,
  missing: readonly string[],
  attrs: readonly string[],
): string[] {
  const commands: string[] = [];
  if (missing.includes("create") || missing.includes("delete"))
    commands.push(`dsacls "${dn}" /I:T /G "${name}:CCDC;${className}"`);
  if (attrs.length > 6) commands.push(`dsacls "${dn}" /I:S /G "${name}:RPWP;;${className}"`);
  else for (const attr of attrs) commands.push(`dsacls "${dn}" /I:S /G "${name}:RPWP;${attr};${className}"`);
  if (missing.includes("set passwords"))
    commands.push(`dsacls "${dn}" /I:S /G "${name}:CA;Reset Password;${className}"`);
  return commands.map((command) => `      ${command}`);
}
