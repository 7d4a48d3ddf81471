import { AndFilter, EqualityFilter } from "ldapts";
import { type Entry, type References, valuesOf } from "../../src/connector/connector.ts";
import { afterWrite } from "../../src/connector/error.ts";
import { ldapChanges } from "./changes.ts";
import { type Directory, find, write } from "./directory.ts";
import { result, resultCode } from "./errors.ts";

/** The most groups that are cleared of a name at a time. */
const AT_ONCE = 500;

/** The attributes by which entries of other kinds refer to those of a kind, in place of their DN: `memberUid` by `uid`. */
export const namesOf = (references: References, kind: string): string[] => [
  ...new Set(references.flatMap(({ to, by }) => (by !== undefined && to.includes(kind) ? [by] : []))),
];

/**
 * Takes the names of a deleted entry out of what refers to it by them: the next one of the name must not come into what this one had.
 * To DNs the directory itself sees. A failure says that the entry is gone all the same.
 */
export function clearNames(
  directory: Directory,
  references: References,
  kind: string,
  entry: Entry,
  signal: AbortSignal,
): Promise<void> {
  const { kinds, typeOf, pool } = directory;
  const clear = async () => {
    for (const { kind: of, attr, to, by } of references) {
      const holder = kinds.get(of);
      if (by === undefined || !to.includes(kind) || !holder) continue;
      for (const name of valuesOf(entry, by)) {
        const isHeld = new EqualityFilter({ attribute: attr, value: String(name) });
        const filter = new AndFilter({ filters: [holder.filter, isHeld] });
        // Each one found is cleared, so that the next search finds others.
        for (;;) {
          const found = await find(directory, { base: holder.base, filter, attrs: ["1.1"], size: AT_ONCE }, signal);
          const changes = ldapChanges(holder, { op: "delete", attr, values: [name] }, false, typeOf);
          for (const { dn } of found)
            await write(pool, signal, (client) => client.modify(dn, changes)).catch((error) => {
              if (resultCode(error) !== result.noSuchAttribute) throw directory.failure(error);
            });
          if (found.length < AT_ONCE) break;
        }
      }
    }
  };
  return afterWrite(clear);
}
