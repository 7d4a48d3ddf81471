import {
  type Change,
  type Entry,
  fromValues,
  type UpdateRequest,
  type Value,
  valuesOf,
} from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { withoutValues } from "../../src/connector/kit/values.ts";
import { applyChanges } from "../../src/connector/reference.ts";
import type { Scope, Step } from "./calls.ts";
import { isObject, type Json, toObject } from "./entries.ts";
import type { RestKind, Special } from "./kind.ts";

/** A sequence of calls with their variables. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly input: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The error for an operation that has no call. */
export const refused = (kind: RestKind, what: string, setting: string) =>
  new ConnectorError(
    "invalid",
    `A ${kind.name} cannot be ${what} through this API: the connector has no \`${setting}\` for it.`,
  );

/** The calls that create an entry: the kind's own, then those of attributes with calls. */
export function creation(kind: RestKind, entry: Entry): Plan {
  if (!kind.create) throw refused(kind, "created", "create");
  const special = Object.keys(entry).filter((attr) => isWritten(kind.special.get(attr)));
  const own = Object.fromEntries(
    Object.keys(entry)
      .filter((attr) => !special.includes(attr))
      .map((attr) => [attr, inJson(kind, attr, valuesOf(entry, attr))]),
  );
  const more = special.flatMap((attr) => {
    const { set, add } = kind.special.get(attr)!;
    return callsFor(set ?? add ?? [], valuesOf(entry, attr), set !== undefined);
  });
  return { steps: [...kind.create, ...more], input: toObject(own), variables: {} };
}

/** The values of an attribute in the API's form: null for none, a list if the API keeps one. */
export const inJson = (kind: RestKind, attr: string, values: readonly Value[]): unknown =>
  kind.special.get(attr)?.list ? [...values] : (fromValues(values) ?? null);

/** The state before a change. */
export interface Before {
  readonly item: Json;
  readonly entry: Entry;
  readonly version: unknown;
}

/** Reports whether an attribute has write calls of its own. */
export const isWritten = (special: Special | undefined): boolean =>
  Boolean(special?.set ?? special?.add ?? special?.remove);

/** Reports whether a change requires reading the entry first. */
export const needsEntry = (kind: RestKind, changes: readonly Change[], isExpected: boolean): boolean =>
  isExpected || speaksOfEntry(kind, changes) || changes.some((change) => needsValues(kind, change));

/** Reports whether a change requires knowing an attribute's values. */
export const needsValues = (kind: RestKind, change: Change): boolean =>
  change.op === "swap" || !isTold(kind.special.get(change.attr), change);

/** Reports whether the calls for changes use the entry as a whole, before or after. */
function speaksOfEntry({ update, special }: RestKind, changes: readonly Change[]): boolean {
  const steps = changes.flatMap(({ attr }) => {
    const own = special.get(attr);
    return isWritten(own) ? [own?.set, own?.add, own?.remove] : [update];
  });
  return steps
    .flatMap((each) => each ?? [])
    .some(({ readsInput, variables }) => readsInput || variables.has("entry") || variables.has("version"));
}

/** The attributes that an update changes or checks. */
export const touchedBy = (changes: readonly Change[], expected: UpdateRequest["expected"]): string[] => [
  ...new Set([...changes.map(({ attr }) => attr), ...Object.keys(expected ?? {})]),
];

/** The attributes to read before a change; undefined for the whole entry. */
export const readBefore = (kind: RestKind, changes: readonly Change[], expected: UpdateRequest["expected"]) =>
  speaksOfEntry(kind, changes) ? undefined : touchedBy(changes, expected);

/** Reports whether a change can be sent to the API as it is. */
function isTold(special: Special | undefined, { op }: Change): boolean {
  if (op === "add") return special?.add !== undefined;
  if (op === "delete") return special?.remove !== undefined;
  return !isWritten(special) || special?.set !== undefined;
}

