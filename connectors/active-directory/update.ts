import {
  type Change,
  type DeleteRequest,
  type Entry,
  type UpdateRequest,
  type Value,
  valuesOf,
} from "../../src/connector/connector.ts";
import { afterWrite, ConnectorError, entryNotFound } from "../../src/connector/error.ts";
import { combined } from "../../src/connector/kit/combine.ts";
import { escapeDnValue } from "../../src/connector/kit/text.ts";
import { finalValue, formOf, inPlace, isAttr, ldapChanges, renaming, UNDO_MS } from "../ldap/changes.ts";
import { permissiveModify } from "../ldap/controls.ts";
import { toEntry, write } from "../ldap/directory.ts";
import { dnKey, parentOf, rdnsOf } from "../ldap/dn.ts";
import { result, resultCode } from "../ldap/errors.ts";
import { toFilter } from "../ldap/filter.ts";
import { addressOf } from "../ldap/formats.ts";
import { withinReach } from "../ldap/reach.ts";
import { ACCOUNT_DISABLE, generatePassword } from "./accounts.ts";
import { containerDn } from "./containers.ts";
import { requireEncryption } from "./create.ts";
import { CONTAINER, LOCKED, MUST_CHANGE_PASSWORD } from "./dialect.ts";
import { type Domain, type DomainKind, entryAt, holds, locateToWrite, type Present } from "./domain.ts";
import { moveTo, type Place } from "./places.ts";
import { checkPrimary, GROUP_NUMBER, takesMembers } from "./primary.ts";

/** What changes ask for: of the entry's attributes, and of its place in the tree. */
interface UpdatePlan {
  readonly changes: readonly Change[];
  /** Undefined where it stays. */
  readonly place: Place | undefined;
}

/** What Active Directory answers to adding what is there, and to deleting what is not. */
const ALREADY_SO: readonly (number | undefined)[] = [
  result.noSuchAttribute,
  result.valueExists,
  result.unwilling,
  result.entryExists,
];

/**
 * Changes an entry, addressed by its GUID, whatever its name is by now: one search for the entry as it is, one modification,
 * and one search for the answer. A rename or a move comes first, and is taken back where the rest is refused; but whoever is
 * disabled is so before anything else is tried, and stays so.
 */
export async function update(domain: Domain, request: UpdateRequest): Promise<Entry> {
  const { kind: name, key, attrs, expected, signal } = request;
  const kind = domain.kinds.get(name)!;
  const swapped = request.changes.filter((change) => change.op === "swap").map(({ attr }) => attr);
  const isRemoval = takesMembers(request.changes);
  const wanted = isRemoval ? [...swapped, GROUP_NUMBER] : swapped;
  const present = await locateToWrite(domain, name, key, wanted, expected, signal);
  checkSwaps(request.changes, present.entry);
  if (isRemoval) await checkPrimary(domain, kind.base, present.entry, request.changes, signal);
  const { changes, place } = planUpdate(domain, kind, present, request.changes);
  const isDisabled = changes.some((change) => isAttr(change, "userAccountControl") && isDisabling(change));
  const reach = {
    filter: kind.filter,
    changes: [...changes, ...request.changes.filter((change) => isAttr(change, kind.rdn))],
    typeOf: domain.typeOf,
    isSecret: (attr: string) => domain.typeOf(attr) === "password",
    read: async (wanted: readonly string[]) => {
      const found = await entryAt(domain, { base: addressOf(key), attrs: wanted }, signal);
      if (!found) throw entryNotFound(name, key);
      return toEntry(kind, found, wanted, domain);
    },
    isReached: async () =>
      (await entryAt(domain, { base: addressOf(key), filter: kind.filter, attrs: ["1.1"] }, signal)) !== undefined,
    undo: async (back: readonly Change[]) => {
      const ends = AbortSignal.timeout(UNDO_MS);
      if (place) await write(domain.pool, ends, (client) => client.modifyDN(addressOf(key), present.dn));
      // Who was disabled stays so, whatever else is taken back.
      const stays = isDisabled ? [kind.rdn, "userAccountControl"] : [kind.rdn];
      const others = back.filter((change) => !stays.some((attr) => isAttr(change, attr)));
      await modify(domain, kind, key, others, ends);
    },
  };
  await withinReach(reach, async () => {
    if (isDisabled) return disable(domain, kind, key, present.dn, { changes, place }, signal);
    const undo = place && (await moveTo(domain, kind, key, present.dn, place, signal));
    try {
      await modifyAccount(domain, kind, key, changes, signal);
    } catch (error) {
      const failure = domain.failure(error);
      throw undo ? await undo(failure) : failure;
    }
  });
  domain.written.note(key, false);
  if (attrs.length === 0) return {};
  return afterWrite(async () => {
    const found = await entryAt(domain, { base: addressOf(key), attrs }, signal);
    if (!found) throw entryNotFound(name, key);
    return toEntry(kind, found, attrs, domain);
  });
}

