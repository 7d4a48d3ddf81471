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

/** The requested changes: of attributes, and of the entry's place in the tree. */
interface UpdatePlan {
  readonly changes: readonly Change[];
  /** Undefined if the entry is not moved. */
  readonly place: Place | undefined;
}

/** Results for adding a present value and deleting an absent one. */
const ALREADY_SO: readonly (number | undefined)[] = [
  result.noSuchAttribute,
  result.valueExists,
  result.unwilling,
  result.entryExists,
];

/**
 * Changes an entry, addressed by GUID: one search for its current state, one modification, and one search for the result. A rename or move
 * comes first, and is undone if the rest is refused. A disable comes before everything else and is never undone.
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
      // A disabled account stays disabled, whatever else is undone.
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

/** Reports whether a change disables an account. */
const isDisabling = (change: Change): boolean => (Number(finalValue(change) ?? 0) & ACCOUNT_DISABLE) !== 0;

/**
 * Disables an account. This comes first and is not undone because of a name or place. If the other changes are refused, the account is
 * disabled all the same, and the error says so.
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
      `The account is disabled, but not all other changes were made: ${message}`,
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

/** Throws `versionMismatch` if the current value is not the one to swap. */
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

/** Converts a change of an attribute that Postern adds to the directory's own attributes. */
function realChange(domain: Domain, change: Change): Change {
  const { attr } = change;
  if (isAttr(change, MUST_CHANGE_PASSWORD))
    return { op: "replace", attr: "pwdLastSet", values: [finalValue(change) === true ? "0" : "-1"] };
  if (isAttr(change, LOCKED)) {
    if (finalValue(change) === true)
      throw new ConnectorError("invalid", "Failed logons lock an account; a write cannot.", { attr });
    return { op: "replace", attr: "lockoutTime", values: ["0"] };
  }
  if (domain.dialect.virtual.has(attr.toLowerCase()))
    throw new ConnectorError("invalid", `"${attr}" is derived from other attributes and cannot be written.`, { attr });
  if (domain.typeOf(attr) === "password") requireEncryption(domain);
  // "Never" is a number here: the attribute always exists, and the old value was checked already.
  if (domain.typeOf(attr) === "fileTime") return { op: "replace", attr, values: [finalValue(change) ?? "0"] };
  return change;
}

/** Maximum values added or removed in one modification. More would take longer than a request may. */
const PART = 100;

/**
 * Makes changes. Long lists are changed in parts, with all other changes in the first. Completed parts remain and can be repeated; a later
 * failure says how far it came.
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
      const made = `The first ${index} of ${parts.length} parts of this change were made: repeat the request.`;
      const options = { cause: failure, mayHaveHappened: true, attr: failure.attr };
      throw new ConnectorError(failure.kind, `${failure.message} ${made}`, options);
    });
}

function inParts(changes: readonly Change[]): Change[][] {
  const isLong = (change: Change) => (change.op === "add" || change.op === "delete") && change.values.length > PART;
  // The changes are combined, so no change affects another and their order does not matter.
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
  // With this control, deleting an absent old value would succeed, and a swap would not notice.
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
 * Changes an entry. An account that is being enabled without ever having had a password, because it was created elsewhere or incompletely,
 * gets one if its kind says so. Otherwise the password policy would refuse.
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
 * The refused changes that still have an effect: Samba refuses to add present values and to delete absent ones. Each value is checked by
 * itself, so that large groups cost no more.
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

/** Deletes an entry, or moves and disables it, as configured. */
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
