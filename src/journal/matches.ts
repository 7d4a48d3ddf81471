import { idOfTime } from "./entry.ts";
import type { JournalLine, JournalQuery } from "./store.ts";

/** The part of a query that says which entries are wanted, without where to begin and how many to give. */
export type JournalFilter = Omit<JournalQuery, "before" | "after" | "limit">;

/** Reports whether the store would find an entry by a filter. For entries that were read already. */
export function matches(entry: JournalLine, filter: JournalFilter): boolean {
  const { from, until, search, ...exact } = filter;
  if (from !== undefined && entry.id < idOfTime(from)) return false;
  if (until !== undefined && entry.id >= idOfTime(until)) return false;
  const names = Object.keys(exact) as (keyof typeof exact)[];
  if (names.some((name) => exact[name] !== undefined && exact[name] !== entry[name])) return false;
  if (search === undefined || search === "") return true;
  return (
    entry.resource === search ||
    entry.requestId === search ||
    entry.display.toLowerCase().includes(search.toLowerCase())
  );
}