/** Whether a change leaves an account that nobody can use. */
const isDisabling = (change: Change): boolean => (Number(finalValue(change) ?? 0) & ACCOUNT_DISABLE) !== 0;

/**
 * Makes changes that disable an account: that comes first, and is not taken back because of a name or a place. Where the other
 * changes are refused, the account is disabled all the same, and the failure says so.
 */
async function disable(
  domain: Domain,
  kind: DomainKind,
  key: string,
  dn: string,
  { changes, place }: UpdatePlan,
  signal: AbortSignal,
): Promise<void> {
  const stays = (error: unknown) => {
    const failure = domain.failure(error);
    if (!(failure instanceof ConnectorError)) return failure;
    const { kind: what, message, attr } = failure;
    const options = { cause: failure, mayHaveHappened: true, ...(attr && { attr }) };
    return new ConnectorError(
      what,
      `The account is disabled, and its other changes were not all made: ${message}`,
      options,
    );
  };
  const isFlags = (change: Change) => isAttr(change, "userAccountControl");
  await modify(domain, kind, key, changes.filter(isFlags), signal).catch((error) => {
    throw domain.failure(error);
  });
  try {
    const others = changes.filter((change) => !isFlags(change));
    await modify(domain, kind, key, others, signal);
    if (place) await moveTo(domain, kind, key, dn, place, signal);
  } catch (error) {
    throw stays(error);
  }
}

/** Throws `versionMismatch` where a swap's attribute is not what it is to be swapped from. */
function checkSwaps(changes: readonly Change[], entry: Entry): void {
  for (const change of changes)
    if (change.op === "swap" && !holds(entry, change.attr, change.from))
      throw new ConnectorError("versionMismatch", `"${change.attr}" is no longer what it was.`, { attr: change.attr });
}

function planUpdate(
  domain: Domain,
  kind: DomainKind,
  { dn }: Pick<Present, "dn">,
  asked: readonly Change[],
): UpdatePlan {
  const renamed = renaming(kind, dn, asked);
  const moved = asked.find((change) => isAttr(change, CONTAINER));
  const container = moved ? containerDn(kind, finalValue(moved)) : parentOf(dn);
  const isMove = dnKey(container) !== dnKey(parentOf(dn));
  const rdn = renamed ? `${kind.rdn}=${escapeDnValue(renamed.to)}` : rdnsOf(dn)[0]!;
  return {
    changes: combined(
      asked
        .filter((change) => !isAttr(change, kind.rdn) && !isAttr(change, CONTAINER))
        .map((change) => realChange(domain, change)),
      (attr) => formOf(domain.typeOf(attr)),
    ),
    place: renamed || isMove ? { rdn, container, isNamed: renamed !== undefined } : undefined,
  };
}

