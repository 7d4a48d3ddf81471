import {
  type Change,
  type DeleteRequest,
  type Entry,
  type UpdateRequest,
  type Value,
  valuesOf,
} from "../../src/connector/connector.ts";
import { afterWrite, ConnectorError, entryNotFound } from "../../src/connector/error.ts";
import { escapeDnValue } from "../../src/expression/helpers.ts";
import { ldapChanges, named, renaming } from "../ldap/changes.ts";
import { permissiveModify } from "../ldap/controls.ts";
import { toEntry, write } from "../ldap/directory.ts";
import { dnKey, firstRdn, parentOf, rdnsOf } from "../ldap/dn.ts";
import { result, resultCode } from "../ldap/errors.ts";
import { toFilter } from "../ldap/filter.ts";
import { addressOf, dnOf } from "../ldap/formats.ts";
import { withinReach } from "../ldap/reach.ts";
import { ACCOUNT_DISABLE, generatePassword } from "./accounts.ts";
import { containerDn } from "./containers.ts";
import { requireEncryption } from "./create.ts";
import { CONTAINER, LOCKED, MUST_CHANGE_PASSWORD } from "./dialect.ts";
import { type Domain, type DomainKind, entryAt, holds, locateToWrite, type Present } from "./domain.ts";

/** What changes ask for: of the entry's attributes, and of its place in the tree. */
interface UpdatePlan {
  readonly changes: readonly Change[];
  /** The RDN and the container that the entry is to have; undefined where it stays. */
  readonly place: { readonly rdn: string; readonly container: string } | undefined;
}

/** How long taking something back may take, in milliseconds. */
const UNDO_MS = 2000;
/** Names in a container are tried with a number up to this one. */
const MAX_NAMESAKES = 20;
/** What Active Directory answers to adding what is there, and to deleting what is not. */
const ALREADY_SO: readonly (number | undefined)[] = [
  result.noSuchAttribute,
  result.valueExists,
  result.unwilling,
  result.entryExists,
];

/**
 * Changes an entry, addressed by its GUID, whatever its name is by now: one search for the entry as it is, one modification,
 * and one search for the answer. A rename or a move comes first, and is taken back where the rest is refused.
 */
export async function update(domain: Domain, request: UpdateRequest): Promise<Entry> {
  const { kind: name, key, attrs, expected, signal } = request;
  const kind = domain.kinds.get(name)!;
  const swapped = request.changes.filter((change) => change.op === "swap").map(({ attr }) => attr);
  const present = await locateToWrite(domain, name, key, swapped, expected, signal);
  checkSwaps(request.changes, present.entry);
  const { changes, place } = planUpdate(domain, kind, present, request.changes);
  const reach = {
    filter: kind.filter,
    changes,
    isSecret: (attr: string) => domain.typeOf(attr) === "password",
    read: async (wanted: readonly string[]) => {
      const found = await entryAt(domain, { base: addressOf(key), attrs: wanted }, signal);
      if (!found) throw entryNotFound(name, key);
      return toEntry(kind, found, wanted, domain);
    },
    isReached: async () =>
      (await entryAt(domain, { base: addressOf(key), filter: kind.filter, attrs: ["1.1"] }, signal)) !== undefined,
    undo: (back: readonly Change[]) => modify(domain, kind, key, back, AbortSignal.timeout(UNDO_MS)),
  };
  await withinReach(reach, async () => {
    const undo = place && (await move(domain, kind, key, present.dn, place, signal));
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
    changes: asked
      .filter((change) => !isAttr(change, kind.rdn) && !isAttr(change, CONTAINER))
      .map((change) => realChange(domain, change)),
    place: renamed || isMove ? { rdn, container } : undefined,
  };
}

const isAttr = (change: Change, attr: string): boolean => change.attr.toLowerCase() === attr.toLowerCase();

/** The one value that a change leaves. */
const finalValue = (change: Change): Value | undefined =>
  change.op === "swap" ? (change.to ?? undefined) : change.op === "delete" ? undefined : change.values.at(-1);

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

/** Renames and moves an entry in one step. Gives what takes that back, with the failure that made it necessary. */
async function move(
  domain: Domain,
  kind: DomainKind,
  key: string,
  dn: string,
  { rdn, container }: NonNullable<UpdatePlan["place"]>,
  signal: AbortSignal,
): Promise<(failure: unknown) => Promise<unknown>> {
  try {
    await write(domain.pool, signal, (client) => client.modifyDN(addressOf(key), `${rdn},${container}`));
  } catch (error) {
    const failure = domain.failure(error);
    const isClash = failure instanceof ConnectorError && failure.kind === "conflict";
    if (
      resultCode(error) !== undefined &&
      !isClash &&
      !(await entryAt(domain, { base: container, attrs: ["1.1"] }, signal))
    )
      throw new ConnectorError("invalid", `The container ${container} is not there. ${(failure as Error).message}`, {
        attr: CONTAINER,
        cause: error,
      });
    throw named(failure, kind, firstRdn(rdn)?.value ?? rdn);
  }
  return async (failure) => {
    try {
      await write(domain.pool, AbortSignal.timeout(UNDO_MS), (client) => client.modifyDN(addressOf(key), dn));
      return failure;
    } catch (error) {
      return new ConnectorError(
        "unavailable",
        `The entry is now ${rdn},${container}, but its other changes were not made, and it could not be put back: ${(failure as Error).message}`,
        { cause: error },
      );
    }
  };
}

async function modify(
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
  { moveTo, disable }: Exclude<DomainKind["onDelete"], "delete">,
  signal: AbortSignal,
): Promise<void> {
  const undo = await moveAway(domain, kind, key, dn, moveTo, signal);
  const flags = Number(valuesOf(entry, "userAccountControl")[0] ?? 0);
  if (!disable || flags === 0 || (flags & ACCOUNT_DISABLE) !== 0) return;
  const change: Change = { op: "swap", attr: "userAccountControl", from: flags, to: flags | ACCOUNT_DISABLE };
  try {
    await modify(domain, kind, key, [change], signal);
  } catch (error) {
    throw await undo(domain.failure(error));
  }
}

/** Moves an entry to where the retired ones are, with a number behind its name where another one has it there. */
async function moveAway(
  domain: Domain,
  kind: DomainKind,
  key: string,
  dn: string,
  container: string,
  signal: AbortSignal,
): Promise<(failure: unknown) => Promise<unknown>> {
  const { value = "" } = firstRdn(dnOf(dn)) ?? {};
  for (let number = 1; ; number++) {
    const rdn = number === 1 ? rdnsOf(dn)[0]! : `${kind.rdn}=${escapeDnValue(`${value.slice(0, 58)} (${number})`)}`;
    try {
      return await move(domain, kind, key, dn, { rdn, container }, signal);
    } catch (error) {
      if (number === MAX_NAMESAKES || !(error instanceof ConnectorError) || error.kind !== "conflict") throw error;
    }
  }
}
