import { AndFilter, EqualityFilter } from "ldapts";
import { type Change, type Entry, type References, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { ldapChanges, UNDO_MS } from "./changes.ts";
import { type Directory, filterOf, find, write } from "./directory.ts";
import { dnKey } from "./dn.ts";
import { result, resultCode } from "./errors.ts";

/** How many groups are cleared of a name at a time. */
const AT_ONCE = 500;

/** Attributes by which entries of other kinds refer to those of a kind, other than by DN: `memberUid` by `uid`. */
export const namesOf = (references: References, kind: string): string[] => [
  ...new Set(references.flatMap(({ to, by }) => (by !== undefined && to.includes(kind) ? [by] : []))),
];

/** An entry about to be deleted, with the attributes that others refer to. */
export interface Leaving {
  readonly kind: string;
  readonly dn: string;
  readonly entry: Entry;
}

/**
 * Removes an entry's names from the groups that refer to them before it is deleted: the next entry of that name must not inherit its
 * memberships. Names that another entry shares are kept. References by DN are the directory's own task. Returns a function that restores
 * the names if the deletion fails.
 */
export async function clearNames(
  directory: Directory,
  references: References,
  leaving: Leaving,
  signal: AbortSignal,
): Promise<{ readonly undo: () => Promise<void> }> {
  const { kinds, typeOf, pool } = directory;
  const cleared: (() => Promise<void>)[] = [];
  const undo = async () => {
    for (const each of cleared.toReversed()) await each();
  };
  const change = (of: string, dn: string, changes: Change) => {
    const wanted = ldapChanges(kinds.get(of)!, changes, false, typeOf);
    return (within: AbortSignal) => write(pool, within, (client) => client.modify(dn, wanted));
  };
  try {
    for (const { kind: of, attr, to, by } of references) {
      const holder = kinds.get(of);
      if (by === undefined || !to.includes(leaving.kind) || !holder) continue;
      for (const name of valuesOf(leaving.entry, by)) {
        if (await isOfAnother(directory, to, by, String(name), leaving.dn, signal)) continue;
        const isHeld = new EqualityFilter({ attribute: attr, value: String(name) });
        const filter = new AndFilter({ filters: [holder.filter, isHeld] });
        const seen = new Set<string>();
        // Each batch is cleared, so that the next search finds others, unless the values are computed.
        for (let isMore = true; isMore; ) {
          const found = await find(directory, { base: holder.base, filter, attrs: ["1.1"], size: AT_ONCE }, signal);
          const come = found.filter(({ dn }) => !seen.has(dn));
          for (const { dn } of come) {
            seen.add(dn);
            const isCleared = await change(of, dn, { op: "delete", attr, values: [name] })(signal).then(
              () => true,
              (error) => {
                if (resultCode(error) !== result.noSuchAttribute) throw directory.failure(error);
                return false;
              },
            );
            const back = change(of, dn, { op: "add", attr, values: [name] });
            if (isCleared) cleared.push(() => back(AbortSignal.timeout(UNDO_MS)));
          }
          isMore = found.length === AT_ONCE && come.length > 0;
        }
      }
    }
  } catch (error) {
    throw await notCleared(error, undo);
  }
  return { undo };
}

/** Restores names after a failed deletion. If that fails too, the returned failure says so. */
export async function notCleared(error: unknown, undo: () => Promise<void>): Promise<unknown> {
  try {
    await undo();
    return error;
  } catch {
    const why = error instanceof Error ? error.message : String(error);
    return new ConnectorError("unavailable", `The entry was removed from groups, but not deleted: ${why}`, {
      cause: error,
    });
  }
}

/** Reports whether another entry has a name. */
async function isOfAnother(
  directory: Directory,
  kinds: readonly string[],
  attr: string,
  name: string,
  dn: string,
  signal: AbortSignal,
): Promise<boolean> {
  for (const each of kinds) {
    const kind = directory.kinds.get(each);
    if (!kind) continue;
    const filter = filterOf(kind, { op: "eq", attr, value: name }, directory);
    const found = await find(directory, { base: kind.base, filter, attrs: ["1.1"], size: 2 }, signal);
    if (found.some((other) => dnKey(other.dn) !== dnKey(dn))) return true;
  }
  return false;
}
