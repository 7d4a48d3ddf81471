import { Attribute, Change as LdapChange } from "ldapts";
import { type Change, type Entry, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { applyChanges } from "../../src/connector/reference.ts";
import { type TypeOf, toLdap } from "./attributes.ts";
import type { LdapKind } from "./directory.ts";
import { dnKey, firstRdn } from "./dn.ts";
import { result, resultCode } from "./errors.ts";

/** How long taking something back may take, in milliseconds: the request's own time may be over. */
export const UNDO_MS = 2000;

/** Whether a change is of an attribute, whose name has no case. */
export const isAttr = (change: Change, attr: string): boolean => change.attr.toLowerCase() === attr.toLowerCase();

/** The one value that a change leaves. */
export const finalValue = (change: Change): Value | undefined =>
  change.op === "swap" ? (change.to ?? undefined) : change.op === "delete" ? undefined : change.values.at(-1);

/**
 * Changes whose values take the place of what is there, after a directory refused them beside it: its schema has room for one. Undefined
 * for any other refusal.
 */
export function inPlace(changes: readonly Change[], error: unknown): Change[] | undefined {
  const isFull = /multiple values|single.?valued/i.test((error as Error).message);
  if (!isFull || !changes.some((change) => change.op === "add" && change.over)) return undefined;
  return changes.map((change) =>
    change.op === "add" && change.over ? { op: "replace", attr: change.attr, values: change.values } : change,
  );
}

/** The swaps among changes. */
export const swapsIn = (changes: readonly Change[]) => changes.filter((change) => change.op === "swap");

/** An attribute with values as they go on the wire. */
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
 * A change as LDAP's: a swap is asserted and replaced, or, without assertions, deletes the old value
 * and adds the new. The placeholder stays where it is when members come: nobody sees it, and to take it away would need a
 * look at the group first.
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

/** Values, each once: a directory refuses two that it takes for one. That these differ in case alone only shows when it does. */
function distinct(values: readonly Value[], type: ReturnType<TypeOf>, folds: boolean): Value[] {
  const exact = formOf(type);
  const form = (value: Value) => (folds ? exact(value).toLowerCase() : exact(value));
  return [...new Map(values.toReversed().map((value) => [form(value), value])).values()].toReversed();
}

/** The text by which two values of a type are surely the same. */
export const formOf =
  (type: ReturnType<TypeOf>) =>
  (value: Value): string =>
    type === "dn" || type === "reference" ? dnKey(String(value)) : String(value);

/** The new name that changes ask for, where they change the value in the entry's RDN. */
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
    throw new ConnectorError("invalid", `"${kind.rdn}" names the entry: it cannot be taken away.`, { attr: kind.rdn });
  // Other values beside the name come and go as any do.
  if (asked.op === "add" || asked.op === "delete") return undefined;
  const values = asked.op === "swap" ? [asked.to] : asked.values;
  const [to] = values.map(String);
  return values.map(String).includes(rdn.value) ? undefined : { from: rdn.value, to: to! };
}

/** Changes without that of the name, which is made by renaming: other values of the attribute stay beside it. */
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

/** A name that a directory holds in an entry's DN: OpenLDAP's database takes about 240 bytes, and says "other" (80) of more. */
const LONG_NAME_BYTES = 200;

/** What a refusal says of the name that an entry was to get: that it is taken, or too long. */
export function withName(failure: unknown, kind: LdapKind, value: Value): unknown {
  if (!(failure instanceof ConnectorError)) return failure;
  const bytes = Buffer.byteLength(String(value));
  if (resultCode(failure.cause) === result.other && bytes > LONG_NAME_BYTES)
    return new ConnectorError(
      "invalid",
      `The directory refuses the name (result 80): ${kind.rdn} has ${bytes} bytes.`,
      {
        attr: kind.rdn,
        cause: failure.cause,
      },
    );
  if (failure.kind !== "conflict") return failure;
  return new ConnectorError("conflict", `There is already an entry with ${kind.rdn} ${JSON.stringify(value)}.`, {
    attr: kind.rdn,
    cause: failure.cause,
  });
}

/**
 * Of changes those that still change something of an entry: of values that come or go those that are not there, or are. Throws
 * `versionMismatch` for a swap of what is no longer there.
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
