import type { Entry as LdapEntry } from "ldapts";
import type { Finding, Uses } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { type Directory, find, type LdapKind } from "./directory.ts";
import { checkLock, checkOverlays, checkPasswords, readOverlays } from "./overlays.ts";
import { type Rights, rightsOf } from "./rights.ts";
import { attributesOf, attributeTypeOf, EVERYWHERE, has, readSubschema, type Subschema } from "./subschema.ts";

/** How many entries are listed to find size limits. */
const MAX_LISTED = 5000;

/**
 * Checks that the directory has what the mappings need and that the account may use it. For each kind: base, key, classes, attributes,
 * permissions and limits; then overlays for references and passwords. Writes nothing. Rejects with a `ConnectorError` if the directory
 * cannot be queried.
 */
export async function checkDirectory(
  directory: Directory,
  account: string | undefined,
  uses: ReadonlyMap<string, Uses>,
  signal: AbortSignal,
): Promise<Finding[]> {
  const schema = await readSubschema(directory, signal);
  if (!schema) return [{ ok: "unknown", text: "the directory publishes no schema, or the account may not read it" }];
  const findings: Finding[] = [];
  for (const [name, use] of uses) {
    const kind = directory.kinds.get(name);
    if (kind) findings.push(...(await checkKind(directory, { name, kind, use, account, schema }, signal)));
  }
  const overlays = await readOverlays(directory, signal);
  return [
    ...findings,
    ...(await checkPasswords(directory, uses, overlays, signal)),
    ...(await checkLock(directory, uses, overlays, signal)),
    ...(await checkOverlays(directory, uses, overlays, signal)),
  ];
}

/** A kind under examination. */
interface Checked {
  readonly name: string;
  readonly kind: LdapKind;
  readonly use: Uses;
  readonly account: string | undefined;
  readonly schema: Subschema;
}

async function checkKind(directory: Directory, checked: Checked, signal: AbortSignal): Promise<Finding[]> {
  const { name, kind, use, schema } = checked;
  const missing = (text: string): Finding => ({ ok: false, text: `${name}: ${text}` });
  const { base, filter } = kind;
  let sample: LdapEntry | undefined;
  try {
    const [container] = await find(directory, { base, scope: "base", attrs: ["1.1"] }, signal);
    if (!container) return [missing(`the base ${base} does not exist, or the account may not see it`)];
    [sample] = await find(
      directory,
      { base, filter, attrs: ["objectClass", kind.key, ...EVERYWHERE], size: 1 },
      signal,
    );
  } catch (error) {
    if (error instanceof ConnectorError && !signal.aborted) return [missing(error.message)];
    throw error;
  }
  const classes = classesOf(use, sample, schema);
  const problems = [
    ...keyProblems(kind, sample, schema),
    ...classProblems(classes, schema),
    ...attributeProblems(directory, checked, classes),
    ...(sample ? absentProblems(checked, sample) : []),
    ...Object.entries(use.constants).flatMap(([attr, value]) =>
      /^CHOOSE\b/.test(String(value))
        ? [`new entries would get ${attr} "${value}": set the right value under \`create\``]
        : [],
    ),
  ];
  const findings = problems.map(missing);
  // Answers about attributes that the classes do not allow would be meaningless.
  const definitions = classes.flatMap((each) => schema.class(each) ?? []);
  const ofClasses = definitions.flatMap(({ must, may }) => [...must, ...may]);
  const isAllowed = (attr: string) => has(ofClasses, attr) || schema.attribute(attr)?.isOperational === true;
  const asked = {
    kind,
    classes,
    required: classes.flatMap((each) => schema.class(each)?.must ?? []),
    reads: [...new Set([...use.reads, kind.key])].filter(isAllowed),
    writes: [...new Set(use.writes)].filter(isAllowed),
    sample: sample?.dn,
  };
  const isWritten = use.writes.length > 0;
  const rights = isWritten ? await rightsOf(directory, checked.account, asked, schema, signal) : undefined;
  // Schema problems are reported already, in clearer words than the server's.
  const isTold = problems.length > 0 && rights?.refusal !== undefined;
  return [
    ...findings,
    ...(isWritten && !isTold ? [rightsFinding(checked, rights, (await directory.features(signal)).isOpenLdap)] : []),
    ...(await checkLimit(directory, checked, signal)),
  ];
}

