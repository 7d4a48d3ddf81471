import { type Control, type Entry as LdapEntry, PresenceFilter } from "ldapts";
import type {
  Change,
  Connector,
  CreateRequest,
  DeleteRequest,
  Entry,
  Mapped,
  References,
  UpdateRequest,
} from "../../src/connector/connector.ts";
import { valuesOf } from "../../src/connector/connector.ts";
import { afterWrite, ConnectorError, entryNotFound, isNotFound } from "../../src/connector/error.ts";
import { combined } from "../../src/connector/kit/combine.ts";
import { escapeDnValue } from "../../src/connector/kit/text.ts";
import { applyChanges, checkExpected, valuesPut } from "../../src/connector/reference.ts";
import { assertionOf } from "./assertion.ts";
import {
  formOf,
  inPlace,
  isAttr,
  ldapAttribute,
  ldapChanges,
  renaming,
  stillToMake,
  swapsIn,
  UNDO_MS,
  withName,
  withoutName,
} from "./changes.ts";
import { AssertionControl, PostReadControl, permissiveModify } from "./controls.ts";
import { baseIsThere, type Directory, find, keyFilter, type LdapKind, toEntry, write } from "./directory.ts";
import { dnKey, isUnder, parentOf } from "./dn.ts";
import { result, resultCode } from "./errors.ts";
import { keepingLock } from "./lock.ts";
import { clearNames, namesOf, notCleared } from "./memberships.ts";
import { nameOf } from "./naming.ts";
import { outOfReach, surelyMeets, withinReach } from "./reach.ts";
import { checkUnique } from "./unique.ts";

const MAX_KNOWN = 10_000;
/** Attributes that directories never return, in lower case. */
const SECRETS = ["userpassword", "unicodepwd"];

/** The write operations of a directory. */
export type Writes = Pick<Connector, "create" | "update" | "delete">;

/**
 * Writes by key. Known DNs are cached only to address a write, and each write asserts that the entry there has the key. After a rename the
 * entry is searched for again, so no other entry is ever changed.
 */
