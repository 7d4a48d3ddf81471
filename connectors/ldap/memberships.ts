import { AndFilter, EqualityFilter } from "ldapts";
import { type Change, type Entry, type References, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { ldapChanges, UNDO_MS } from "./changes.ts";
import { type Directory, filterOf, find, write } from "./directory.ts";
import { dnKey } from "./dn.ts";
import { result, resultCode } from "./errors.ts";

/** The most groups that are cleared of a name at a time. */
const AT_ONCE = 500;

/** The attributes by which entries of other kinds refer to those of a kind, in place of their DN: `memberUid` by `uid`. */
export const namesOf = (references: References, kind: string): string[] => [
  ...new Set(references.flatMap(({ to, by }) => (by !== undefined && to.includes(kind) ? [by] : []))),
];

/** An entry that is to be deleted, with the attributes that others refer to it by. */
export interface Leaving {
  readonly kind: string;
  readonly dn: string;
  readonly entry: Entry;
}

/**
 * Takes the names of an entry out of what refers to it by them, before it is deleted: the next one of the name must not come into what
 * this one had. A name that another entry has, too, stays. To DNs the directory itself sees. Gives what puts the names back, for
 * a deletion that fails.
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
        // Each one found is cleared, so that the next search finds others: unless its values are made as they are read.
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

/** Puts names back after a deletion that failed: the failure, which says so where that fails as well. */
export async function notCleared(error: unknown, undo: () => Promise<void>): Promise<unknown> {
  try {
    await undo();
    return error;
  } catch {
    const why = error instanceof Error ? error.message : String(error);
    return new ConnectorError("unavailable", `The entry was taken out of groups, but not deleted: ${why}`, {
      cause: error,
    });
  }
}

/** Whether an entry other than one has a name. */
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
