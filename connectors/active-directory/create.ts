import { Change as LdapChange } from "ldapts";
import { type CreateRequest, type Entry, type Scalar, type Value, valuesOf } from "../../src/connector/connector.ts";
import { afterWrite, ConnectorError } from "../../src/connector/error.ts";
import { escapeDnValue } from "../../src/connector/kit/text.ts";
import { ldapAttribute, UNDO_MS } from "../ldap/changes.ts";
import { baseIsThere, find, toEntry, write } from "../ldap/directory.ts";
import { dnKey } from "../ldap/dn.ts";
import { result, resultCode } from "../ldap/errors.ts";
import { toFilter } from "../ldap/filter.ts";
import { nameOf } from "../ldap/naming.ts";
import { outOfReach } from "../ldap/reach.ts";
import { ACCOUNT_DISABLE, accountControl, generatePassword, isAccount } from "./accounts.ts";
import { containerDn } from "./containers.ts";
import { CONTAINER, domainOf, LOCKED, MUST_CHANGE_PASSWORD } from "./dialect.ts";
import { type Domain, type DomainKind, entryAt, requireCaughtUp } from "./domain.ts";

/** Maximum characters of a name within its container. */
const MAX_RDN = 64;

/** The steps of a creation: the entry to add, and the changes that then activate the account. */
export interface CreationPlan {
  readonly dn: string;
  /** The entry to add. Accounts that will get a password are disabled until then. */
  readonly entry: Entry;
  /** The password and the flags that enable the account, set in one modification; undefined if there is none. */
  readonly account: Readonly<Record<string, Value>> | undefined;
}

/**
 * Plans a creation. A new account is disabled until its password is set, which only a modification can do (MS-ADTS §3.1.1.3.1.5.1). Throws
 * `invalid` for an impossible name, or a password on an unencrypted connection.
 */
export function planCreation(domain: Domain, kind: DomainKind, given: Entry): CreationPlan {
  const name = nameOf(kind, given);
  if (String(name).length > MAX_RDN)
    throw new ConnectorError("invalid", `"${kind.rdn}" has more than ${MAX_RDN} characters.`, { attr: kind.rdn });
  const { [CONTAINER]: container, [MUST_CHANGE_PASSWORD]: mustChange, [LOCKED]: locked, unicodePwd, ...entry } = given;
  if (locked === true) throw new ConnectorError("invalid", "Failed logons lock an account; a write cannot.");
  const dn = `${kind.rdn}=${escapeDnValue(String(name))},${containerDn(kind, container)}`;
  if (!isAccount(entry)) return { dn, entry, account: undefined };
  const flags = accountControl(entry);
  const isEnabled = (flags & ACCOUNT_DISABLE) === 0;
  // Disabled accounts get one too: Windows does not enable accounts without a password.
  const password = unicodePwd ?? (kind.withoutPassword === "generate" ? generatePassword() : undefined);
  const disabled = { ...entry, userAccountControl: flags | ACCOUNT_DISABLE };
  if (password === undefined) return { dn, entry: disabled, account: undefined };
  requireEncryption(domain);
  const account = {
    unicodePwd: password as Value,
    ...(isEnabled && { userAccountControl: flags }),
    ...(mustChange === true && { pwdLastSet: "0" }),
  };
  return { dn, entry: disabled, account };
}

/** Throws `invalid` if a password would be sent in the clear, which Active Directory refuses. */
export function requireEncryption({ isEncrypted }: Domain): void {
  if (isEncrypted) return;
  throw new ConnectorError(
    "invalid",
    "Passwords can only be sent over an encrypted connection: use ldaps://, or set tls.startTls.",
    { attr: "unicodePwd" },
  );
}

/**
 * Creates an entry. An account is created with its password or not at all. Rejects with `conflict` and the attribute whose value is taken,
 * or with `invalid` and the policy's reason if the password is refused. Either way nothing is left behind.
 */