export function createWrites(
  directory: Directory,
  references: References = [],
  mapped: ReadonlyMap<string, Mapped> = new Map(),
): Writes {
  const { pool, typeOf, failure } = directory;
  // By kind and key: that one kind found an entry does not mean that another may reach it.
  const known = new Map([...directory.kinds.keys()].map((name) => [name, new Map<string, string>()]));
  const remember = (name: string, key: string, dn: string) => {
    const ofKind = known.get(name)!;
    ofKind.delete(key);
    // An entry that was moved out of the base no longer belongs to the kind.
    if (isUnder(dn, directory.kinds.get(name)!.base)) ofKind.set(key, dn);
    if (ofKind.size > MAX_KNOWN) ofKind.delete(ofKind.keys().next().value!);
  };
  const forget = (name: string, key: string) => known.get(name)!.delete(key);

  async function locate(
    name: string,
    key: string,
    signal: AbortSignal,
    attrs: readonly string[] = ["1.1"],
  ): Promise<LdapEntry> {
    const kind = directory.kinds.get(name)!;
    if (!directory.dialect.isKey(key, kind.key)) throw entryNotFound(name, key);
    const [entry] = await find(directory, { base: kind.base, filter: keyFilter(kind, key, typeOf), attrs }, signal);
    if (!entry) throw entryNotFound(name, key);
    remember(name, key, entry.dn);
    return entry;
  }

  /** Runs a write on the entry's DN, with the requested attributes. If the entry is missing or not as expected, finds out which. */
  async function addressed<T>(
    request: DeleteRequest & { readonly changes?: readonly Change[] },
    work: (dn: string, held: Entry) => Promise<T>,
    wanted: readonly string[] = [],
  ): Promise<T> {
    const { kind, key, expected, signal } = request;
    const swaps = swapsIn(request.changes ?? []);
    const { assertion } = await directory.features(signal);
    for (let attempt = 1; ; attempt++) {
      const remembered = assertion && wanted.length === 0 ? known.get(kind)!.get(key) : undefined;
      const attrs = [...Object.keys(expected ?? {}), ...swaps.map(({ attr }) => attr), ...wanted];
      const entry =
        remembered === undefined ? await locate(kind, key, signal, attrs.length === 0 ? undefined : attrs) : undefined;
      const held = entry ? toEntry(directory.kinds.get(kind)!, entry, attrs, directory) : {};
      if (entry) {
        checkExpected(held, expected);
        applyChanges(held, swaps);
      }
      const dn = remembered ?? entry!.dn;
      try {
        return await work(dn, held);
      } catch (error) {
        const code = resultCode(error);
        if (code !== result.noSuchObject && code !== result.assertionFailed) throw failure(error);
        forget(kind, key);
        const now = await locate(kind, key, signal);
        if (dnKey(now.dn) === dnKey(dn) || attempt === 2) throw failure(error);
      }
    }
  }

  async function create({ kind: name, entry, attrs, signal }: CreateRequest): Promise<Entry> {
    const kind = directory.kinds.get(name)!;
    const { postRead } = await directory.features(signal);
    const rdn = nameOf(kind, entry);
    const dn = `${kind.rdn}=${escapeDnValue(String(rdn))},${kind.base}`;
    const { placeholder } = kind;
    const attributesOf = (folds: boolean) => [
      ...Object.keys(entry).map((attr) => ldapAttribute(attr, valuesOf(entry, attr), typeOf, folds)),
      ...(placeholder && valuesOf(entry, placeholder.attr).length === 0
        ? [ldapAttribute(placeholder.attr, [placeholder.value], typeOf)]
        : []),
    ];
    await checkUnique(directory, mapped.get(name), { kind: name, entry }, signal);
    const after = new PostReadControl([...attrs, kind.key]);
    try {
      const add = (folds: boolean) =>
        write(pool, signal, (client) => client.add(dn, attributesOf(folds), postRead ? after : undefined));
      await add(false).catch((error) => {
        if (resultCode(error) !== result.valueExists) throw error;
        return add(true);
      });
    } catch (error) {
      const refused = failure(error);
      throw isNotFound(refused) ? baseIsThere(directory, kind.base, refused) : withName(refused, kind, rdn);
    }
    const stored = after.entry ?? (await afterWrite(() => readAt(dn, [...attrs, kind.key], signal)));
    const reached = () => find(directory, { base: dn, scope: "base", filter: kind.filter, attrs: ["1.1"] }, signal);
    const isReached = surelyMeets(kind.filter, entry) || (await afterWrite(reached)).length > 0;
    // The request's time may have run out, but an entry out of reach must not remain.
    const undo = () => write(pool, AbortSignal.timeout(UNDO_MS), (client) => client.del(dn));
    if (!isReached) throw await outOfReach(dn, kind.filter, undo);
    remember(name, String(stored[kind.key]), stored.dn);
    return toEntry(kind, stored, attrs, directory);
  }

  async function readAt(dn: string, attrs: readonly string[], signal: AbortSignal): Promise<LdapEntry> {
    const [entry] = await find(directory, { base: dn, scope: "base", attrs }, signal);
    return entry!;
  }

  async function update(given: UpdateRequest): Promise<Entry> {
    const { kind: name, key, attrs, signal } = given;
    const request = { ...given, changes: combined(given.changes, (attr) => formOf(typeOf(attr))) };
    const kind = directory.kinds.get(name)!;
    const placeOf = async () => known.get(name)!.get(key) ?? (await locate(name, key, signal)).dn;
    const reach = {
      filter: kind.filter,
      changes: request.changes,
      typeOf,
      isSecret: (attr: string) => SECRETS.includes(attr.toLowerCase()),
      read: async (wanted: readonly string[]) => {
        const found = await locate(name, key, signal, wanted);
        return toEntry({ ...kind, placeholder: undefined }, found, wanted, directory);
      },
      isReached: async () => {
        const base = await placeOf();
        return (await find(directory, { base, scope: "base", filter: kind.filter, attrs: ["1.1"] }, signal)).length > 0;
      },
      undo: async (changes: readonly Change[]) =>
        changeAt(await placeOf(), anywhere(kind), {
          kind: name,
          key,
          changes,
          attrs: [],
          signal: AbortSignal.timeout(UNDO_MS),
        }),
    };
    await checkUnique(directory, mapped.get(name), { kind: name, entry: valuesPut(request.changes), key }, signal);
    return withinReach(reach, () => addressed(request, (dn) => changeAt(dn, kind, request))).then((entry) =>
      attrs.length === 0 ? {} : entry,
    );

    /** Changes the entry at a DN. A rename comes first, and is undone if the rest is refused. */
    async function changeAt(dn: string, of: LdapKind, asked: UpdateRequest): Promise<Entry> {
      const renamed = renaming(of, dn, asked.changes);
      const changes = withoutName(of, dn, asked.changes);
      if (!renamed) return modify(of, dn, { ...asked, changes });
      const moved = await rename(of, dn, renamed.to, asked, changes.length === 0);
      if (moved.entry) return moved.entry;
      try {
        const { expected: _, ...rest } = asked;
        return await modify(of, moved.dn, { ...rest, changes });
      } catch (error) {
        throw await undone(error, of, moved.dn, renamed.from, asked);
      }
    }

    /** Undoes a rename whose other changes were refused, or reports that it remains. */
    async function undone(
      error: unknown,
      of: LdapKind,
      dn: string,
      from: string,
      { key: id }: UpdateRequest,
    ): Promise<unknown> {
      try {
        await write(pool, AbortSignal.timeout(UNDO_MS), (client) =>
          client.modifyDN(dn, `${of.rdn}=${escapeDnValue(from)}`),
        );
        forget(name, id);
        return error;
      } catch {
        const { message } = failure(error) as Error;
        return new ConnectorError(
          "unavailable",
          `The entry was renamed to ${dn}, but its other changes were refused, and the rename could not be undone: ${message}`,
          { cause: error },
        );
      }
    }

    async function rename(
      of: LdapKind,
      dn: string,
      to: string,
      asked: UpdateRequest,
      isAll: boolean,
    ): Promise<{ dn: string; entry?: Entry }> {
      const features = await directory.features(signal);
      const after = new PostReadControl([...attrs, of.key]);
      const controls: Control[] = [];
      if (features.assertion)
        controls.push(new AssertionControl(assertionOf(of, key, asked.expected, swapsIn(asked.changes), typeOf)));
      if (features.postRead && isAll) controls.push(after);
      const rdn = `${of.rdn}=${escapeDnValue(to)}`;
      try {
        await write(pool, signal, (client) => client.modifyDN(dn, rdn, controls));
      } catch (error) {
        throw withName(failure(error), of, to);
      }
      const moved = `${rdn},${parentOf(dn)}`;
      remember(name, key, moved);
      if (!isAll) return { dn: moved };
      const stored =
        after.entry ?? (attrs.length > 0 ? await afterWrite(() => readAt(moved, [...attrs], signal)) : undefined);
      return { dn: moved, entry: stored ? toEntry(of, stored, attrs, directory) : {} };
    }
  }

  async function modify(kind: LdapKind, dn: string, request: UpdateRequest, attempt = 1): Promise<Entry> {
    const { key, changes, expected, attrs, signal } = request;
    const features = await directory.features(signal);
    const after = new PostReadControl([...attrs, kind.key]);
    const controls: Control[] = [];
    if (features.assertion)
      controls.push(new AssertionControl(assertionOf(kind, key, expected, swapsIn(changes), typeOf)));
    if (features.permissiveModify) controls.push(permissiveModify());
    if (features.postRead) controls.push(after);
    const keeping = await keepingLock(changes, async (attr) => {
      const found = toEntry(kind, await readAt(dn, [attr], signal), [attr], directory);
      return valuesOf(found, attr)[0];
    });
    const wanted = keeping.flatMap((change) => ldapChanges(kind, change, features.assertion, typeOf, attempt > 1));
    if (wanted.length > 0) {
      try {
        await write(pool, signal, (client) => client.modify(dn, wanted, controls));
      } catch (error) {
        const code = resultCode(error);
        // Servers refuse changes without effect, OpenLDAP even when told not to. Such changes are dropped, once.
        if (attempt === 1 && (code === result.valueExists || code === result.noSuchAttribute)) {
          return modify(kind, dn, { ...request, changes: await outstanding(kind, dn, changes, signal) }, 2);
        }
        const over = inPlace(changes, error);
        if (over) return modify(kind, dn, { ...request, changes: over }, attempt);
        // The last member of a group that must have one.
        const { placeholder } = kind;
        if (
          attempt === 1 &&
          code === result.objectClassViolation &&
          placeholder &&
          changes.some((change) => change.op === "delete" && isAttr(change, placeholder.attr))
        ) {
          return modify(
            kind,
            dn,
            { ...request, changes: [{ op: "add", attr: placeholder.attr, values: [placeholder.value] }, ...changes] },
            2,
          );
        }
        throw error;
      }
    }
    if (attrs.length === 0) return {};
    return toEntry(kind, after.entry ?? (await afterWrite(() => readAt(dn, attrs, signal))), attrs, directory);
  }

  /** The additions and deletions that still have an effect. */
  async function outstanding(
    kind: LdapKind,
    dn: string,
    changes: readonly Change[],
    signal: AbortSignal,
  ): Promise<Change[]> {
    const attrs = [...new Set(changes.map((change) => change.attr))];
    const present = toEntry({ ...kind, placeholder: undefined }, await readAt(dn, attrs, signal), attrs, directory);
    return stillToMake(present, changes, typeOf);
  }

  async function remove(request: DeleteRequest): Promise<void> {
    const { kind: name, key, expected, signal } = request;
    const kind = directory.kinds.get(name)!;
    const { assertion } = await directory.features(signal);
    const control = assertion ? new AssertionControl(assertionOf(kind, key, expected, [], typeOf)) : undefined;
    const deletion = async (dn: string, entry: Entry) => {
      const { undo } = await clearNames(directory, references, { kind: name, dn, entry }, signal);
      await write(pool, signal, (client) => client.del(dn, control)).catch(async (error) => {
        const why = failure(error);
        const isOver = why instanceof ConnectorError && (why.kind === "notFound" || why.mayHaveHappened);
        throw isOver ? error : await notCleared(error, undo);
      });
    };
    await addressed(request, deletion, namesOf(references, name));
    forget(name, key);
  }

  return { create, update, delete: remove };
}

/** A kind without its filter, for an entry that no longer matches it. */
const anywhere = (kind: LdapKind): LdapKind => ({ ...kind, filter: new PresenceFilter({ attribute: "objectClass" }) });
