import { idOfTime } from "./entry.ts";
import { membersOf } from "./members.ts";
import type { About, JournalLine, JournalQuery } from "./store.ts";

/** The part of a query that says which entries are wanted, without where to begin and how many to give. */
export type JournalFilter = Omit<JournalQuery, "before" | "after" | "limit">;

/** Reports whether the store would find an entry by a filter. For entries that were read already. */
export function matches(entry: JournalLine, filter: JournalFilter): boolean {
  const { from, until, search, about, ...exact } = filter;
  if (from !== undefined && entry.id < idOfTime(from)) return false;
  if (until !== undefined && entry.id >= idOfTime(until)) return false;
  if (about && !isAbout(entry, about)) return false;
  const names = Object.keys(exact) as (keyof typeof exact)[];
  if (names.some((name) => exact[name] !== undefined && exact[name] !== entry[name])) return false;
  if (search === undefined || search === "") return true;
  return (
    entry.resource === search ||
    entry.requestId === search ||
    entry.display.toLowerCase().includes(search.toLowerCase())
  );
}

/** Reports whether an entry is about a resource itself, or as a member. */
function isAbout({ resource, type, members }: JournalLine, { id, type: wanted }: About): boolean {
  const isOfType = (given: string) => wanted === undefined || given === wanted;
  if (resource === id && isOfType(type)) return true;
  return (
    members !== undefined && membersOf(members).some((one) => one.id === id && (one.type === "" || isOfType(one.type)))
  );
}