/** A change of an attribute that Postern adds, as one of those that the directory has. */
function realChange(domain: Domain, change: Change): Change {
  const { attr } = change;
  if (isAttr(change, MUST_CHANGE_PASSWORD))
    return { op: "replace", attr: "pwdLastSet", values: [finalValue(change) === true ? "0" : "-1"] };
  if (isAttr(change, LOCKED)) {
    if (finalValue(change) === true)
      throw new ConnectorError("invalid", "An account is locked by failed logons, not by a write.", { attr });
    return { op: "replace", attr: "lockoutTime", values: ["0"] };
  }
  if (domain.dialect.virtual.has(attr.toLowerCase()))
    throw new ConnectorError("invalid", `"${attr}" follows from others and cannot be written.`, { attr });
  if (domain.typeOf(attr) === "password") requireEncryption(domain);
  // Never is a number here: the attribute is always there, and its old value was looked at already.
  if (domain.typeOf(attr) === "fileTime") return { op: "replace", attr, values: [finalValue(change) ?? "0"] };
  return change;
}

/** How many values one modification adds or takes away: more take a domain controller longer than a request has. */
const PART = 100;

/**
 * Makes changes; many values of a list in parts, the other changes with the first one. What parts were made stays, and may come again:
 * a failure behind the first says how far it came.
 */
async function modify(
  domain: Domain,
  kind: DomainKind,
  key: string,
  changes: readonly Change[],
  signal: AbortSignal,
): Promise<void> {
  const parts = inParts(changes);
  for (const [index, part] of parts.entries())
    await modifyOnce(domain, kind, key, part, signal).catch((error) => {
      if (index === 0) throw error;
      const failure = domain.failure(error);
      if (!(failure instanceof ConnectorError)) throw failure;
      const made = `The first ${index} of ${parts.length} parts of this change were made: repeat it.`;
      const options = { cause: failure, mayHaveHappened: true, attr: failure.attr };
      throw new ConnectorError(failure.kind, `${failure.message} ${made}`, options);
    });
}

function inParts(changes: readonly Change[]): Change[][] {
  const isLong = (change: Change) => (change.op === "add" || change.op === "delete") && change.values.length > PART;
  // They are combined: none takes away what another adds, so that their order says nothing.
  const first: Change[] = [];
  const rest: Change[][] = [];
  for (const change of changes) {
    if (!isLong(change) || change.op === "swap") {
      first.push(change);
      continue;
    }
    const { values } = change;
    first.push({ ...change, values: values.slice(0, PART) });
    for (let at = PART; at < values.length; at += PART) rest.push([{ ...change, values: values.slice(at, at + PART) }]);
  }
  return [first, ...rest];
}

async function modifyOnce(
  domain: Domain,
  kind: DomainKind,
  key: string,
  changes: readonly Change[],
  signal: AbortSignal,
): Promise<void> {
  const wanted = changes.flatMap((change) => ldapChanges(kind, change, false, domain.typeOf));
  if (wanted.length === 0) return;
  // With it an old value that is not there any more would pass, and a swap would not notice.
  const controls = changes.some((change) => change.op === "swap") ? [] : [permissiveModify()];
  try {
    await write(domain.pool, signal, (client) => client.modify(addressOf(key), wanted, controls));
  } catch (error) {
    const over = inPlace(changes, error);
    if (over) return modifyOnce(domain, kind, key, over, signal);
    if (!ALREADY_SO.includes(resultCode(error))) throw error;
    const left = await outstanding(domain, kind, key, changes, signal);
    if (left.length === 0) return;
    if (countValues(left) === countValues(changes)) throw error;
    const rest = left.flatMap((change) => ldapChanges(kind, change, false, domain.typeOf));
    await write(domain.pool, signal, (client) => client.modify(addressOf(key), rest, controls));
  }
}

/**
 * Changes an entry. An account that is enabled and never had a password, because it was made elsewhere or its creation was
 * cut short, gets one where its kind gives it one: the password policy refuses it otherwise.
 */
