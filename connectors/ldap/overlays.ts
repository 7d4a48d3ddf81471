import { FilterParser, type Entry as LdapEntry } from "ldapts";
import type { Finding, Uses } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { type Directory, find } from "./directory.ts";
import { dnKey, isWithin, parentOf } from "./dn.ts";
import { has } from "./subschema.ts";

/** The overlays of OpenLDAP's databases; undefined if unreadable, and for other servers. */
export type Overlays = readonly LdapEntry[] | undefined;

/** How many entries with a password are examined. */
const MAX_PASSWORDS = 50;

/** Reference attributes of common schemas that should follow renames and deletions. */
const REFERENCES = ["member", "uniqueMember", "manager", "owner", "secretary", "roleOccupant", "seeAlso"];

/**
 * Checks whether new passwords are stored as hashes: OpenLDAP stores what it receives unless ppolicy hashes it. Judged from existing
 * passwords, if readable, or from the configuration.
 */
export async function checkPasswords(
  directory: Directory,
  uses: ReadonlyMap<string, Uses>,
  overlays: Overlays,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { isOpenLdap } = await directory.features(signal);
  const findings: Finding[] = [];
  for (const [name, { writes }] of uses) {
    const kind = directory.kinds.get(name);
    if (!kind || !has(writes, "userPassword")) continue;
    const filter = FilterParser.parseString("(userPassword=*)");
    const search = { base: kind.base, filter, attrs: ["userPassword"], size: MAX_PASSWORDS };
    const found = await tolerantly(find(directory, search, signal), []);
    const values = found.flatMap((entry) => texts(entry, "userPassword"));
    const inClear = values.filter((value) => !/^\{[\w-]+\}/.test(value)).length;
    if (inClear > 0)
      findings.push({
        ok: false,
        text: `${name}: ${inClear} of ${values.length} examined passwords are stored in clear text: in OpenLDAP, set olcPPolicyHashCleartext: TRUE in the overlay ppolicy, and deny accounts read access to userPassword`,
      });
    else if (isOpenLdap) {
      const isHashed = overlays?.some((entry) => texts(entry, "olcPPolicyHashCleartext")[0] === "TRUE");
      if (overlays && !isHashed)
        findings.push({
          ok: false,
          text: `${name}: new passwords are stored in clear text: set olcPPolicyHashCleartext: TRUE in the overlay ppolicy`,
        });
      if (!overlays)
        findings.push({
          ok: "unknown",
          text: `${name}: could not determine whether new passwords are hashed: in OpenLDAP, check that the overlay ppolicy has olcPPolicyHashCleartext: TRUE`,
        });
    }
  }
  return findings;
}

/** Checks what maintains references: memberOf, and references to renamed or deleted entries. */
export async function checkOverlays(
  directory: Directory,
  uses: ReadonlyMap<string, Uses>,
  overlays: Overlays,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { isOpenLdap } = await directory.features(signal);
  const used = [...uses.values()].flatMap(({ reads, writes }) => [...reads, ...writes]);
  const references = REFERENCES.filter((attr) => has(used, attr));
  const findings = await checkMemberOf(directory, uses, signal);
  if (references.length === 0) return findings;
  const named = references.join(", ");
  const keeper = isOpenLdap ? "the overlay refint" : "referential integrity";
  const kept = isOpenLdap ? keptByRefint(overlays) : await keptByPlugin(directory, signal);
  if (!kept) {
    const text = `could not determine whether ${named} follow renames and deletions, because the account may not read the server's configuration: check that ${keeper} lists them`;
    return [...findings, { ok: "unknown", text }];
  }
  const left = references.filter((attr) => !has(kept, attr));
  return [
    ...findings,
    left.length === 0
      ? { ok: true, text: `${keeper} maintains ${named}` }
      : {
          ok: false,
          text: `${left.join(", ")} do not follow renames and deletions: add them to ${keeper}`,
        },
  ];
}

/** Checks whether group members have memberOf. */
async function checkMemberOf(
  directory: Directory,
  uses: ReadonlyMap<string, Uses>,
  signal: AbortSignal,
): Promise<Finding[]> {
  const reading = [...uses].find(([, { reads }]) => has(reads, "memberOf"));
  const kind = reading && directory.kinds.get(reading[0]);
  if (!kind) return [];
  const first = async (base: string, filter: string, attrs: string[]) =>
    (
      await tolerantly(find(directory, { base, filter: FilterParser.parseString(filter), attrs, size: 20 }, signal), [])
    )[0];
  if (await first(kind.base, "(memberOf=*)", ["1.1"])) return [];
  for (const [name, of] of directory.kinds) {
    const attr = ["member", "uniqueMember"].find((each) => has(uses.get(name)?.writes ?? [], each));
    if (attr === undefined) continue;
    const group = await first(of.base, `(${attr}=*)`, [attr]);
    const member = group && texts(group, attr).find((dn) => isWithin(dn, kind.base));
    if (member)
      return [
        {
          ok: false,
          text: `${reading[0]}: no entry has memberOf, although ${group.dn} has ${member}: the overlay memberof (389: the MemberOf plug-in) must be active before members are added`,
        },
      ];
  }
  return [];
}