/** The calls for changes: the entry's, then those of attributes. Unchanged values need no calls. */
export function changing(kind: RestKind, key: string, changes: readonly Change[], before: Before | undefined): Plan[] {
  const { item = {}, entry = {}, version } = before ?? {};
  checkKey(kind, key, changes);
  const after = before ? applyChanges(entry, changes) : {};
  const valuesAfter = (change: Change): readonly Value[] =>
    before ? valuesOf(after, change.attr) : change.op === "replace" ? change.values : [];
  const own = changes.filter(({ attr }) => attr !== kind.key && !isWritten(kind.special.get(attr)));
  const changed = Object.fromEntries(
    own.map((change) => [change.attr, inJson(kind, change.attr, valuesAfter(change))]),
  );
  const isSame =
    before !== undefined &&
    own.every(({ attr }) => JSON.stringify(valuesOf(entry, attr)) === JSON.stringify(valuesOf(after, attr)));
  const variables = { key, version, entry: item, changed: toObject(changed) };
  const steps: Step[] = [];
  if (own.length > 0 && !isSame) {
    if (!kind.update) throw refused(kind, "changed", "update");
    steps.push(...kind.update);
  }
  for (const change of changes) {
    const special = kind.special.get(change.attr);
    if (isWritten(special))
      steps.push(
        ...specialCalls(
          kind,
          special!,
          change,
          before && needsValues(kind, change) ? valuesOf(entry, change.attr) : undefined,
          valuesAfter(change),
        ),
      );
  }
  return steps.length === 0 ? [] : [{ steps, input: merged(item, toObject(changed)), variables }];
}

/** The key identifies the entry and cannot change. */
function checkKey(kind: RestKind, key: string, changes: readonly Change[]): void {
  const change = changes.find(({ attr }) => attr === kind.key);
  if (!change) return;
  const wanted = change.op === "swap" ? change.to : fromValues(change.values);
  if (String(wanted) !== key)
    throw new ConnectorError("invalid", `A ${kind.name} cannot be renamed through this API: ${kind.key} is its key.`, {
      attr: kind.key,
    });
}

/** The calls of an attribute that has its own. */
function specialCalls(
  kind: RestKind,
  { set, add, remove }: Special,
  change: Change,
  present: readonly Value[] | undefined,
  after: readonly Value[],
): Step[] {
  if (change.op === "add" && add) return callsFor(add, withoutValues(change.values, present ?? []));
  if (change.op === "delete" && remove)
    return callsFor(
      remove,
      present ? withoutValues(change.values, withoutValues(change.values, present)) : change.values,
    );
  if (set) return callsFor(set, after.length === 0 ? [null] : after, true);
  const gone = withoutValues(present ?? [], after);
  const come = withoutValues(after, present ?? []);
  if ((gone.length > 0 && !remove) || (come.length > 0 && !add))
    throw refused(kind, `changed in "${change.attr}"`, gone.length > 0 ? "remove" : "add");
  return [...callsFor(remove ?? [], gone), ...callsFor(add ?? [], come)];
}

/** Calls for values: one for all if it uses `$values`, else one for each. */
function callsFor(steps: readonly Step[], values: readonly (Value | null)[], isSet = false): Step[] {
  if (values.length === 0) return [];
  const some = values.filter((value) => value !== null);
  const bound = (step: Step, more: Record<string, unknown>): Step => {
    const { call, when, accept, undo } = step;
    const within = ({ input, variables }: Scope): Scope => ({ input, variables: { ...variables, ...more } });
    return {
      ...step,
      call: (scope) => call(within(scope)),
      when: when && ((scope) => when(within(scope))),
      accept: accept && ((scope) => accept(within(scope))),
      undo: undo && { ...undo, call: (scope) => undo.call(within(scope)) },
    };
  };
  const one = isSet ? [values.length > 1 ? [...values] : values[0]] : values;
  // All calls for one value precede those for the next.
  return steps.some(({ variables }) => variables.has("values"))
    ? steps.map((step) => bound(step, { values: some, value: some[0] ?? null }))
    : one.flatMap((value) => steps.map((step) => bound(step, { value, values: some })));
}

/** An object with changes merged in; null removes a property. */
export function merged(item: Json, changed: Json): Json {
  const result: Json = { ...item };
  for (const [name, value] of Object.entries(changed)) {
    const present = result[name];
    if (value === null) delete result[name];
    else if (isObject(value) && isObject(present)) result[name] = merged(present, value);
    else result[name] = value;
  }
  return result;
}