async function modifyAccount(
  domain: Domain,
  kind: DomainKind,
  key: string,
  changes: readonly Change[],
  signal: AbortSignal,
): Promise<void> {
  const isEnabled = changes.some(
    (change) => isAttr(change, "userAccountControl") && (Number(finalValue(change)) & ACCOUNT_DISABLE) === 0,
  );
  const canGive =
    isEnabled && kind.withoutPassword === "generate" && !changes.some((each) => isAttr(each, "unicodePwd"));
  try {
    await modify(domain, kind, key, changes, signal);
  } catch (error) {
    const failure = domain.failure(error);
    const lacksPassword = failure instanceof ConnectorError && failure.attr === "unicodePwd";
    if (!canGive || !lacksPassword) throw error;
    requireEncryption(domain);
    const password: Change = { op: "replace", attr: "unicodePwd", values: [generatePassword()] };
    await modify(domain, kind, key, [password, ...changes], signal);
  }
}

const countValues = (changes: readonly Change[]): number =>
  changes.reduce((count, change) => count + (change.op === "swap" ? 1 : change.values.length), 0);

/**
 * Of changes that were refused those that still change something: Samba refuses to add what is there and to delete what is
 * not. Each value is asked for by itself, so that a large group costs no more than a small one.
 */
async function outstanding(
  domain: Domain,
  kind: DomainKind,
  key: string,
  changes: readonly Change[],
  signal: AbortSignal,
): Promise<Change[]> {
  const swaps = changes.filter((change) => change.op === "swap");
  if (swaps.length > 0) {
    const attrs = swaps.map(({ attr }) => attr);
    const found = await entryAt(domain, { base: addressOf(key), attrs }, signal);
    if (found) checkSwaps(swaps, toEntry(kind, found, attrs, domain));
  }
  const hasValue = async (attr: string, value: Value) => {
    const filter = toFilter({ op: "eq", attr, value: value as string, caseExact: true }, domain);
    return (await entryAt(domain, { base: addressOf(key), filter, attrs: ["1.1"] }, signal)) !== undefined;
  };
  const left = await Promise.all(
    changes.map(async (change): Promise<Change> => {
      if (change.op !== "add" && change.op !== "delete") return change;
      const there = await Promise.all(change.values.map((value) => hasValue(change.attr, value)));
      return { ...change, values: change.values.filter((_, index) => there[index] === (change.op === "delete")) };
    }),
  );
  return left.filter((change) => (change.op !== "add" && change.op !== "delete") || change.values.length > 0);
}

/** Deletes an entry, or moves it away and disables it, as its kind is configured. */
export async function remove(domain: Domain, { kind: name, key, expected, signal }: DeleteRequest): Promise<void> {
  const kind = domain.kinds.get(name)!;
  const { onDelete } = kind;
  const attrs = onDelete === "delete" ? [] : ["userAccountControl"];
  const present = await locateToWrite(domain, name, key, attrs, expected, signal);
  try {
    if (onDelete === "delete") await write(domain.pool, signal, (client) => client.del(addressOf(key)));
    else await retire(domain, kind, key, present, onDelete, signal);
    domain.written.forget(key);
  } catch (error) {
    throw domain.failure(error);
  }
}

async function retire(
  domain: Domain,
  kind: DomainKind,
  key: string,
  { dn, entry }: Present,
  { moveTo: container, disable: isDisabled }: Exclude<DomainKind["onDelete"], "delete">,
  signal: AbortSignal,
): Promise<void> {
  const place = { rdn: rdnsOf(dn)[0]!, container, isNamed: false };
  const undo = await moveTo(domain, kind, key, dn, place, signal);
  const flags = Number(valuesOf(entry, "userAccountControl")[0] ?? 0);
  if (!isDisabled || flags === 0 || (flags & ACCOUNT_DISABLE) !== 0) return;
  const change: Change = { op: "swap", attr: "userAccountControl", from: flags, to: flags | ACCOUNT_DISABLE };
  try {
    await modify(domain, kind, key, [change], signal);
  } catch (error) {
    throw await undo(domain.failure(error));
  }
}