/** The classes of a new entry, most specific first: those from `create`, or those of an existing entry. */
function classesOf({ constants }: Uses, sample: LdapEntry | undefined, schema: Subschema): string[] {
  const given = Object.entries(constants).find(([attr]) => attr.toLowerCase() === "objectclass")?.[1];
  const named = [given ?? (sample?.objectClass as string[] | undefined) ?? []].flat().map(String);
  const depth = (each: string) => schema.class(each)?.above.length ?? 0;
  const isStructural = (each: string) => Number(schema.class(each)?.isStructural ?? false);
  return named.sort((a, b) => isStructural(b) - isStructural(a) || depth(b) - depth(a));
}

function keyProblems({ key }: LdapKind, sample: LdapEntry | undefined, schema: Subschema): string[] {
  const isThere = sample ? has(attributesOf(sample), key) : schema.attribute(key);
  if (isThere) return [];
  const other = ["nsUniqueId", "entryUUID", "GUID", "ibm-entryUUID"].find(
    (name) => name !== key && schema.attribute(name) !== undefined,
  );
  return [
    `entries have no ${key}, or the account may not read it: set \`key\` to another attribute that never changes${other ? `, such as ${other}` : ""}`,
  ];
}

/** Attributes in the schema that entries lack: the server does not maintain or does not show them. */
const absentProblems = ({ use, kind, schema }: Checked, sample: LdapEntry): string[] =>
  EVERYWHERE.filter(
    (attr) => has(use.reads, attr) && attr !== kind.key && schema.attribute(attr) && !has(attributesOf(sample), attr),
  ).map((attr) => {
    const how = attr === "entryusn" ? ": the USN plug-in maintains it" : ", or the account may not read it";
    return `entries have no ${attr}${how}`;
  });

const classProblems = (classes: readonly string[], schema: Subschema): string[] =>
  classes.flatMap((each) => (schema.class(each) ? [] : [`the schema has no object class ${each}`]));

function attributeProblems(
  { typeOf, dialect }: Directory,
  { kind, use, schema }: Checked,
  classes: readonly string[],
): string[] {
  const { reads, writes, constants } = use;
  const all = [...new Set([...reads, ...writes])].filter((attr) => !dialect.virtual.has(attr.toLowerCase()));
  const unknown = all.filter((attr) => attr !== kind.key && !schema.attribute(attr));
  const definitions = classes.flatMap((each) => schema.class(each) ?? []);
  const allowed = definitions.flatMap(({ must, may }) => [...must, ...may]);
  const takesAll = classes.length === 0 || has(classes, "extensibleObject");
  const known = writes.filter((attr) => schema.attribute(attr));
  const kept = known.filter((attr) => schema.attribute(attr)!.isReadOnly);
  const refused = known.filter((attr) => !takesAll && !has(allowed, attr) && !schema.attribute(attr)!.isOperational);
  const given = [...writes, ...Object.keys(constants), kind.rdn, "objectClass", kind.placeholder?.attr ?? ""];
  const ungiven = [...new Set(definitions.flatMap(({ must }) => must))].filter((attr) => !has(given, attr));
  const otherTypes = all.flatMap((attr) => {
    const definition = schema.attribute(attr);
    const type = definition && attributeTypeOf(definition);
    return type && typeOf(attr) === "text" && type !== "text" && type !== "telephone" ? [`${attr}: ${type}`] : [];
  });
  return [
    ...unknown.map((attr) => `the schema has no attribute ${attr}${hintFor(attr)}`),
    ...[...new Set(kept)].map((attr) => `the directory maintains ${attr} itself: map it readOnly`),
    ...[...new Set(refused)].map((attr) => {
      const other = schema.allowing(attr);
      const how = other.length > 0 ? `: one of ${other.slice(0, 5).join(", ")} does; add it to objectClass` : "";
      return `no class of a new entry (${classes.join(", ")}) allows ${attr}${how}`;
    }),
    ...(writes.length > 0 ? ungiven : []).map(
      (attr) => `a new entry requires ${attr}, but the mapping does not set it`,
    ),
    ...(otherTypes.length > 0
      ? [
          `the schema defines other types for these attributes; declare them: \`attributes: { ${otherTypes.join(", ")} }\``,
        ]
      : []),
  ];
}