/** The overlays of the databases that hold the kinds' entries; each database has its own. Undefined if the configuration is unreadable. */
export async function readOverlays(directory: Directory, signal: AbortSignal): Promise<Overlays> {
  if (!(await directory.features(signal)).isOpenLdap) return undefined;
  const [root] = await find(directory, { base: "", scope: "base", attrs: ["configContext"] }, signal);
  const [base] = root ? texts(root, "configContext") : [];
  if (base === undefined) return undefined;
  const all = (filter: string, attrs: string[]) =>
    tolerantly(find(directory, { base, filter: FilterParser.parseString(filter), attrs }, signal), []);
  const databases = await all("(objectClass=olcDatabaseConfig)", ["olcSuffix"]);
  if (databases.length === 0) return undefined;
  const holding = [...directory.kinds.values()].map((kind) => {
    const suffixes = databases.flatMap((each) => texts(each, "olcSuffix").map((suffix) => ({ dn: each.dn, suffix })));
    const above = suffixes.filter(({ suffix }) => isWithin(kind.base, suffix));
    return above.toSorted((one, other) => other.suffix.length - one.suffix.length)[0]?.dn;
  });
  const attrs = ["olcOverlay", "olcRefintAttribute", "olcPPolicyHashCleartext", "olcPPolicyDefault"];
  const overlays = await all("(objectClass=olcOverlayConfig)", attrs);
  return overlays.filter(({ dn }) => {
    const database = parentOf(dn);
    return (
      /^olcDatabase=(\{-1\})?frontend,/i.test(database) ||
      holding.some((each) => each && dnKey(each) === dnKey(database))
    );
  });
}

/** Checks whether a lock prevents logons: in OpenLDAP it needs the overlay ppolicy and a policy with pwdLockout. */
export async function checkLock(
  directory: Directory,
  uses: ReadonlyMap<string, Uses>,
  overlays: Overlays,
  signal: AbortSignal,
): Promise<Finding[]> {
  const locking = [...uses].find(([, { writes }]) => has(writes, "pwdAccountLockedTime"));
  const kind = locking && directory.kinds.get(locking[0]);
  if (!kind || !(await directory.features(signal)).isOpenLdap) return [];
  const missing = (text: string): Finding[] => [
    { ok: false, text: `${locking[0]}: locking an account does not prevent logons: ${text}` },
  ];
  const policy = overlays?.find((each) => /ppolicy$/i.test(texts(each, "olcOverlay")[0] ?? ""));
  if (overlays && !policy) return missing("the database has no overlay ppolicy");
  const [root] = await find(directory, { base: "", scope: "base", attrs: ["namingContexts"] }, signal);
  const contexts = root ? texts(root, "namingContexts") : [];
  const base = contexts.find((each) => isWithin(kind.base, each)) ?? kind.base;
  const search = {
    base,
    filter: FilterParser.parseString("(objectClass=pwdPolicy)"),
    attrs: ["pwdLockout"],
    size: 100,
  };
  const policies = await tolerantly(find(directory, search, signal), []);
  const locks = policies.filter((each) => texts(each, "pwdLockout")[0]?.toUpperCase() === "TRUE");
  const how = "set pwdLockout: TRUE in the policy that olcPPolicyDefault of the overlay ppolicy names";
  if (policies.length > 0 && locks.length === 0) return missing(how);
  if (!policy || policies.length === 0)
    return [
      { ok: "unknown", text: `${locking[0]}: could not determine whether locking an account prevents logons: ${how}` },
    ];
  const [named] = texts(policy, "olcPPolicyDefault");
  if (named === undefined || !locks.some(({ dn }) => dnKey(dn) === dnKey(named))) return missing(how);
  return [{ ok: true, text: `${locking[0]}: locking an account prevents logons, by ${named}` }];
}

const keptByRefint = (overlays: Overlays): string[] | undefined =>
  overlays?.flatMap((entry) => texts(entry, "olcRefintAttribute").flatMap((value) => value.split(/\s+/)));

/** What 389 Directory Server's plug-in maintains; undefined if the account may not look. */
async function keptByPlugin(directory: Directory, signal: AbortSignal): Promise<string[] | undefined> {
  const base = "cn=referential integrity postoperation,cn=plugins,cn=config";
  const attrs = ["nsslapd-pluginEnabled", "referint-membership-attr"];
  const [found] = await tolerantly(find(directory, { base, scope: "base", attrs }, signal), []);
  if (!found) return undefined;
  return texts(found, "nsslapd-pluginEnabled")[0] === "on" ? texts(found, "referint-membership-attr") : [];
}

/** Treats unreadable and missing entries as absent. */
async function tolerantly<T>(work: Promise<T>, otherwise: T): Promise<T> {
  return work.catch((error) => {
    if (error instanceof ConnectorError && ["denied", "notFound", "tooMany", "invalid"].includes(error.kind))
      return otherwise;
    throw error;
  });
}

const texts = (entry: LdapEntry, attr: string): string[] => {
  const found = Object.entries(entry).find(([name]) => name.toLowerCase() === attr.toLowerCase())?.[1];
  return found === undefined ? [] : [found].flat().map(String);
};