export async function create(domain: Domain, { kind: name, entry, attrs, signal }: CreateRequest): Promise<Entry> {
  const kind = domain.kinds.get(name)!;
  const plan = planCreation(domain, kind, entry);
  await requireCaughtUp(domain, signal);
  const attributes = Object.keys(plan.entry).map((attr) =>
    ldapAttribute(attr, valuesOf(plan.entry, attr), domain.typeOf),
  );
  try {
    await write(domain.pool, signal, (client) => client.add(plan.dn, attributes));
  } catch (error) {
    throw await explained(domain, kind, plan, error, signal);
  }
  if (plan.account) await bringToLife(domain, plan, signal);
  const wanted = [...new Set([...attrs, kind.key])];
  const stored = await afterWrite(() => entryAt(domain, { base: plan.dn, filter: kind.filter, attrs: wanted }, signal));
  if (!stored) throw await lost(domain, kind, plan.dn, signal);
  const created = toEntry(kind, stored, wanted, domain);
  domain.written.note(String(created[kind.key]), true);
  return created;
}

/** Explains why a new entry is not found among those of its kind. */
async function lost(domain: Domain, kind: DomainKind, dn: string, signal: AbortSignal): Promise<ConnectorError> {
  if (!(await entryAt(domain, { base: dn, attrs: ["1.1"] }, signal)))
    return new ConnectorError("unavailable", `${dn} was created, and moved away immediately by somebody else.`);
  return outOfReach(dn, kind.filter, () =>
    write(domain.pool, AbortSignal.timeout(UNDO_MS), (client) => client.del(dn)),
  );
}

/** Sets the password and flags of a new account, and deletes the account if that is refused. */
async function bringToLife(domain: Domain, { dn, account }: CreationPlan, signal: AbortSignal): Promise<void> {
  const changes = Object.entries(account ?? {}).map(
    ([attr, value]) =>
      new LdapChange({ operation: "replace", modification: ldapAttribute(attr, [value], domain.typeOf) }),
  );
  try {
    await write(domain.pool, signal, (client) => client.modify(dn, changes));
  } catch (error) {
    const failure = domain.failure(error) as Error;
    try {
      // The signal may have fired already, but a half-made account must not remain.
      await write(domain.pool, AbortSignal.timeout(UNDO_MS), (client) => client.del(dn));
    } catch (left) {
      if (resultCode(left) === result.noSuchObject) throw failure;
      throw new ConnectorError(
        "unavailable",
        `The account ${dn} was created without a password and could not be deleted: it still exists, disabled. ${failure.message}`,
        { cause: error },
      );
    }
    throw failure;
  }
}

/** Explains a refused addition: which name is taken, or that the container is missing. */
async function explained(
  domain: Domain,
  kind: DomainKind,
  { dn, entry }: CreationPlan,
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const failure = domain.failure(error);
  if (!(failure instanceof ConnectorError)) return failure;
  const parent = dn.slice(dn.indexOf(",") + 1);
  if (resultCode(error) === result.noSuchObject && failure.kind === "notFound") {
    if (dnKey(parent) === dnKey(kind.base)) return baseIsThere(domain, parent, failure);
    return new ConnectorError("invalid", `The container ${parent} does not exist. ${failure.message}`, {
      cause: error,
    });
  }
  if (failure.kind !== "conflict" || failure.attr !== undefined) return failure;
  const attr = await takenAttr(domain, entry, dn, signal);
  const value = JSON.stringify(valuesOf(entry, attr ?? kind.rdn)[0]);
  const where = attr === undefined ? ` in ${parent}` : "";
  return new ConnectorError("conflict", `An entry with ${attr ?? kind.rdn} ${value}${where} already exists.`, {
    attr: attr ?? kind.rdn,
    cause: error,
  });
}

/** Which domain-wide unique name is taken; undefined if it is the name within the container. */
async function takenAttr(domain: Domain, entry: Entry, dn: string, signal: AbortSignal): Promise<string | undefined> {
  for (const attr of ["userPrincipalName", "sAMAccountName"]) {
    const value = valuesOf(entry, attr)[0] as Scalar | undefined;
    if (value === undefined) continue;
    const filter = toFilter({ op: "eq", attr, value }, domain);
    const found = await find(domain, { base: domainOf(dn), filter, attrs: ["1.1"] }, signal);
    if (found.length > 0) return attr;
  }
  return undefined;
}