/** How to get an attribute that the schema lacks. */
function hintFor(attr: string): string {
  const overlay = { memberof: "memberof", pwdaccountlockedtime: "ppolicy", pwdreset: "ppolicy" }[attr.toLowerCase()];
  return overlay === undefined ? "" : `: in OpenLDAP it comes with the overlay ${overlay}`;
}

function rightsFinding({ name, kind, account }: Checked, rights: Rights | undefined, isOpenLdap: boolean): Finding {
  const where = `${name} in ${kind.base}`;
  if (!rights) return { ok: "unknown", text: `${where}: the directory does not report the account's permissions` };
  const { create, unreadable, unwritable, refusal } = rights;
  if (refusal !== undefined)
    return { ok: false, text: `${where}: the directory would refuse a new entry (${refusal})` };
  const missing = [
    ...(unreadable.length > 0 ? [`read ${unreadable.join(", ")}`] : []),
    ...(create ? [] : ["create"]),
    ...(unwritable.length > 0 ? [`change ${unwritable.join(", ")}`] : []),
    ...(rights.delete === false ? ["delete"] : []),
  ];
  if (missing.length === 0) {
    const all = ["read", "create", "change", ...(rights.delete === undefined ? [] : ["delete"])];
    return { ok: true, text: `${where}: may ${all.join(", ")}` };
  }
  const remedies = remediesFor(kind.base, account ?? "", rights, isOpenLdap).map((line) => `\n      ${line}`);
  return { ok: false, text: `${where}: may not ${missing.join("; ")}${remedies.join("")}` };
}

/** What an administrator can enter to grant the missing permissions. */
function remediesFor(
  base: string,
  account: string,
  { create, unreadable, unwritable, delete: deletes }: Rights,
  isOpenLdap: boolean,
): string[] {
  if (isOpenLdap) return [`olcAccess: to dn.subtree="${base}" by dn.exact="${account}" write by * break`];
  const by = `userdn="ldap:///${account}"`;
  const attrs = [...new Set([...unreadable, ...unwritable])].join(" || ");
  const aci = (target: string, rights: string) =>
    `aci: ${target}(version 3.0; acl "Postern: ${rights}"; allow (${rights}) ${by};)`;
  return [
    `dn: ${base}`,
    ...(attrs ? [aci(`(targetattr="${attrs}")`, "read, search, compare, write")] : []),
    ...(!create || deletes === false ? [aci(`(target="ldap:///${base}")`, "add, delete")] : []),
  ];
}

/** Checks whether all entries can be listed, or a size limit interferes. */
async function checkLimit(
  directory: Directory,
  { name, kind, account }: Checked,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { base, filter } = kind;
  try {
    await find(directory, { base, filter, attrs: ["1.1"], size: MAX_LISTED }, signal, directory.bulk);
    return [];
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.kind !== "tooMany") throw error;
    const { isOpenLdap } = await directory.features(signal);
    const how = isOpenLdap
      ? `limits dn.exact="${account ?? ""}" size=unlimited`
      : `nsSizeLimit: -1, nsPagedSizeLimit: -1 and nsLookThroughLimit: -1 on ${account ?? "its entry"}`;
    return [{ ok: false, text: `${name}: the server does not let the account list all entries: ${how}` }];
  }
}
