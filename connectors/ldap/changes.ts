import { Attribute, Change as LdapChange } from "ldapts";
import { type Change, type Entry, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { applyChanges } from "../../src/connector/reference.ts";
import { type TypeOf, toLdap } from "./attributes.ts";
import type { LdapKind } from "./directory.ts";
import { dnKey, firstRdn } from "./dn.ts";
import { result, resultCode } from "./errors.ts";

/** Time limit for undoing a change, in milliseconds. The request's own time may have run out. */
export const UNDO_MS = 2000;

/** Reports whether a change concerns an attribute. Names are case-insensitive. */
export const isAttr = (change: Change, attr: string): boolean => change.attr.toLowerCase() === attr.toLowerCase();

/** The single value that a change leaves. */
export const finalValue = (change: Change): Value | undefined =>
  change.op === "swap" ? (change.to ?? undefined) : change.op === "delete" ? undefined : change.values.at(-1);

/**
 * Changes whose values replace the present ones, after the directory refused a second value for a single-valued attribute. Undefined for
 * any other refusal.
 */
export function inPlace(changes: readonly Change[], error: unknown): Change[] | undefined {
  const isFull = /multiple values|single.?valued/i.test((error as Error).message);
  if (!isFull || !changes.some((change) => change.op === "add" && change.over)) return undefined;
  return changes.map((change) =>
    change.op === "add" && change.over ? { op: "replace", attr: change.attr, values: change.values } : change,
  );
}

/** The swaps among the changes. */
export const swapsIn = (changes: readonly Change[]) => changes.filter((change) => change.op === "swap");

/** An attribute with encoded values. */
export function ldapAttribute(type: string, values: readonly Value[], typeOf: TypeOf, folds = false): Attribute {
  try {
    return new Attribute({
      type,
      values: distinct(values, typeOf(type), folds).map((value) => toLdap(value, typeOf(type))) as string[],
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ConnectorError("invalid", `"${type}": ${error.message}.`, { attr: type, cause: error });
  }
}

/**
 * Converts a change for LDAP. A swap is asserted and replaced, or, without assertions, deletes the old value and adds the new. A
 * placeholder stays when members are added: it is hidden anyway, and removing it would require a read.
 */
export function ldapChanges(
  kind: LdapKind,
  change: Change,
  asserts: boolean,
  typeOf: TypeOf,
  folds = false,
): LdapChange[] {
  const { attr } = change;
  const one = (operation: "add" | "delete" | "replace", values: readonly Value[]) =>
    new LdapChange({ operation, modification: ldapAttribute(attr, values, typeOf, folds) });
  if (change.op === "swap") {
    const to = change.to === null ? [] : [change.to];
    if (asserts) return [one("replace", to)];
    // A second value of a single-valued attribute is refused.
    if (change.from === null) return to.length > 0 ? [one("add", to)] : [];
    return [one("delete", [change.from]), ...(to.length > 0 ? [one("add", to)] : [])];
  }
  const { placeholder } = kind;
  const isPadded = placeholder !== undefined && isAttr(change, placeholder.attr);
  if (change.op === "replace")
    return [one("replace", isPadded && change.values.length === 0 ? [placeholder.value] : change.values)];
  if (change.values.length === 0) return [];
  return [one(change.op, change.values)];
}

/**
 * Distinct values: directories refuse duplicates. Values that differ only in case may be duplicates too, which only the directory can tell.
 */
function distinct(values: readonly Value[], type: ReturnType<TypeOf>, folds: boolean): Value[] {
  const exact = formOf(type);
  const form = (value: Value) => (folds ? exact(value).toLowerCase() : exact(value));
  return [...new Map(values.toReversed().map((value) => [form(value), value])).values()].toReversed();
}

/** A text that is equal only for values that are certainly equal. */
export const formOf =
  (type: ReturnType<TypeOf>) =>
  (value: Value): string =>
    type === "dn" || type === "reference" ? dnKey(String(value)) : String(value);

/** The new RDN value, if the changes affect it. */
export function renaming(
  kind: LdapKind,
  dn: string,
  changes: readonly Change[],
): { from: string; to: string } | undefined {
  const rdn = firstRdn(dn);
  const asked = changes.filter((change) => isAttr(change, kind.rdn)).at(-1);
  if (!asked || rdn?.type.toLowerCase() !== kind.rdn.toLowerCase()) return undefined;
  const isTakenAway =
    asked.op === "delete"
      ? asked.values.some((value) => String(value) === rdn.value)
      : asked.op === "swap"
        ? asked.to === null
        : asked.op === "replace" && (asked.values.length === 0 || asked.values[0] === "");
  if (isTakenAway)
    throw new ConnectorError("invalid", `"${kind.rdn}" names the entry and cannot be removed.`, { attr: kind.rdn });
  // Other values of the attribute can be added and removed freely.
  if (asked.op === "add" || asked.op === "delete") return undefined;
  const values = asked.op === "swap" ? [asked.to] : asked.values;
  const [to] = values.map(String);
  return values.map(String).includes(rdn.value) ? undefined : { from: rdn.value, to: to! };
}

/** The changes without the name, which a rename makes. Other values of the attribute are kept. */
export const withoutName = (kind: LdapKind, dn: string, changes: readonly Change[]): readonly Change[] =>
  firstRdn(dn)?.type.toLowerCase() === kind.rdn.toLowerCase()
    ? changes.filter(
        (change) =>
          !(
            isAttr(change, kind.rdn) &&
            (change.op === "swap" || (change.op === "replace" && change.values.length === 1))
          ),
      )
    : changes;

/** Maximum reliable length of an RDN value in bytes. OpenLDAP's database accepts about 240 and reports "other" (80) beyond. */
const LONG_NAME_BYTES = 200;

/** Explains a refusal that concerns the entry's new name: already taken, or too long. */
export function withName(failure: unknown, kind: LdapKind, value: Value): unknown {
  if (!(failure instanceof ConnectorError)) return failure;
  const bytes = Buffer.byteLength(String(value));
  if (resultCode(failure.cause) === result.other && bytes > LONG_NAME_BYTES)
    return new ConnectorError(
      "invalid",
      `The directory refuses the name: ${kind.rdn} has ${bytes} bytes, which is probably too long (result 80).`,
      {
        attr: kind.rdn,
        cause: failure.cause,
      },
    );
  if (failure.kind !== "conflict") return failure;
  return new ConnectorError("conflict", `An entry with ${kind.rdn} ${JSON.stringify(value)} already exists.`, {
    attr: kind.rdn,
    cause: failure.cause,
  });
}

/**
 * The changes that still have an effect: additions of absent values and deletions of present ones. Throws `versionMismatch` for a swap
 * whose `from` is no longer there.
 */
export function stillToMake(present: Entry, changes: readonly Change[], typeOf: TypeOf): Change[] {
  return changes.flatMap((change): Change[] => {
    if (change.op === "replace") return [change];
    if (change.op === "swap") {
      applyChanges(present, [change]);
      return [change];
    }
    const isDn = ["dn", "reference"].includes(typeOf(change.attr));
    const form = (value: Value) => (isDn ? dnKey(String(value)) : String(value).toLowerCase());
    const there = new Set(valuesOf(present, change.attr).map(form));
    const values = change.values.filter((value) => there.has(form(value)) === (change.op === "delete"));
    return values.length > 0 ? [{ ...change, values }] : [];
  });
}
